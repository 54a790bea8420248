package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Fingerprint is what a run measured of an entity's whole target table, and of
// the part in it that was its own business.
type Fingerprint struct {
	EntityID int64
	Before   record.Fingerprint
	Taken    record.Fingerprint // all rows that the run changed or deleted, as they were right before
	Put      record.Fingerprint // all rows that the run created or changed, as they were right after
	Others   record.Fingerprint // rows that others have created meanwhile, where that could be told
	After    record.Fingerprint
	Ended    bool // After was taken: the run has written everything
}

// Expected is what After must be: whatever the run did not write is as it was.
// What others have created, and nothing else of theirs, is no change to it.
func (f *Fingerprint) Expected() record.Fingerprint {
	return f.Before.Minus(f.Taken).Plus(f.Put).Plus(f.Others)
}

// Held reports whether all that the run did not write is as it was; false also
// while the run has not ended.
func (f *Fingerprint) Held() bool { return f.Ended && f.After == f.Expected() }

// Fingerprints judges those of a run, by the entities' numbers; nil where none
// were taken.
func (l *Ledger) Fingerprints(ctx context.Context, tx sqldb.Tx, runID int64) (map[int64]*Fingerprint, error) {
	var judged map[int64]*Fingerprint
	err := l.measures(ctx, tx, func(m *Measure) error {
		value, err := m.Fingerprint()
		if err != nil {
			return err
		}
		if judged == nil {
			judged = map[int64]*Fingerprint{}
		}
		f := judged[m.EntityID]
		if f == nil {
			f = &Fingerprint{EntityID: m.EntityID}
			judged[m.EntityID] = f
		}
		switch m.Moment {
		case MomentBefore:
			f.Before = value
		case MomentTaken:
			f.Taken = f.Taken.Plus(value)
		case MomentPut:
			f.Put = f.Put.Plus(value)
		case MomentOthers:
			f.Others = value
		case MomentAfter:
			f.After, f.Ended = value, true
		default:
			return fmt.Errorf("a fingerprint in the books was taken at the unknown moment %q", m.Moment)
		}
		return nil
	}, "run_id = ? AND name = ?", runID, MeasureFingerprint)
	return judged, err
}

// Marks help to tell rows apart that others create while a wave runs: what was
// known of the table when it was measured before.
type Marks struct {
	Keys     []int64 // above which new rows are, one or the other
	Snapshot string  // what the database's snapshot saw; empty where it keeps no account
}

// Marks are those of an entity's table.
func (l *Ledger) Marks(ctx context.Context, tx sqldb.Tx, runID, entityID int64) (marks Marks, err error) {
	err = l.measures(ctx, tx, func(m *Measure) error {
		if m.Group == MarkSnapshot {
			marks.Snapshot = m.Value
			return nil
		}
		mark, misfit := record.Type{Kind: record.KindInt, Bits: 64}.Fit(record.Text(m.Value))
		if misfit != nil {
			return fmt.Errorf("a mark in the books: %w", misfit)
		}
		marks.Keys = append(marks.Keys, mark.Int())
		return nil
	}, "run_id = ? AND entity_id = ? AND name = ?", runID, entityID, MeasureMark)
	return marks, err
}

// Total is a total of an entity's target table before and after a run.
type Total struct {
	EntityID int64
	Name     string       // its text: sum(balance) by status
	Groups   []TotalGroup // one, where the total is not Grouped
	Grouped  bool
	// TooManyBefore and TooManyAfter say that there were more groups than are told.
	TooManyBefore bool
	TooManyAfter  bool
	Ended         bool // it was taken after, too
}

// TotalGroup is one group's part of a total, or all of it.
type TotalGroup struct {
	Values []*string // of the columns behind `by`, in order, nil for NULL; nil for a total over all rows
	Before *string   // nil when there was no such group, or no row to take a least or greatest value of
	After  *string   // likewise, and nil while the run has not ended
}

// Totals pairs what was measured before and after a run. They come entity by
// entity, by their texts, their groups by their values.
func (l *Ledger) Totals(ctx context.Context, tx sqldb.Tx, runID int64) ([]Total, error) {
	var totals []Total
	groups := map[string]int{} // of the total at hand
	err := l.measures(ctx, tx, func(m *Measure) error {
		last := len(totals) - 1
		if last < 0 || totals[last].EntityID != m.EntityID || totals[last].Name != m.Name {
			totals, groups = append(totals, Total{EntityID: m.EntityID, Name: m.Name}), map[string]int{}
			last++
		}
		return totals[last].add(m, groups)
	}, "run_id = ? AND name <> ? AND name <> ?", runID, MeasureFingerprint, MeasureMark)
	if err != nil {
		return nil, err
	}
	for i := range totals {
		slices.SortFunc(totals[i].Groups, func(a, b TotalGroup) int { return slices.CompareFunc(a.Values, b.Values, compareText) })
	}
	slices.SortFunc(totals, func(a, b Total) int {
		if a.EntityID != b.EntityID {
			return int(a.EntityID - b.EntityID)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return totals, nil
}

func (t *Total) add(m *Measure, groups map[string]int) error {
	after := m.Moment == MomentAfter
	t.Ended = t.Ended || after
	if m.Group == GroupCount {
		t.Grouped = true
		t.TooManyBefore, t.TooManyAfter = t.TooManyBefore || m.None && !after, t.TooManyAfter || m.None && after
		return nil
	}
	at, known := groups[m.Group]
	if !known {
		group := TotalGroup{}
		if m.Group != "" {
			if err := json.Unmarshal([]byte(m.Group), &group.Values); err != nil {
				return fmt.Errorf("the group of a total in the books: %w", err)
			}
		}
		at = len(t.Groups)
		t.Groups, groups[m.Group] = append(t.Groups, group), at
	}
	if m.None {
		return nil
	}
	value := m.Value
	if after {
		t.Groups[at].After = &value
	} else {
		t.Groups[at].Before = &value
	}
	return nil
}

// compareText puts NULL first.
func compareText(a, b *string) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return strings.Compare(*a, *b)
}
