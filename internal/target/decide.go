package target

import (
	"errors"
	"fmt"

	"landfall/internal/record"
)

// Mode says what a run may do to rows.
type Mode string

// The modes.
const (
	Full       Mode = "full"
	Delta      Mode = "delta"
	InsertOnly Mode = "insert-only" // a wave: no row that is there is changed
)

// Policy is what a mode and a mapping's policies come to. The words are those
// of the mapping file.
type Policy struct {
	Edited  string // reject, keep, overwrite
	Missing string // reject, recreate
	OnMatch string // reject, link, update
	// Inserts: new rows are all that may be written, whatever else is said.
	Inserts bool
}

// PolicyFor fills in the mode's defaults where the mapping says nothing. A wave
// takes over no row and overwrites none, also where the mapping says so.
func PolicyFor(mode Mode, edited, missing, onMatch string) Policy {
	policy := Policy{Edited: "reject", Missing: "reject", OnMatch: "reject", Inserts: mode == InsertOnly}
	if policy.Inserts && edited == "overwrite" {
		edited = ""
	}
	if policy.Inserts && onMatch == "update" {
		onMatch = ""
	}
	if mode == Delta {
		policy.OnMatch = "update"
	}
	if edited != "" {
		policy.Edited = edited
	}
	if missing != "" {
		policy.Missing = missing
	}
	if onMatch != "" {
		policy.OnMatch = onMatch
	}
	return policy
}

// Action is what is done for a record.
type Action int

// The actions.
const (
	Create   Action = iota // insert a row
	Update                 // rewrite the row
	Adopt                  // rewrite a row that matched, and make it ours
	Own                    // a row that matched is as it should be; only note that it is ours
	Link                   // point at a row that matched, and leave it alone
	Remember               // the row is as it should be; only note its new hash and shape
	Leave                  // nothing to do
	Skip                   // it landed before, and new rows are all that is written
	Keep                   // leave the row as people made it
	Alias                  // the row is another record's; only note that this one became it, too
	Reject
)

// Situation is what is known of a record when it is decided upon.
type Situation struct {
	Known  bool // the crosswalk says its row is on the target
	Linked bool // and that it is only pointed at

	// For known records:
	RowGone    bool   // the row is not there any more
	SameSource bool   // the content equals what was last written, under the same shape
	RowEdited  bool   // the row is not what was last written (only looked at when the source differs, or the mapping says `verify`)
	SameRow    bool   // the row already holds the new content (likewise)
	LandedIn   string // the run that wrote it last; empty where none is known

	// For unknown ones, and known ones whose row is gone:
	Matches int64
	Claimed *record.Ref // the matching row belongs to this other record
	// ClaimedIn is the migration of that record, where it is another one.
	ClaimedIn string
}

// Decide applies the table of modes and policies. The rejection has neither Ref
// nor field; the caller knows those.
func Decide(s Situation, policy Policy) (Action, *record.Rejection) {
	switch {
	case s.Known && policy.Inserts:
		return decideKnown(s, policy)
	case s.Known && s.RowGone:
		if policy.Missing == "recreate" {
			return decideMatch(s, policy)
		}
		return reject(record.CodeMissing, errors.New("the row that this record became is gone from the target: set `missing: recreate` to write it again"))
	case s.Known && (s.Linked || s.SameSource && !s.RowEdited):
		return Leave, nil
	case s.Known && s.SameRow:
		return Remember, nil
	case s.Known && s.RowEdited:
		switch policy.Edited {
		case "overwrite":
			return Update, nil
		case "keep":
			return Keep, nil
		}
		if s.SameSource {
			return reject(record.CodeEdited, errors.New("the target row was changed since it was written, and is not as the source has it: set `edited: keep` or `edited: overwrite`, or settle it by hand"))
		}
		return reject(record.CodeEdited, errors.New("both the source and the target row changed since the row was written: set `edited: keep` or `edited: overwrite`, or settle it by hand"))
	case s.Known:
		return Update, nil
	}
	return decideMatch(s, policy)
}

// decideMatch is Decide for a record of which no row is there that was written:
// it is new, or a row is the same thing.
func decideMatch(s Situation, policy Policy) (Action, *record.Rejection) {
	switch {
	case s.Matches == 0:
		return Create, nil
	case s.Matches > 1:
		return reject(record.CodeAmbiguous, fmt.Errorf("%d rows of the target match: make the match unique", s.Matches))
	}
	// A row that another record became is no row that was there before: the two
	// records are duplicates, whatever the policy for matches is.
	if s.Claimed != nil && s.ClaimedIn != "" {
		return reject(record.CodeMatchClaimed, fmt.Errorf("the matching row is that of %s of migration %s already: two migrations bring the same thing, and only one can own the row", *s.Claimed, s.ClaimedIn))
	}
	if s.Claimed != nil {
		return reject(record.CodeMatchClaimed, fmt.Errorf("the matching row is that of %s already: two records of the source are the same thing", *s.Claimed))
	}
	switch {
	case policy.OnMatch == "link":
		return Link, nil
	case policy.Inserts:
		return reject(record.CodeKeyInProduction, errors.New("a row of the target matches that no run has written, and a wave leaves it as it is: leave the record out, or set `on_match: link` to point at the row"))
	case policy.OnMatch == "update":
		return Adopt, nil
	}
	return reject(record.CodeMatchExists, errors.New("a row of the target matches: set `on_match: link` to point at it or `on_match: update` to take it over"))
}

// decideKnown is Decide for a record that landed before, in a wave: its row is
// there, and stays what it is.
func decideKnown(s Situation, policy Policy) (Action, *record.Rejection) {
	landed := "it landed before"
	if s.LandedIn != "" {
		landed += " (run " + s.LandedIn + ")"
	}
	switch {
	case s.RowGone && policy.Missing == "recreate":
		return Create, nil
	case s.RowGone:
		return reject(record.CodeMapped, fmt.Errorf("%s, and its row is gone from the target: leave the record out, or set `missing: recreate` to write it again", landed))
	case s.Linked || s.SameSource || s.SameRow:
		return Skip, nil
	case s.RowEdited && policy.Edited == "keep":
		return Keep, nil
	case s.RowEdited:
		return reject(record.CodeEdited, fmt.Errorf("%s, and both the source and the row have changed since; a wave changes no row: settle it by hand, or set `edited: keep`", landed))
	}
	return reject(record.CodeConverted, fmt.Errorf("%s, with other content, and a wave changes no row: leave the record out, or bring the change by `landfall run --mode delta`", landed))
}

func reject(code record.Code, err error) (Action, *record.Rejection) {
	return Reject, &record.Rejection{Step: record.StepDecide, Code: code, Err: err}
}
