package postgres

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// rows walks over a result that the server sends as text, the one form that
// every type has.
type rows struct {
	db      *database
	ctx     context.Context
	result  *pgconn.ResultReader
	parsers []parser
	values  []record.Value
	err     error
	closed  bool
}

func (db *database) query(ctx context.Context, sql string, args []any) (*rows, error) {
	params, err := encodeArgs(args)
	if err != nil {
		return nil, err
	}
	result := db.conn.ExecParams(ctx, sql, params, nil, nil, nil)
	fields := result.FieldDescriptions()
	if fields == nil {
		// Either the statement was refused or it returns no rows.
		if _, err := result.Close(); err != nil {
			return nil, refused(db.wrap(ctx, err), sql)
		}
		return &rows{db: db, ctx: ctx, closed: true}, nil
	}
	r := &rows{db: db, ctx: ctx, result: result, parsers: make([]parser, len(fields)), values: make([]record.Value, len(fields))}
	for i, field := range fields {
		r.parsers[i] = parserOf(field.DataTypeOID)
	}
	return r, nil
}

// Columns describes the result's columns as far as the server tells without
// looking into its catalogue.
func (r *rows) Columns() []sqldb.Column {
	if r.result == nil {
		return nil
	}
	fields := r.result.FieldDescriptions()
	columns := make([]sqldb.Column, len(fields))
	for i, field := range fields {
		columns[i] = sqldb.Column{Name: field.Name, Type: builtinType(field.DataTypeOID, field.TypeModifier), Nullable: true}
	}
	return columns
}

// Next moves to the next row.
func (r *rows) Next() bool {
	if r.closed {
		return false
	}
	if !r.result.NextRow() {
		r.Close()
		return false
	}
	for i, cell := range r.result.Values() {
		if cell == nil {
			r.values[i] = record.Null()
			continue
		}
		r.values[i] = r.parsers[i](cell)
	}
	return true
}

// Values is the row that Next moved to.
func (r *rows) Values() []record.Value { return r.values }

// Err is why the rows ended early, if they did.
func (r *rows) Err() error { return r.err }

// Close drops the rows that were not asked for.
func (r *rows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	if _, err := r.result.Close(); err != nil && r.err == nil {
		r.err = refused(r.db.wrap(r.ctx, err), "")
	}
}
