// Package table reads and lands rows over any sqldb.DB: the half that all SQL
// connectors share.
package table

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Lander lands rows in one table; it implements target.Table.
type Lander struct {
	dialect sqldb.Dialect
	table   *sqldb.Table
	key     []sqldb.Column
}

var _ target.Table = (*Lander)(nil)

// NewLander prepares landing in a table whose rows are known by the given key
// columns.
func NewLander(dialect sqldb.Dialect, table *sqldb.Table, key []sqldb.Column) *Lander {
	return &Lander{dialect: dialect, table: table, key: key}
}

const savepoint = "landfall_row"

// within runs work under a savepoint. A refusal for the content of rows (a
// Fault with a Code) goes back to the savepoint and is returned as such; any
// other error is returned as an error.
func (l *Lander) within(ctx context.Context, tx sqldb.Tx, work func() error) (refused *sqldb.Fault, err error) {
	if _, err := tx.Exec(ctx, "SAVEPOINT "+savepoint); err != nil {
		return nil, err
	}
	if err := work(); err != nil {
		fault := l.dialect.Classify(err)
		if short, ok := err.(*shortWrite); ok {
			fault = sqldb.Fault{Code: record.CodeNotWritten, Message: short.Error()}
		}
		if fault.Code == "" || fault.Lost || fault.Transient {
			return nil, err
		}
		if _, err := tx.Exec(ctx, "ROLLBACK TO SAVEPOINT "+savepoint); err != nil {
			return nil, err
		}
		refused = &fault
	}
	_, err = tx.Exec(ctx, "RELEASE SAVEPOINT "+savepoint)
	return refused, err
}

// shortWrite says that the database took rows without complaint and kept fewer.
type shortWrite struct{ sent, kept int64 }

func (e *shortWrite) Error() string {
	return fmt.Sprintf("%d rows sent, %d kept: a trigger or rule of the target drops rows silently", e.sent, e.kept)
}

// force checks deferred constraints now, while rows can still be told apart.
func (l *Lander) force(ctx context.Context, tx sqldb.Tx) error {
	statement := l.dialect.ForceDeferred()
	if statement == "" {
		return nil
	}
	_, err := tx.Exec(ctx, statement)
	return err
}

// Insert implements target.Table.
func (l *Lander) Insert(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, rows [][]record.Value, careful bool) (target.Landed, error) {
	if len(rows) == 0 {
		return target.Landed{}, nil
	}
	if !careful {
		refused, err := l.within(ctx, tx, func() error {
			written, err := tx.BulkInsert(ctx, l.table.Name, columns, sqldb.RowsOf(rows))
			if err != nil {
				return err
			}
			if written != int64(len(rows)) {
				return &shortWrite{sent: int64(len(rows)), kept: written}
			}
			return l.force(ctx, tx)
		})
		if err != nil || refused == nil {
			return target.Landed{}, err
		}
	}
	into := strings.Join(l.quoted(columns), ", ")
	b := &bisection{
		Lander: l, columns: columns, verdicts: map[int]*target.Refusal{},
		land: func(ctx context.Context, tx sqldb.Tx, stage sqldb.Name, from, to int64) (int64, error) {
			return tx.Exec(ctx, fmt.Sprintf("%s INTO %s (%s) %s SELECT %s FROM %s WHERE landfall_ord BETWEEN %d AND %d ORDER BY landfall_ord",
				l.dialect.Insert(), l.dialect.QuoteName(l.table.Name), into, l.dialect.InsertOverriding(), into, l.dialect.QuoteName(stage), from, to))
		},
		questions: l.insertQuestions(columns),
		again:     l.liftable(),
	}
	return b.run(ctx, tx, rows)
}

func (l *Lander) quoted(columns []sqldb.Column) []string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = l.dialect.Quote(columns[i].Name)
	}
	return names
}

// AdvanceSequences implements target.Table.
func (l *Lander) AdvanceSequences(ctx context.Context, tx sqldb.Tx) error {
	sequencer, ok := l.dialect.(sqldb.Sequencer)
	if !ok {
		return nil
	}
	columns := l.table.Columns
	for _, key := range l.key {
		// The mapping may have named another sequence than the column's own.
		if own, ok := l.table.Column(key.Name); ok && own.Sequence != key.Sequence {
			columns = append(columns[:len(columns):len(columns)], key)
		}
	}
	for i := range columns {
		column := &columns[i]
		if !column.Identity && column.Sequence == "" {
			continue
		}
		statement := sequencer.AdvanceSQL(l.table, column)
		if statement == "" {
			continue
		}
		if err := sqldb.Drain(ctx, tx, statement); err != nil {
			return err
		}
	}
	return nil
}
