package sqlite

import (
	"context"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// rowsPerInsert measures half as fast again as one row per statement; more bring
// little and take long to prepare.
const rowsPerInsert = 16

// maxArguments is SQLite's own limit for one statement.
const maxArguments = 32766

// BulkInsert runs a prepared INSERT of several rows. References are checked at
// its end, as one statement would: rows may refer to rows that come later.
func (tx *transaction) BulkInsert(ctx context.Context, table sqldb.Name, columns []sqldb.Column, source sqldb.RowSource) (int64, error) {
	e := tx.db.engine
	openBefore := e.openReferences()
	if _, err := tx.db.exec(ctx, "PRAGMA defer_foreign_keys = ON", nil); err != nil {
		return 0, err
	}
	written, err := tx.insertAll(ctx, table, columns, source)
	if err == nil && !openBefore && e.openReferences() {
		err = errOpenReference
	}
	// This also forgets the open references: the way back to a savepoint, which
	// an error asks for, removes the rows that hold them.
	if _, failed := tx.db.exec(context.WithoutCancel(ctx), "PRAGMA defer_foreign_keys = OFF", nil); err == nil {
		err = failed
	}
	if err != nil {
		return 0, err
	}
	return written, nil
}

func (tx *transaction) insertAll(ctx context.Context, table sqldb.Name, columns []sqldb.Column, source sqldb.RowSource) (int64, error) {
	defer watch(ctx, tx.db.engine)()
	group := max(1, min(rowsPerInsert, maxArguments/max(1, len(columns))))
	several, err := tx.db.engine.prepare(tx.insertSQL(table, columns, group))
	if err != nil {
		return 0, err
	}
	defer several.finalize()
	written := int64(0)
	cells := make([]record.Value, 0, group*len(columns))
	for row := source(); row != nil; row = source() {
		cells = append(cells, row...)
		if len(cells) < cap(cells) {
			continue
		}
		if err := several.insert(cells); err != nil {
			return 0, reason(ctx, err)
		}
		// An interrupt that comes between two statements is forgotten.
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		written += tx.db.engine.changed()
		cells = cells[:0]
	}
	if len(cells) == 0 {
		return written, nil
	}
	rest, err := tx.db.engine.prepare(tx.insertSQL(table, columns, len(cells)/len(columns)))
	if err != nil {
		return 0, err
	}
	defer rest.finalize()
	if err := rest.insert(cells); err != nil {
		return 0, reason(ctx, err)
	}
	return written + tx.db.engine.changed(), nil
}

// reason is why a statement ended early: the context's end, if that did it.
func reason(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (s *statement) insert(cells []record.Value) error {
	s.reserve(textSize(cells))
	if err := s.bindRow(1, cells); err != nil {
		return err
	}
	_, err := s.step()
	s.reset()
	return err
}

func (tx *transaction) insertSQL(table sqldb.Name, columns []sqldb.Column, rows int) string {
	var sql strings.Builder
	sql.WriteString("INSERT OR ABORT INTO " + tx.db.dialect.QuoteName(table) + " (")
	for i, column := range columns {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString(tx.db.dialect.Quote(column.Name))
	}
	sql.WriteString(") VALUES ")
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	sql.WriteString(strings.TrimSuffix(strings.Repeat(row+", ", rows), ", "))
	return sql.String()
}
