package run

import (
	"context"
	"slices"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// inserting lands new rows and takes the fingerprint of them right after each
// write. It has no more ways to write than what it lands them with.
type inserting struct {
	target.Inserts
	key   []sqldb.Column
	taken record.Fingerprint
	put   record.Fingerprint
}

// witness lands and changes rows and takes the fingerprints of those that it
// takes out of the table and puts there, right before and right after each write.
// What is written several times is measured each time, so that what was in
// between cancels out.
type witness struct {
	*inserting
	table target.Table
}

var _ target.Table = witness{}

// watched is a writer that tells what it saw.
type watched interface{ seen() *inserting }

func (w *inserting) seen() *inserting { return w }

// writer is how the entity's rows are written in one transaction: with a
// witness, where a fingerprint of the table is taken. It is a target.Table
// unless the run is a wave.
func (e *entityRun) writer() target.Inserts {
	if len(e.gaugesOf(e.Entity)) == 0 {
		return e.lander
	}
	own := &inserting{Inserts: e.lander, key: e.Key}
	if table, changes := e.lander.(target.Table); changes {
		return witness{own, table}
	}
	return own
}

// forget lets the witness begin anew after all it saw was rolled back.
func (w *inserting) forget() { w.taken, w.put = record.Fingerprint{}, record.Fingerprint{} }

// takes measures rows that are about to be written.
func (w *inserting) takes(ctx context.Context, tx sqldb.Tx, keys [][]record.Value) error {
	f, err := w.Inserts.Fingerprint(ctx, tx, keys)
	w.taken = w.taken.Plus(f)
	return err
}

// puts measures rows that were written.
func (w *inserting) puts(ctx context.Context, tx sqldb.Tx, keys [][]record.Value) error {
	f, err := w.Inserts.Fingerprint(ctx, tx, keys)
	w.put = w.put.Plus(f)
	return err
}

// Insert implements target.Inserts. A row that the target took and that is not
// there right after is refused: a trigger or rule of the target has dropped it.
func (w *inserting) Insert(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, rows [][]record.Value, careful bool) (target.Landed, error) {
	landed, err := w.Inserts.Insert(ctx, tx, columns, rows, careful)
	if err != nil {
		return landed, err
	}
	refused := refusedRows(landed)
	var keys [][]record.Value
	var places []int
	for i, row := range rows {
		if !refused[i] {
			keys, places = append(keys, w.keyOf(columns, row, nil)), append(places, i)
		}
	}
	before := w.put
	if err := w.puts(ctx, tx, keys); err != nil || w.put.Rows-before.Rows == int64(len(keys)) {
		return landed, err
	}
	present, err := w.Fetch(ctx, tx, keys, nil, false)
	if err != nil {
		return landed, err
	}
	for n, row := range present {
		if row == nil {
			landed.Refused = append(landed.Refused, target.Refusal{
				Row: places[n], Code: record.CodeNotWritten, Message: "the target took the row, and it is gone right after: a trigger or rule of the target drops it",
			})
		}
	}
	slices.SortFunc(landed.Refused, func(a, b target.Refusal) int { return a.Row - b.Row })
	return landed, nil
}

// Referring implements target.Table.
func (w witness) Referring(ctx context.Context, tx sqldb.Tx, column sqldb.Column, values []record.Value) ([][]record.Value, error) {
	return w.table.Referring(ctx, tx, column, values)
}

// Update implements target.Table. A row that is refused is still under the key
// that it had, and one whose key is written is under the new one.
func (w witness) Update(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, changes []target.Change) (target.Landed, error) {
	keys := make([][]record.Value, len(changes))
	for i := range changes {
		keys[i] = changes[i].Key
	}
	if err := w.takes(ctx, tx, keys); err != nil {
		return target.Landed{}, err
	}
	landed, err := w.table.Update(ctx, tx, columns, changes)
	if err != nil {
		return landed, err
	}
	refused := refusedRows(landed)
	for i := range changes {
		if !refused[i] {
			keys[i] = w.keyOf(columns, changes[i].Values, changes[i].Key)
		}
	}
	return landed, w.puts(ctx, tx, keys)
}

// Delete implements target.Table.
func (w witness) Delete(ctx context.Context, tx sqldb.Tx, keys [][]record.Value) error {
	if err := w.takes(ctx, tx, keys); err != nil {
		return err
	}
	return w.table.Delete(ctx, tx, keys)
}

// keyOf picks a row's key out of what is written; columns that are not written
// are as they were before.
func (w *inserting) keyOf(columns []sqldb.Column, row, before []record.Value) []record.Value {
	key := slices.Clone(before)
	if key == nil {
		key = make([]record.Value, len(w.key))
	}
	for i := range w.key {
		if place := columnPlace(columns, w.key[i].Name); place >= 0 {
			key[i] = row[place]
		}
	}
	return key
}

// tell writes down what a transaction took out of the entity's table and put
// there, for every fingerprint that is taken of it; at gives the batch.
func (w *inserting) tell(ctx context.Context, tx sqldb.Tx, e *entityRun, at func(owner *gauge) (slice int, ordinal int64, err error)) error {
	var measures []ledger.Measure
	for _, owner := range e.gaugesOf(e.Entity) {
		for moment, f := range map[ledger.Moment]record.Fingerprint{ledger.MomentTaken: w.taken, ledger.MomentPut: w.put} {
			if f.Rows == 0 {
				continue
			}
			m, err := ledger.FingerprintMeasure(owner.stored.ID, moment, f)
			if err != nil {
				return err
			}
			if owner.Name != e.Name {
				m.Group = e.Name
			}
			if m.Slice, m.Ordinal, err = at(owner); err != nil {
				return err
			}
			measures = append(measures, m)
		}
	}
	return e.ledger.Measure(ctx, tx, e.run.ID, measures)
}

func refusedRows(landed target.Landed) map[int]bool {
	refused := make(map[int]bool, len(landed.Refused))
	for _, refusal := range landed.Refused {
		refused[refusal.Row] = true
	}
	return refused
}
