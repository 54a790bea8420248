package rollback

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// shapeID is what rows were written with: the shapes of the columns that are
// compared and, unless it is 0, of those that are written only when a row is made.
type shapeID struct{ compared, once int64 }

// shape is a list of columns that rows were written with, and what the others
// hold in a row that nobody has edited.
type shape struct {
	*crosswalk.Shape
	once      *crosswalk.Shape // nil where no column is written only once
	unwritten []sqldb.Column
	expected  []record.Value // NULL, or the column's constant default
	unjudged  []ledger.Unjudged

	// Where the columns stand in the rows of the batch in hand.
	places, oncePlaces, unwrittenPlaces []int
}

func (s *shape) onceColumns() []sqldb.Column {
	if s.once == nil {
		return nil
	}
	return s.once.Columns
}

// shape reads a shape from the books, and what the columns must hold that are
// not of it.
func (e *entityUndo) shape(ctx context.Context, tx sqldb.Tx, id shapeID) (*shape, error) {
	if s, known := e.shapes[id]; known {
		return s, nil
	}
	read, err := crosswalk.ReadShape(ctx, tx, e.books, id.compared, e.column)
	if err != nil {
		return nil, err
	}
	s := &shape{Shape: read}
	written := slices.Concat(read.Columns, e.Key)
	if id.once != 0 {
		if s.once, err = crosswalk.ReadShape(ctx, tx, e.books, id.once, e.column); err != nil {
			return nil, err
		}
		written = append(written, s.once.Columns...)
	}
	var others []sqldb.Column
	var unhashed, filled, computed, hidden []string
	for _, column := range e.Table.Columns {
		field := slices.IndexFunc(e.Fields, func(f *mapping.Field) bool { return f.Target == column.Name })
		switch {
		case column.Hidden:
			hidden = append(hidden, column.Name)
		case placeOf(written, column.Name) >= 0 || column.Generated:
		case id.once == 0 && field >= 0 && e.Fields[field].Once:
			unhashed = append(unhashed, column.Name)
		default:
			others = append(others, column)
		}
	}
	values, known, err := e.lander.Defaults(ctx, tx, others)
	if err != nil {
		return nil, err
	}
	trigger := slices.IndexFunc(e.Table.Triggers, func(t sqldb.Trigger) bool { return t.OnInsert })
	for i := range others {
		switch {
		case trigger >= 0:
			filled = append(filled, others[i].Name) // by whom, nobody can tell
		case known[i]:
			s.unwritten, s.expected = append(s.unwritten, others[i]), append(s.expected, values[i])
		default:
			computed = append(computed, others[i].Name)
		}
	}
	s.tell(e.done.Name, hidden, "the target shows them to nobody")
	s.tell(e.done.Name, unhashed, "`on: create`, and the run kept no hash of them")
	if trigger >= 0 {
		s.tell(e.done.Name, filled, "the trigger "+e.Table.Triggers[trigger].Name+" may have filled them")
	}
	s.tell(e.done.Name, computed, "the target computes what it puts there")
	e.shapes[id] = s
	return s, nil
}

func (s *shape) tell(entity string, columns []string, why string) {
	if len(columns) > 0 {
		s.unjudged = append(s.unjudged, ledger.Unjudged{Entity: entity, Columns: columns, Why: why})
	}
}

// unjudged lists the columns of rows that the run made of which it cannot be told
// whether people have edited them.
func (e *entityUndo) unjudged(ctx context.Context, tx sqldb.Tx) ([]ledger.Unjudged, error) {
	counts, _, err := e.ledger.Counts(ctx, tx, e.runner.undone.ID, e.done.ID)
	if err != nil || counts[record.Created] == 0 {
		return nil, err
	}
	ids, err := e.written(ctx, tx, "'c'")
	if err != nil {
		return nil, err
	}
	var found []ledger.Unjudged
	for _, id := range ids {
		s, err := e.shape(ctx, tx, id)
		if err != nil {
			return nil, fmt.Errorf("reading what rows were written with: %w", err)
		}
		for _, u := range s.unjudged {
			if !slices.ContainsFunc(found, func(other ledger.Unjudged) bool { return other.Why == u.Why && slices.Equal(other.Columns, u.Columns) }) {
				found = append(found, u)
			}
		}
	}
	return found, nil
}

// written finds the shapes of rows in the target that the run wrote last, of
// entries with the roles.
func (e *entityUndo) written(ctx context.Context, tx sqldb.Tx, roles string) (ids []shapeID, err error) {
	err = e.books.Query(ctx, tx, func(row []record.Value) error {
		id := shapeID{compared: row[0].Int()}
		if once := row[1].Raw(); len(once) == 4 {
			id.once = int64(binary.BigEndian.Uint32([]byte(once)))
		}
		ids = append(ids, id)
		return nil
	}, "SELECT DISTINCT shape_id, substr(hash, 17, 4) FROM {crosswalk} WHERE entity_id = ? AND table_id = ? AND last_run = ? AND role IN ("+roles+") AND state IN ('l', 'p') ORDER BY 1, 2",
		e.store.EntityID, e.store.TableID, e.runner.undone.ID)
	return ids, err
}
