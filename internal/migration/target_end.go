package migration

import (
	"context"
	"errors"
	"fmt"

	"landfall/internal/mapping"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// TargetEnd is a mapping file with its target open and its sources left alone:
// what has landed can be looked at and taken back when the legacy system is
// long gone.
type TargetEnd struct {
	File   *mapping.File
	Target *mapping.Connection

	m *Migration
}

// TargetEntity is an entity as far as its target goes.
type TargetEntity struct {
	*mapping.Entity
	Table  *sqldb.Table
	Key    []sqldb.Column // the target key
	Remote target.Remote  // where the target is an API; nil otherwise
}

// OpenTargetEnd parses the mapping and connects to its target. It returns
// mapping.Problems for what is wrong in the file, and an error wrapping
// ErrEnvironment when the target cannot be reached.
func OpenTargetEnd(ctx context.Context, options Options) (*TargetEnd, error) {
	file, db, err := OpenTarget(ctx, options)
	if err != nil {
		return nil, err
	}
	name := file.Target
	if options.Target != "" {
		name = options.Target
	}
	m := &Migration{File: file, Target: file.Connection(name), options: options, looker: db}
	if beside, is := db.(besideAPI); is {
		m.api = beside.api
	}
	return &TargetEnd{File: file, Target: m.Target, m: m}, nil
}

// Entity finds an entity, by the name it has or had, with its table and key.
// The entity is nil when the mapping knows none of that name.
func (t *TargetEnd) Entity(ctx context.Context, name string) (*TargetEntity, error) {
	var entity *mapping.Entity
	for _, e := range t.File.Entities {
		if e.Name == name || entity == nil && e.RenamedFrom == name {
			entity = e
		}
	}
	if entity == nil {
		return nil, nil
	}
	e := &TargetEntity{Entity: entity}
	var err error
	if e.Table, err = t.m.table(ctx, entity); err != nil {
		if errors.Is(err, sqldb.ErrNoTable) {
			return nil, t.m.at(entity.To.Position, entity.Name, err)
		}
		return nil, fmt.Errorf("%w: %w", ErrEnvironment, err)
	}
	for _, name := range entity.To.KeyColumns {
		column, ok := e.Table.Column(name)
		if !ok {
			return nil, t.m.at(entity.To.Position, entity.Name, fmt.Errorf("target table %s has no key column %q%s", e.Table.Name, name, mapping.Hint(name, e.Table.ColumnNames())))
		}
		e.Key = append(e.Key, *column)
	}
	if t.m.api != nil {
		if e.Remote, err = t.m.api.Remote(e.Table, e.Key); err != nil {
			return nil, t.m.at(entity.To.Position, entity.Name, err)
		}
	}
	return e, nil
}

// API is the target where it is one, and nil where it is a database.
func (t *TargetEnd) API() target.API { return t.m.api }

// TryAPI is that of the migration.
func (t *TargetEnd) TryAPI(ctx context.Context) error { return t.m.TryAPI(ctx) }

// Looker is the connection that looks at the target; it is free for other uses.
func (t *TargetEnd) Looker() sqldb.DB { return t.m.looker }

// OpenTarget opens another connection to the target.
func (t *TargetEnd) OpenTarget(ctx context.Context) (sqldb.DB, error) { return t.m.OpenTarget(ctx) }

// Suffering is that of the migration.
func (t *TargetEnd) Suffering(ctx context.Context, db sqldb.DB) (string, error) {
	return t.m.Suffering(ctx, db)
}

// Close closes all connections.
func (t *TargetEnd) Close(ctx context.Context) { t.m.Close(ctx) }
