package run

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// keepKnown gives known records what their rows hold where they bring NULL and
// NULL leaves the row's value as it is. It comes before anything is compared: a
// hash is over the row as it will be, so that it agrees with the row later.
func (l *landing) keepKnown(ctx context.Context) error {
	if !slices.Contains(l.Program.KeepNull, true) || l.Remote != nil && !l.Remote.Abilities().Fetch {
		return nil
	}
	var keeping []*unit
	var err error
	l.each(func(_ int, u *unit) *record.Rejection {
		if !u.situation.Known || u.situation.Linked || !l.bringsKept(u) || err != nil {
			return nil
		}
		if u.doneLeft() && l.hasher.Sum(u.row) == u.left.Hash {
			return nil // it was new when that was sent
		}
		var key []record.Value
		if key, err = l.keyValues(u.entry.TargetKey); err == nil {
			u.setKey(key)
			keeping = append(keeping, u)
		}
		return nil
	})
	if err != nil || len(keeping) == 0 {
		return err
	}
	rows, err := l.lander.Fetch(ctx, l.tx, keysOf(keeping), l.Columns, !l.wave())
	if err != nil {
		return fmt.Errorf("reading rows whose values stay: %w", err)
	}
	for i, u := range keeping {
		u.live = rows[i]
		l.keepNulls(u, u.live)
	}
	return nil
}

// bringsKept reports whether the record brings NULL for a column that keeps its
// value then.
func (l *landing) bringsKept(u *unit) bool {
	generated := len(l.Columns) - len(l.Program.Columns)
	for slot, keep := range l.Program.KeepNull {
		if keep && u.row[generated+slot].IsNull() {
			return true
		}
	}
	return false
}

// keepNulls puts what the row holds where the record brings NULL for a column
// that keeps its value then, and reports whether there is such a column.
func (l *landing) keepNulls(u *unit, live []record.Value) bool {
	if live == nil {
		return false
	}
	return l.Keep(u.row, live)
}

// Keep puts the values of a row that is there into one that is to be written,
// where that one is NULL and NULL leaves the value as it is. Both are in the order
// of the entity's Columns. It reports whether there was such a NULL.
func (e *entityRun) Keep(row, live []record.Value) bool {
	generated := len(e.Columns) - len(e.Program.Columns)
	kept := false
	for slot, keep := range e.Program.KeepNull {
		if place := generated + slot; keep && row[place].IsNull() {
			row[place], kept = live[place], true
		}
	}
	for i := range e.Columns {
		if row[i].IsNull() {
			row[i] = e.Columns[i].Nothing
		}
	}
	return kept
}

// fillNothing puts what the target makes of NULL in place of NULL, so that a row
// is hashed as the target gives it back. It comes when no value can be kept any
// more. It reports whether there was such a NULL.
func (l *landing) fillNothing(u *unit) bool {
	filled := false
	for i := range l.Columns {
		if !l.Columns[i].Nothing.IsNull() && u.row[i].IsNull() {
			u.row[i], filled = l.Columns[i].Nothing, true
		}
	}
	return filled
}

// fillNew does so for records that neither the crosswalk nor the match knows.
func (l *landing) fillNew() {
	if !slices.ContainsFunc(l.Columns, func(c sqldb.Column) bool { return !c.Nothing.IsNull() }) {
		return
	}
	l.each(func(_ int, u *unit) *record.Rejection {
		if l.fillNothing(u) && !u.incomplete {
			u.hash = l.hasher.Sum(u.row)
		}
		return nil
	})
}

// imageOf is a row as the books keep it: without the columns that the target
// gives back to nobody.
func imageOf(columns []sqldb.Column, row []record.Value) string {
	hidden := func(c sqldb.Column) bool { return c.Hidden }
	if row == nil || !slices.ContainsFunc(columns, hidden) {
		return ledger.EncodeRow(columns, row)
	}
	var shown []sqldb.Column
	var values []record.Value
	for i := range columns {
		if !columns[i].Hidden {
			shown, values = append(shown, columns[i]), append(values, row[i])
		}
	}
	return ledger.EncodeRow(shown, values)
}

// sourceOf is the record as it was read, without the cells that nothing but
// hidden columns is made of. A record that is rejected keeps them: the file that
// brings it again is made of what the books hold.
func (e *entityRun) sourceOf(values []record.Value) string {
	if hidden := e.Program.HiddenInputs(); len(hidden) > 0 {
		values = slices.Clone(values)
		for _, place := range hidden {
			if !values[place].IsNull() {
				values[place] = record.Text("") // that something was there is told
			}
		}
	}
	return cellsJSON(values)
}
