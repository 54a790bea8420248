package migration

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"landfall/internal/connector"
	"landfall/internal/mapping"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// API is the target where it is one, and nil where it is a database.
func (m *Migration) API() target.API { return m.api }

// openAPI opens the target's API, where it is one; it makes no call.
func (m *Migration) openAPI(ctx context.Context) error {
	if !m.Target.IsAPI() {
		return nil
	}
	open := m.options.OpenAPI
	if open == nil {
		open = connector.OpenAPI
	}
	if kinds := connector.APIKinds(); m.options.OpenAPI == nil && !slices.Contains(kinds, m.Target.Kind) {
		problem := m.File.Problem(m.Target.PositionOf("kind"), fmt.Sprintf("connections.%s.kind: no kind of API is called %q, expected %s", m.Target.Name, m.Target.Kind, strings.Join(kinds, " or ")))
		problem.Near = mapping.Near(m.Target.Kind, kinds)
		return mapping.Problems{problem}
	}
	url, password, err := m.File.Resolve(m.Target, m.options.Getenv)
	if err != nil {
		return err
	}
	m.api, err = open(ctx, m.Target.Kind, target.Address{
		URL: url, Password: password, Settings: m.Target.Settings,
		Resolve: func(text string, at mapping.Position, subject string) (string, error) {
			return m.File.ResolveText(text, at, subject, m.options.Getenv)
		},
	})
	var problems mapping.Problems
	if err != nil && !errors.As(err, &problems) {
		return fmt.Errorf("%w: connection %q: %w", ErrEnvironment, m.Target.Name, err)
	}
	return err
}

// openBooks opens another connection to the books of an API, and makes them
// where they are a file that is not there yet.
func (m *Migration) openBooks(ctx context.Context) (sqldb.DB, error) {
	if conn := m.File.Connection(m.Target.Books); conn != nil {
		if conn.IsAPI() {
			return nil, m.File.Problem(m.Target.PositionOf("books"), fmt.Sprintf("connections.%s.books: %s is an API, and books are kept in a database", m.Target.Name, conn.Name))
		}
		return m.openDB(ctx, conn, false)
	}
	path := m.BooksFile()
	if err := connector.MakeBooks(ctx, path); err != nil {
		return nil, fmt.Errorf("%w: the books of connection %q: %w", ErrEnvironment, m.Target.Name, err)
	}
	db, err := connector.OpenBooks(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("%w: the books of connection %q: %w", ErrEnvironment, m.Target.Name, err)
	}
	return db, nil
}

// BooksFile is the SQLite file that holds the books of an API, where they are in
// one.
func (m *Migration) BooksFile() string {
	path := m.Target.Books
	if path == "" {
		name := filepath.Base(m.File.Path)
		path = strings.TrimSuffix(name, filepath.Ext(name)) + ".books.db"
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(m.File.Dir, path)
	}
	return path
}

// besideAPI is a connection to the books of an API, which knows the API's types
// of record as its tables.
type besideAPI struct {
	sqldb.DB
	api target.API
}

// Table implements sqldb.DB: the API's types first, then the books' own tables.
func (b besideAPI) Table(ctx context.Context, name string) (*sqldb.Table, error) {
	table, err := b.api.Table(ctx, name, nil)
	if !errors.Is(err, sqldb.ErrNoTable) {
		return table, err
	}
	own, ownErr := b.DB.Table(ctx, name)
	if errors.Is(ownErr, sqldb.ErrNoTable) {
		return nil, err
	}
	return own, ownErr
}

// BesideOf implements sqldb.Beside.
func (b besideAPI) BesideOf() string { return b.api.Identity() }

// Identity implements sqldb.DB: what is written to is the API.
func (b besideAPI) Identity() string { return b.api.Identity() }

// table looks at where the entity's records land.
func (m *Migration) table(ctx context.Context, e *mapping.Entity) (*sqldb.Table, error) {
	if m.api == nil {
		return m.looker.Table(ctx, e.To.Table)
	}
	var fields []string
	for _, field := range e.Fields {
		fields = append(fields, field.Target)
	}
	return m.api.Table(ctx, e.To.Table, fields)
}
