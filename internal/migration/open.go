// Package migration brings a mapping file to life: it opens the connections,
// looks at both ends, compiles the fields, and says what does not fit. Plan,
// run and rollback all start from what it returns.
package migration

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"landfall/internal/connector"
	"landfall/internal/connector/table"
	"landfall/internal/crosswalk"
	"landfall/internal/mapping"
	"landfall/internal/source"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Options say which mapping is opened, and how.
type Options struct {
	Path   string            // of the mapping file
	Target string            // connection that takes the place of the mapping's target; empty keeps it
	Inputs map[string]string // entity -> file that is read in place of its `from`
	Getenv func(string) string
	// OpenAPI opens the target where it is an API; nil does so by its kind.
	OpenAPI func(ctx context.Context, kind string, at target.Address) (target.API, error)
}

// ErrEnvironment wraps errors of the world around: a connection that cannot be
// had, a permission that is missing.
var ErrEnvironment = errors.New("environment")

// Migration is a mapping file with both its ends open.
type Migration struct {
	File     *mapping.File
	Entities []*Entity // in the order of landing
	Target   *mapping.Connection
	Findings []Finding

	options Options
	sources map[string]source.Driver
	looker  sqldb.DB   // the connection that looks at the target, or at the books beside an API
	api     target.API // nil where the target is a database
	// onlyReads: nothing may be written to the target.
	onlyReads bool
}

// Entity is one entity with both its ends known.
type Entity struct {
	*mapping.Entity
	Origin     source.Origin
	OriginName string // what is read, in words
	FromFile   string // absolute path when it reads a file
	reads      string // what is read, so that no two sources are told by the same text
	Table      *sqldb.Table
	Program    *mapping.Program
	Key        []sqldb.Column // the target key
	Columns    []sqldb.Column // what an insert writes: the key, unless it is natural, and the program's columns
	Match      []sqldb.Column
	Lookups    []Lookup
	Aliases    []*mapping.Alias // what references of any entity find records of this one by
	Form       crosswalk.Form   // of keys that are made of row numbers
	Registry   *KeyRegistry     // of keys that Landfall makes; nil when there is none
	Remote     target.Remote    // lands the records where the target is an API; nil otherwise
}

// Open parses the mapping, connects and looks. It returns mapping.Problems for
// what is wrong in the file, and an error wrapping ErrEnvironment when an end
// cannot be reached. Findings of severity Wrong are left to the caller.
func Open(ctx context.Context, options Options) (*Migration, error) {
	file, err := mapping.Parse(options.Path)
	if err != nil {
		return nil, err
	}
	m := &Migration{File: file, options: options, sources: map[string]source.Driver{}}
	name := file.Target
	if options.Target != "" {
		name = options.Target
	}
	if m.Target = file.Connection(name); m.Target == nil {
		return nil, noConnection(file, name)
	}
	for entity := range options.Inputs {
		if file.Entity(entity) == nil {
			return nil, mapping.Problems{{Message: fmt.Sprintf("--input %s=…: the mapping has no such entity%s", entity, mapping.Hint(entity, file.EntityNames()))}}
		}
	}
	if err := m.openAPI(ctx); err != nil {
		return nil, err
	}
	if m.looker, err = m.OpenTarget(ctx); err != nil {
		m.Close(ctx)
		return nil, err
	}
	for _, entity := range file.Entities {
		opened, err := m.openEntity(ctx, entity)
		if err != nil {
			m.Close(ctx)
			return nil, err
		}
		m.Entities = append(m.Entities, opened)
	}
	for _, step := range []func() error{m.order, m.alias} {
		if err := step(); err != nil {
			m.Close(ctx)
			return nil, err
		}
	}
	m.check()
	return m, nil
}

// OpenTarget parses the mapping and connects to its target alone, for commands
// that only look at the books.
func OpenTarget(ctx context.Context, options Options) (*mapping.File, sqldb.DB, error) {
	file, err := mapping.Parse(options.Path)
	if err != nil {
		return nil, nil, err
	}
	name := file.Target
	if options.Target != "" {
		name = options.Target
	}
	m := &Migration{File: file, Target: file.Connection(name), options: options}
	if m.Target == nil {
		return nil, nil, noConnection(file, name)
	}
	if err := m.openAPI(ctx); err != nil {
		return nil, nil, err
	}
	db, err := m.OpenTarget(ctx)
	return file, db, err
}

func noConnection(file *mapping.File, name string) error {
	return mapping.Problems{{Message: fmt.Sprintf("--target %s: the mapping has no such connection%s", name, mapping.Hint(name, file.ConnectionNames()))}}
}

// OpenTarget opens another connection to the target, or where that is an API, to
// its books.
func (m *Migration) OpenTarget(ctx context.Context) (sqldb.DB, error) {
	var db sqldb.DB
	var err error
	if m.api == nil {
		db, err = m.openDB(ctx, m.Target, false)
	} else if db, err = m.openBooks(ctx); err == nil {
		db = besideAPI{db, m.api}
	}
	if err == nil && m.onlyReads {
		return readOnly{db}, nil
	}
	return db, err
}

// OnlyRead has connections that are opened from now on refuse to write to the
// target.
func (m *Migration) OnlyRead() { m.onlyReads = true }

// readOnly is a connection that begins no transaction that may write.
type readOnly struct{ sqldb.DB }

// BesideOf implements sqldb.Beside.
func (r readOnly) BesideOf() string { return sqldb.APIOf(r.DB) }

// Begin implements sqldb.DB.
func (readOnly) Begin(context.Context) (sqldb.Tx, error) { return nil, errOnlyReads }

var errOnlyReads = errors.New("this command only reads the target, and was about to write to it")

// Looker is the connection that looked at the target when the migration was
// opened; it is free for other uses.
func (m *Migration) Looker() sqldb.DB { return m.looker }

func (m *Migration) openDB(ctx context.Context, conn *mapping.Connection, readOnly bool) (sqldb.DB, error) {
	url, password, err := m.File.Resolve(conn, m.options.Getenv)
	if err != nil {
		return nil, err
	}
	db, err := connector.OpenDB(ctx, connector.Address{URL: url, Password: password, Dir: m.File.Dir, ReadOnly: readOnly})
	if err != nil {
		return nil, fmt.Errorf("%w: connection %q: %w", ErrEnvironment, conn.Name, err)
	}
	return db, nil
}

func (m *Migration) openEntity(ctx context.Context, entity *mapping.Entity) (*Entity, error) {
	e := &Entity{Entity: entity}
	driver, from, err := m.from(ctx, e)
	if err != nil {
		return nil, err
	}
	if e.Origin, err = driver.Open(ctx, from); err != nil {
		return nil, m.at(entity.From.Position, entity.Name, err)
	}
	if !entity.From.Fold.None() {
		e.Origin = source.Folded(e.Origin, entity.From.Fold.Key)
	}
	if entity.From.Each != nil {
		e.Origin = source.Each(e.Origin, entity.From.Each)
	}
	if e.Table, err = m.table(ctx, entity); err != nil {
		if errors.Is(err, sqldb.ErrNoTable) {
			return nil, m.at(entity.To.Position, entity.Name, err)
		}
		return nil, fmt.Errorf("%w: %w", ErrEnvironment, err)
	}
	if err := e.compile(m); err != nil {
		return nil, err
	}
	if m.api != nil {
		if e.Remote, err = m.api.Remote(e.Table, e.Key); err != nil {
			return nil, m.at(entity.To.Position, entity.Name, err)
		}
	}
	if entity.To.Sequence != "" && len(e.Key) == 1 {
		switch e.Key[0].Sequence, err = sqldb.FindSequence(ctx, m.looker, entity.To.Sequence); {
		case errors.Is(err, sqldb.ErrNoSequence):
			return nil, m.at(entity.To.Position, entity.Name, err)
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrEnvironment, err)
		}
	}
	for _, step := range []func(context.Context, *Entity) error{m.openRegistry, m.openLookups} {
		if err := step(ctx, e); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// from finds the driver that reads the entity, and what it is told to read.
func (m *Migration) from(ctx context.Context, e *Entity) (source.Driver, source.From, error) {
	from := source.From{Entity: e.Name, Table: e.From.Table, Query: e.From.Query, Where: e.From.Where, Key: e.From.Key}
	if e.From.Settings != nil {
		from.Settings = e.From.Settings
	}
	file, form := e.From.File, e.From.File
	if input, ok := m.options.Inputs[e.Name]; ok {
		// A retry file carries the same columns as the entity's own input; it is
		// named from where the user stands, not from where the mapping is.
		absolute, err := filepath.Abs(input)
		if err != nil {
			return nil, from, err
		}
		if e.From.File == "" {
			from.Settings, form = nil, absolute
		}
		from.Table, from.Query, from.Where, file = "", "", "", absolute
	}
	if file != "" {
		if !filepath.IsAbs(file) {
			file = filepath.Join(m.File.Dir, file)
		}
		from.File, e.FromFile = file, file
		e.OriginName, e.reads = filepath.Base(file), "file "+filepath.Clean(file)
		// A file in place of another is read as that one is, whatever its name:
		// the files of records to retry all have one name.
		return connector.FileDriver(form), from, nil
	}
	e.OriginName = from.Table
	if from.Query != "" {
		e.OriginName = "query of " + e.Name
	}
	name := e.From.Connection
	if name == "" {
		name = m.File.Source
	}
	e.reads = fmt.Sprintf("%s: table %q query %q", name, from.Table, from.Query)
	if driver := m.sources[name]; driver != nil {
		return driver, from, nil
	}
	conn := m.File.Connection(name)
	driver, err := table.NewSource(ctx, func(ctx context.Context) (sqldb.DB, error) { return m.openDB(ctx, conn, true) })
	if err != nil {
		return nil, from, err
	}
	m.sources[name] = driver
	return driver, from, nil
}

// at gives an error the place in the mapping file that it is about.
func (m *Migration) at(position mapping.Position, entity string, err error) error {
	return m.File.Problem(position, entity+": "+err.Error())
}

// Close closes all connections.
func (m *Migration) Close(ctx context.Context) {
	for _, driver := range m.sources {
		driver.Close(ctx)
	}
	if m.looker != nil {
		m.looker.Close(ctx)
	}
	if m.api != nil {
		m.api.Close()
	}
}
