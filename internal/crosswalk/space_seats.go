package crosswalk

import (
	"context"
	"slices"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Stored is a column of which the books say that it holds keys of a space.
type Stored struct {
	Table, Column string
	TableID       int64
	Width         int // digits of a text exactly; 0 for a number
}

// remember writes down which columns hold keys of the space, for migrations that
// name others, and for the time when this one does not name them any more.
func (s *Space) remember(ctx context.Context, tx sqldb.Tx) error {
	for _, seat := range s.Seats {
		width := 0
		if seat.Form.Column.Type.Kind == record.KindText {
			width = seat.Form.Width
		}
		_, err := s.books.Exec(ctx, tx, "INSERT INTO {key_seat} (space, table_name, column_name, table_id, width) VALUES (?, ?, ?, ?, ?) ON CONFLICT (space, table_name, column_name) DO UPDATE SET table_id = excluded.table_id, width = excluded.width",
			s.Name, seat.Table.String(), seat.Form.Column.Name, seat.TableID, int64(width))
		if err != nil {
			return err
		}
	}
	return nil
}

// Unknown lists the columns of the space that the books know of, and that are
// neither among its seats nor among the others.
func (s *Space) Unknown(ctx context.Context, tx sqldb.Tx) ([]Stored, error) {
	if s.Blank {
		return nil, nil
	}
	var unknown []Stored
	err := s.books.Query(ctx, tx, func(row []record.Value) error {
		stored := Stored{Table: row[0].String(), Column: row[1].String(), TableID: row[2].Int(), Width: int(row[3].Int())}
		if !slices.ContainsFunc(s.all(), func(seat Seat) bool {
			return seat.Table.String() == stored.Table && seat.Form.Column.Name == stored.Column
		}) {
			unknown = append(unknown, stored)
		}
		return nil
	}, "SELECT table_name, column_name, table_id, width FROM {key_seat} WHERE space = ? ORDER BY table_name, column_name", s.Name)
	return unknown, err
}

// Other adds a column that the books know of. table is nil where there is none
// of its name any more.
func (s *Space) Other(stored Stored, table *sqldb.Table) {
	seat := Seat{TableID: stored.TableID, Gone: true, Table: sqldb.Name{Table: stored.Table}}
	seat.Form = Form{Column: intColumn(stored.Column), Width: stored.Width}
	if stored.Width > 0 {
		seat.Form.Column = textColumn(stored.Column)
	}
	if table != nil {
		for _, column := range table.Columns {
			if form, err := NewForm(column, stored.Width); err == nil && column.Name == stored.Column {
				seat.Gone, seat.Table, seat.Form = false, table.Name, form
			}
		}
	}
	s.Others = append(s.Others, seat)
}
