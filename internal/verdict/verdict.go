// Package verdict keeps what reconciliations found: each comparison of the
// target with what it must hold, how far it is, and every difference.
package verdict

import (
	"encoding/json"
	"slices"
)

// Verdict says in what way the target is not what it must be.
type Verdict string

// The verdicts.
const (
	// Missing: a row that a record owns is gone.
	Missing Verdict = "missing"
	// PartlyRolledBack: a record whose row a rollback took back that left others
	// of its run, or that is not finished.
	PartlyRolledBack Verdict = "partly-rolled-back"
	// NotRun: a source record that no run has landed and none has rejected.
	NotRun Verdict = "not-run"
	// Differs: the row is not what source and mapping say now.
	Differs Verdict = "differs"
	// ChangedByBusiness: source and mapping say what was written, and the row was
	// changed since.
	ChangedByBusiness Verdict = "changed-by-business"
	// Extra: a row or a known record that must not be there (any more).
	Extra Verdict = "extra"
	// Duplicate: a row that no record owns and that is a known record's once more.
	Duplicate Verdict = "duplicate"
	// LostCrosswalk: the ledger says that a run made the row, and the crosswalk
	// knows nothing of it.
	LostCrosswalk Verdict = "lost-crosswalk"
	// Orphan: a reference to a row that is not there.
	Orphan Verdict = "orphan"
	// WrongAlias: an alias whose survivor does not own the row that it names.
	WrongAlias Verdict = "wrong-alias"
	// StaleSequence: the target's counter is behind the highest key.
	StaleSequence Verdict = "stale-sequence"
	// Total: a declared total is not what the source's records add up to.
	Total Verdict = "total"
)

// Verdicts lists them in the order in which tables show them.
var Verdicts = []Verdict{
	Missing, PartlyRolledBack, NotRun, Differs, ChangedByBusiness, Extra, Duplicate, LostCrosswalk, Orphan, WrongAlias, StaleSequence, Total,
}

// The counts of an entity that are no verdicts.
const (
	CountRecords   = "records"    // source records read, those that a sample passed over included
	CountChecked   = "checked"    // held against the target
	CountEqual     = "equal"      // the row is what it must be
	CountNotLanded = "not-landed" // rejected, as the ledger or the mapping says
	// CountRolledBack are records of runs that are rolled back as a whole: that
	// they are not there is meant so.
	CountRolledBack = "rolled-back"
	// CountUnresolved are records whose row is as it was written and whose parent
	// is accused, so that what they must hold now cannot be told.
	CountUnresolved = "unresolved"
	CountLinked     = "linked" // of equal: rows that are only pointed at, compared by what they are recognised by
	// CountForeign are rows that no record owns and that nothing speaks against:
	// told, and no difference.
	CountForeign = "foreign"
)

// Difference is one thing that is not as it must be. A record may have several:
// one for each field. Expected and Found are plain text; a nil pointer is NULL
// or nothing at all. They are stored as they are: whoever shows them masks the
// fields that the mapping calls private.
type Difference struct {
	Entity    string
	Key       string // source key of the record; empty where no record is known
	TargetKey string // key of the row; empty where there is none
	Verdict   Verdict
	Field     string // target column; empty where it is about the whole row
	Expected  *string
	Found     *string
	Rule      string // the mapping's, in short
	Message   string // what more is to be said
	At        string // UTC, by the server's clock
}

// State says where a reconciliation stands.
type State string

// The states of a reconciliation.
const (
	Running     State = "running" // going on, or broken off without a word (killed)
	Interrupted State = "interrupted"
	Broken      State = "broken"
	Completed   State = "completed"
	Superseded  State = "superseded" // unfinished, and another one began
)

// Resumable reports whether the reconciliation can go on.
func (s State) Resumable() bool { return s == Running || s == Interrupted || s == Broken }

// Options are what a reconciliation was asked to do.
type Options struct {
	Entities []string          `json:"entities,omitempty"`
	Only     []string          `json:"only,omitempty"`
	Limit    int64             `json:"limit,omitempty"` // of the run that is held against the target
	Inputs   map[string]string `json:"inputs,omitempty"`
	Sample   string            `json:"sample,omitempty"` // 1% or a number of records
	Live     bool              `json:"live,omitempty"`
	Target   string            `json:"target"`
	Records  int               `json:"records,omitempty"` // of a batch at most; 0 for the default
	// Written says what had been written to the books when it began: the newest
	// run, and the batches of all runs.
	Written string `json:"written,omitempty"`
}

// Reconciliation is one comparison of the target with what it must hold.
type Reconciliation struct {
	ID          int64
	Name        string // its run's name and a running number
	Migration   string
	RunID       int64 // the run after which it was made
	State       State
	Actor       string
	Host        string
	MappingHash string
	StartedAt   string
	EndedAt     string
	Error       string
	Options     Options
}

// Entity is one entity's part in a reconciliation.
type Entity struct {
	ID       int64
	Name     string
	Place    int64
	Done     bool
	Input    string // fingerprint of its source, as text
	Position string // how far it is, as JSON; whoever reconciles knows the rest of the form
	Counts   map[string]int64
	// NotLooked tells where it was not looked, and why, a line each: no difference
	// there says nothing.
	NotLooked []string
}

// Earlier is since when what is said of the entity is so, where part of it was
// looked at before the comparison was broken off and gone on with: UTC, by the
// server's clock. Otherwise it is empty.
func (e *Entity) Earlier() string {
	var position struct {
		Earlier string `json:"earlier"`
	}
	_ = json.Unmarshal([]byte(e.Position), &position) // a position that cannot be read is that of a start
	return position.Earlier
}

// LookedNot adds a line to NotLooked, once.
func (e *Entity) LookedNot(line string) {
	if !slices.Contains(e.NotLooked, line) {
		e.NotLooked = append(e.NotLooked, line)
	}
}

// Differences is how many differences the entity has.
func (e *Entity) Differences() int64 {
	n := int64(0)
	for _, v := range Verdicts {
		n += e.Counts[string(v)]
	}
	return n
}
