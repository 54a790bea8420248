package proof

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// faultsKept is how many faults are listed; more are counted.
const faultsKept = 100

// Verdict is what a verification of the books found.
type Verdict struct {
	Faults  []Fault        `json:"faults"`
	More    int64          `json:"more_faults,omitempty"` // that are not listed
	Checked ledger.Checked `json:"-"`
	Rows    int64          `json:"-"` // compared with the report
	Notes   []string       `json:"notes,omitempty"`
}

func (v *Verdict) add(f Fault) {
	// What the digests have named already need not be told in wider words.
	if slices.ContainsFunc(v.Faults, func(known Fault) bool { return known.covers(f) }) {
		return
	}
	if len(v.Faults) >= faultsKept {
		v.More++
		return
	}
	v.Faults = append(v.Faults, f)
}

// Holds reports whether nothing was found.
func (v *Verdict) Holds() bool { return len(v.Faults) == 0 }

// Find finds a run by its name, or by its number where that is not 0, and also
// where the books' own words about it cannot be read any more.
func Find(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, migration, name string, id int64) (*ledger.Run, *Fault, error) {
	runs, err := l.Runs(ctx, tx, migration)
	if err == nil {
		for _, run := range runs {
			if run.ID == id || id == 0 && run.Name == name {
				return run, nil, nil
			}
		}
	}
	unreadable := err
	var run *ledger.Run
	err = l.Books().Query(ctx, tx, func(row []record.Value) error {
		run = &ledger.Run{
			ID: row[0].Int(), Name: name, Migration: migration, State: ledger.State(row[2].String()), EndedAt: row[3].String(),
			Error: row[4].String(), Seal: []byte(row[5].Raw()), Mode: row[6].String(), ParentID: row[7].Int(),
		}
		return nil
	}, "SELECT id, name, state, ended_at, error, seal, mode, parent_id FROM {run} WHERE id = ? OR name = ? AND ? = 0", id, name, id)
	switch {
	case err != nil || run == nil && unreadable == nil:
		return nil, nil, err
	case run == nil:
		return nil, &Fault{Table: "run", Row: name, Text: unreadable.Error()}, nil
	case unreadable != nil:
		return run, &Fault{Table: "run", Row: name, Text: unreadable.Error()}, nil
	}
	return run, &Fault{Table: "run", Row: name, Text: "the run has another name or migration in the books"}, nil
}

// Books recomputes what the books say of a run, and compares it with a digest
// and with what its report said, when there are such.
func Books(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, digest *Digest, said *Said) (*Verdict, error) {
	v := &Verdict{Faults: []Fault{}}
	var err error
	if digest != nil {
		// The digests name columns, so what they say comes first.
		var all bool
		if v.Rows, all, err = digest.Compare(ctx, tx, l, run, v.add); err != nil {
			return nil, err
		}
		if digest.Bounds.Undone {
			v.Notes = append(v.Notes, "the run was rolled back: its entries of the crosswalk, which that took back, were not compared")
		}
		if !all {
			v.Notes = append(v.Notes, "another run has started since: what it may change (alias keys, names of entities, highest keys, the lease) was not compared")
		}
	}
	if err := v.states(ctx, tx, l, run, said); err != nil {
		return nil, err
	}
	if v.Checked, err = l.Check(ctx, tx, run, func(f ledger.Flaw) { v.add(faultOf(f)) }); err != nil {
		return nil, err
	}
	if v.Checked.Purged > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("%d payloads were purged; their hashes are there", v.Checked.Purged))
	}
	if len(run.Seal) == 0 {
		v.Notes = append(v.Notes, "the run has no seal: only completed runs are sealed")
	}
	if err := v.crosswalk(ctx, tx, l, run); err != nil {
		return nil, err
	}
	return v, v.lease(ctx, tx, l, run)
}

func faultOf(f ledger.Flaw) Fault {
	out := Fault{Table: f.Table, Entity: f.Entity, Columns: f.Columns, Text: f.Text, wide: f.Wide}
	if f.Entity != "" && f.Slice >= 0 {
		out.Slice = &f.Slice
	}
	if f.Entity != "" && f.Ordinal >= 0 && out.Slice != nil && f.Table != "slice" {
		out.Batch = &f.Ordinal
	}
	if f.Table == "entry" && f.Seq >= 0 && out.Batch != nil && f.Key != "" {
		out.Row = fmt.Sprintf("entry %d, %s", f.Seq, record.Ref{Entity: f.Entity, Key: f.Key})
	}
	return out
}

// crosswalk finds entries of the run that cannot be.
func (v *Verdict) crosswalk(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run) error {
	return l.Books().Query(ctx, tx, func(row []record.Value) error {
		f := Fault{
			Table: "crosswalk", Entity: row[0].String(), Row: record.Ref{Entity: row[0].String(), Key: row[1].String()}.String(),
			Text: "the entry names something that is not there",
		}
		for i, column := range []string{"role", "state", "table_id", "shape_id", "first_run"} {
			bad := row[2+i].IsNull()
			switch column {
			case "role":
				bad = crosswalk.Role(row[2].String()).String() == ""
			case "state":
				bad = crosswalk.State(row[3].String()).String() == ""
			}
			if bad {
				f.Columns = append(f.Columns, column)
			}
		}
		if f.Entity == "" {
			f.Columns, f.Row = append(f.Columns, "entity_id"), "source_key "+row[1].String()
		}
		if len(f.Columns) > 0 {
			v.add(f)
		}
		return nil
	}, `SELECT e.name, c.source_key, c.role, c.state, t.id, CASE WHEN c.shape_id = 0 THEN 0 ELSE s.id END, r.id FROM {crosswalk} c
  LEFT JOIN {entity} e ON e.id = c.entity_id LEFT JOIN {target_table} t ON t.id = c.table_id
  LEFT JOIN {shape} s ON s.id = c.shape_id LEFT JOIN {run} r ON r.id = c.first_run
WHERE c.last_run = ? AND (e.id IS NULL OR t.id IS NULL OR s.id IS NULL AND c.shape_id <> 0 OR r.id IS NULL OR c.first_run > c.last_run
  OR c.role NOT IN ('c', 'a', 'l', 's') OR c.state NOT IN ('r', 'l', 'p', 'h', 'd', 'b')) LIMIT 200`, run.ID)
}

// lease checks that no batch was written under a later lease than the last.
func (v *Verdict) lease(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run) error {
	row, found, err := l.Books().One(ctx, tx, `SELECT l.epoch, (SELECT coalesce(max(m.epoch), 0) FROM {marker} m WHERE m.run_id = ?) FROM {lease} l
WHERE l.migration = ?`, run.ID, run.Migration)
	if err != nil {
		return err
	}
	switch {
	case !found:
		v.add(Fault{Table: "lease", Row: run.Migration, Text: "the migration has no lease, though it has a run"})
	case row[0].Int() < row[1].Int():
		v.add(Fault{Table: "lease", Row: run.Migration, Columns: []string{"epoch"}, Text: "is lower than that of a batch"})
	}
	return nil
}
