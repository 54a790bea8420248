package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
)

// Opener opens another connection to the same database.
type Opener func(ctx context.Context) (sqldb.DB, error)

// Source reads the tables, views and queries of a SQL database. Its own
// connection answers for the catalogue; every reader opens one of its own.
type Source struct {
	open Opener
	db   sqldb.DB
}

// NewSource connects to the database.
func NewSource(ctx context.Context, open Opener) (*Source, error) {
	db, err := open(ctx)
	if err != nil {
		return nil, err
	}
	return &Source{open: open, db: db}, nil
}

// Identity names the database.
func (s *Source) Identity() string { return s.db.Identity() }

// Close ends the connection; readers end theirs.
func (s *Source) Close(ctx context.Context) error { return s.db.Close(ctx) }

// described is what the rows of a database say about their columns.
type described interface{ Columns() []sqldb.Column }

// Open looks at the table or query.
func (s *Source) Open(ctx context.Context, from source.From) (source.Origin, error) {
	o := &origin{open: s.open, dialect: s.db.Dialect(), entity: from.Entity}
	var err error
	switch {
	case from.Settings != nil:
		// A database has no settings of its own: whatever stands there is unknown.
		if err := from.Settings.Decode(&struct{}{}); err != nil {
			return nil, err
		}
	case from.File != "":
		return nil, errors.New("a database is read by table or query, not by file")
	}
	if from.Query != "" {
		err = s.openQuery(ctx, o, from)
	} else {
		err = s.openTable(ctx, o, from)
	}
	if err != nil {
		return nil, err
	}
	if o.key, err = places(o.columns, from.Key); err != nil {
		return nil, err
	}
	if from.Where != "" {
		o.relation = "(SELECT * FROM " + o.relation + " WHERE (" + from.Where + "\n)) AS s"
	}
	return o, nil
}

func (s *Source) openTable(ctx context.Context, o *origin, from source.From) error {
	table, err := s.db.Table(ctx, from.Table)
	if err != nil {
		return err
	}
	o.columns = table.Columns
	o.relation = o.dialect.QuoteName(table.Name) + " AS s"
	o.proven = !table.View && provenKey(table, from.Key)
	return nil
}

// openQuery asks the database what the query yields without running it.
func (s *Source) openQuery(ctx context.Context, o *origin, from source.From) error {
	query := strings.TrimRight(from.Query, " \t\r\n;")
	// The line break ends a comment at the query's end.
	o.relation = "(" + query + "\n) AS s"
	tx, err := s.db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx) //nolint:errcheck // nothing was written
	rows, err := tx.Query(ctx, "SELECT * FROM "+o.relation+" WHERE 1 = 0")
	if err != nil {
		return fmt.Errorf("the query of %s: %w", from.Entity, err)
	}
	defer rows.Close()
	self, ok := rows.(described)
	if !ok {
		return errors.New("this database does not tell the columns of a query; read a table or view instead")
	}
	o.columns = self.Columns()
	for rows.Next() {
		// 1 = 0 yields none; the walk makes the database report its errors.
	}
	seen := map[string]bool{}
	for i := range o.columns {
		if seen[o.columns[i].Name] {
			return fmt.Errorf("the query of %s yields two columns named %s; give one of them another name with AS", from.Entity, o.columns[i].Name)
		}
		seen[o.columns[i].Name] = true
	}
	return rows.Err()
}

// provenKey reports whether the database itself keeps the key unique and
// filled.
func provenKey(table *sqldb.Table, key []string) bool {
	for i := range table.Uniques {
		unique := &table.Uniques[i]
		if !unique.Plain || len(unique.Columns) != len(key) {
			continue
		}
		holds := true
		for _, name := range key {
			column, ok := table.Column(name)
			holds = holds && ok && !column.Nullable && slices.Contains(unique.Columns, name)
		}
		if holds {
			return true
		}
	}
	return false
}

// places finds the key's columns.
func places(columns []sqldb.Column, key []string) ([]int, error) {
	if len(key) == 0 {
		return nil, errors.New("a source needs a key: the column (or columns) that name a record for ever")
	}
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].Name
	}
	found := make([]int, len(key))
	for i, name := range key {
		found[i] = slices.Index(names, name)
		if found[i] >= 0 {
			continue
		}
		if near := sqldb.Near(name, names); near != "" {
			return nil, fmt.Errorf("no such column: key %s (did you mean %s?)", name, near)
		}
		return nil, fmt.Errorf("no such column: key %s (there are %s)", name, strings.Join(names, ", "))
	}
	return found, nil
}

// origin is the source of one entity.
type origin struct {
	open     Opener
	dialect  sqldb.Dialect
	entity   string
	columns  []sqldb.Column
	key      []int  // places of the key's columns
	relation string // what stands behind FROM, under the alias s
	proven   bool
}

// Columns are the table's or query's.
func (o *origin) Columns() []record.Field {
	fields := make([]record.Field, len(o.columns))
	for i, column := range o.columns {
		fields[i] = record.Field{
			Name: column.Name, Type: column.Type, Nullable: column.Nullable, HasDefault: column.HasDefault, Generated: column.Generated,
		}
	}
	return fields
}

// KeyProven is true for a table's unique key of filled columns.
func (o *origin) KeyProven() bool { return o.proven }

// snapshot opens a connection with a read-only transaction; end closes both.
func (o *origin) snapshot(ctx context.Context) (tx sqldb.Tx, end func() error, err error) {
	db, err := o.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	if tx, err = db.Snapshot(ctx); err != nil {
		return nil, nil, errors.Join(err, db.Close(ctx))
	}
	return tx, func() error { return errors.Join(tx.Rollback(ctx), db.Close(ctx)) }, nil
}

func (o *origin) column(i int) string { return "s." + o.dialect.Quote(o.columns[i].Name) }
