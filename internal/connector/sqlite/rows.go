package sqlite

import (
	"context"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// rows walks over a result that SQLite computes row by row.
type rows struct {
	ctx    context.Context
	s      *statement
	stop   func() bool // ends the watch over ctx
	values []record.Value
	err    error
}

func (db *database) query(ctx context.Context, sql string, args []any) (*rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := db.engine.prepare(sql)
	if err != nil {
		return nil, err
	}
	if err := s.bind(args); err != nil {
		s.finalize()
		return nil, err
	}
	return &rows{ctx: ctx, s: s, stop: watch(ctx, db.engine), values: make([]record.Value, s.width())}, nil
}

// watch interrupts the engine when ctx ends.
func watch(ctx context.Context, e *engine) func() bool {
	if ctx.Done() == nil {
		return func() bool { return true }
	}
	return context.AfterFunc(ctx, e.interrupt)
}

// Columns describes the result's columns; expressions have no declared type.
func (r *rows) Columns() []sqldb.Column {
	columns := make([]sqldb.Column, len(r.values))
	for i := range columns {
		columns[i] = sqldb.Column{Name: r.s.columnName(i), Type: declaredType(r.s.declared(i)), Nullable: true}
	}
	return columns
}

func (r *rows) step() bool {
	if r.s == nil || r.err != nil {
		return false
	}
	// An interrupt that came before the first step is forgotten.
	if r.err = r.ctx.Err(); r.err != nil {
		return false
	}
	more, err := r.s.step()
	if err != nil {
		r.err = reason(r.ctx, err)
	}
	return more
}

// Next moves to the next row.
func (r *rows) Next() bool {
	if !r.step() {
		r.Close()
		return false
	}
	for i := range r.values {
		r.values[i] = r.s.value(i)
	}
	return true
}

// Values is the row that Next moved to.
func (r *rows) Values() []record.Value { return r.values }

// Err is why the rows ended early, if they did.
func (r *rows) Err() error { return r.err }

// Close frees the statement.
func (r *rows) Close() {
	if r.s == nil {
		return
	}
	r.stop()
	r.s.finalize()
	r.s = nil
}
