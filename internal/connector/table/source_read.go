package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
)

// Read streams one cursor in the order of the key. A proven key is entered
// behind the position's key; otherwise the records before the position are
// walked over again.
func (o *origin) Read(ctx context.Context, slice source.Slice, after source.Position) (source.Reader, error) {
	condition, args := "", []any(nil)
	skip := after.Number
	if o.proven && len(after.Key) == len(o.key) {
		condition, args = o.behind(after.Key)
		skip = 0
	}
	r := &reader{ctx: ctx, origin: o, at: after}
	if err := r.start(o.list()+condition+o.order(), args); err != nil {
		return nil, err
	}
	for range skip {
		if !r.rows.Next() {
			err := r.rows.Err()
			return nil, errors.Join(fmt.Errorf("%s has fewer records than were read before", o.entity), err, r.Close())
		}
	}
	return r, nil
}

func (o *origin) list() string {
	names := make([]string, len(o.columns))
	for i := range o.columns {
		names[i] = o.column(i)
	}
	return "SELECT " + strings.Join(names, ", ") + " FROM " + o.relation
}

// order is by the key and, where two records may have the same, by the text of
// everything else, so that the order is the same in every query.
func (o *origin) order() string {
	terms := make([]string, 0, len(o.columns))
	for _, i := range o.key {
		terms = append(terms, o.sortable(i))
	}
	if !o.proven {
		for i := range o.columns {
			terms = append(terms, o.dialect.AsText(o.column(i)))
		}
	}
	return " ORDER BY " + strings.Join(terms, ", ")
}

// sortable is the column itself, but for documents, which have no order.
func (o *origin) sortable(i int) string {
	if o.columns[i].Type.Kind == record.KindJSON {
		return o.dialect.AsText(o.column(i))
	}
	return o.column(i)
}

func (o *origin) behind(key []string) (string, []any) {
	var columns, values []string
	args := make([]any, len(key))
	for n, i := range o.key {
		columns = append(columns, o.column(i))
		values = append(values, o.dialect.Typed(o.dialect.Placeholder(n+1), o.columns[i]))
		args[n] = key[n]
	}
	if len(key) == 1 {
		return " WHERE " + columns[0] + " > " + values[0], args
	}
	return " WHERE (" + strings.Join(columns, ", ") + ") > (" + strings.Join(values, ", ") + ")", args
}

// reader walks over one cursor.
type reader struct {
	ctx    context.Context
	origin *origin
	rows   sqldb.Rows
	end    func() error
	at     source.Position
	peeked bool // the cursor already stands on the next row
}

func (r *reader) start(sql string, args []any) error {
	tx, end, err := r.origin.snapshot(r.ctx)
	if err != nil {
		return err
	}
	r.end = end
	if r.rows, err = tx.Query(r.ctx, sql, args...); err != nil {
		r.end = nil
		return errors.Join(err, end())
	}
	return nil
}

// peek makes the database say whether it can answer at all.
func (r *reader) peek() error {
	r.peeked = r.rows.Next()
	return r.rows.Err()
}

// Read returns the next record.
func (r *reader) Read() (*record.Record, *record.Rejection, error) {
	if r.peeked {
		r.peeked = false
	} else if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return nil, nil, err
		}
		return nil, nil, io.EOF
	}
	rec, rejection := r.origin.record(r.rows.Values())
	r.at.Number++
	rec.Number = r.at.Number
	r.at.Key = r.origin.resumeKey(rec.Values)
	return rec, rejection, nil
}

// Position is behind the record last read.
func (r *reader) Position() source.Position { return r.at }

// Close ends the cursor and its connection.
func (r *reader) Close() error {
	if r.end == nil {
		return nil
	}
	r.rows.Close()
	end := r.end
	r.end = nil
	return end()
}

// record makes a record of a row; one without a key is rejected.
func (o *origin) record(row []record.Value) (*record.Record, *record.Rejection) {
	rec := &record.Record{Ref: record.Ref{Entity: o.entity}, Values: append([]record.Value(nil), row...)}
	key, missing := o.keyOf(row)
	if missing == "" {
		rec.Ref.Key = key
		return rec, nil
	}
	return rec, &record.Rejection{
		Ref: rec.Ref, Step: record.StepRead, Code: record.CodeMissingKey,
		Err: fmt.Errorf("the key column %s is empty; a record needs a key to be known by", missing),
	}
}

// keyOf is the canonical key, or the column for want of which there is none:
// one that is NULL, or all of them being blank.
func (o *origin) keyOf(row []record.Value) (key, missing string) {
	parts := make([]string, len(o.key))
	blank := true
	for n, i := range o.key {
		if row[i].IsNull() {
			return "", o.columns[i].Name
		}
		parts[n] = row[i].String()
		blank = blank && strings.TrimSpace(parts[n]) == ""
	}
	if blank {
		return "", o.columns[o.key[0]].Name
	}
	return record.JoinKey(parts...), ""
}

// resumeKey is the key as text, where text leads back to exactly this value:
// not for floating point numbers and bytes, nor in columns without a type.
// Without it a reader counts its way to the position.
func (o *origin) resumeKey(row []record.Value) []string {
	if !o.proven {
		return nil
	}
	key := make([]string, len(o.key))
	for n, i := range o.key {
		switch o.columns[i].Type.Kind {
		case record.KindNull, record.KindFloat, record.KindBytes, record.KindJSON, record.KindBool:
			return nil
		}
		switch row[i].Kind() {
		case record.KindNull, record.KindFloat, record.KindBytes, record.KindJSON, record.KindBool:
			return nil
		}
		key[n] = row[i].String()
	}
	return key
}
