package migration

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"landfall/internal/mapping"
	"landfall/internal/sqldb"
)

// Lookup is a field's look-up with its target table known.
type Lookup struct {
	mapping.LookupField
	Table   *sqldb.Table
	Columns []sqldb.Column // that rows are looked up by
	Take    sqldb.Column
}

// openLookups looks at the tables that the entity's fields look rows up in.
func (m *Migration) openLookups(ctx context.Context, e *Entity) error {
	var problems mapping.Problems
	for _, field := range e.Program.Lookups {
		f := field.Field
		refuse := func(position mapping.Position, near, format string, args ...any) {
			problem := m.File.Problem(position, e.Name+"."+f.Target+": "+fmt.Sprintf(format, args...))
			problem.Near = near
			problems = append(problems, problem)
		}
		if m.api != nil {
			refuse(f.LookupPosition(-1), "", "a look-up reads a table of the target, and the target is an API: give the values by `values`, or have the source's query bring them")
			continue
		}
		table, err := m.looker.Table(ctx, f.Lookup.Table)
		if errors.Is(err, sqldb.ErrNoTable) {
			refuse(f.LookupPosition(-1), "", "%s", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrEnvironment, err)
		}
		lookup := Lookup{LookupField: field, Table: table}
		for i, name := range f.Lookup.Columns {
			column, ok := table.Column(name)
			if !ok {
				refuse(f.LookupPosition(i), mapping.Near(name, table.ColumnNames()), "%s has no column %q", table.Name, name)
				continue
			}
			lookup.Columns = append(lookup.Columns, *column)
		}
		take, ok := table.Column(f.Lookup.Take)
		if !ok {
			refuse(f.TakePosition(), mapping.Near(f.Lookup.Take, table.ColumnNames()), "%s has no column %q", table.Name, f.Lookup.Take)
			continue
		}
		lookup.Take = *take
		e.Lookups = append(e.Lookups, lookup)
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// checkLookups wants an index behind a look-up, and no entity behind its table.
func (e *Entity) checkLookups(m *Migration, note noteFunc) {
	for i := range e.Lookups {
		lookup := &e.Lookups[i]
		f := lookup.Field
		if _, ok := lookup.Table.UniqueOn(f.Lookup.Columns); !ok {
			note(Warning, f.LookupPosition(-1), "%s: %s has no unique index on what rows are looked up by: look-ups are slow and may be ambiguous", f.Target, lookup.Table.Name)
		}
		for _, other := range m.Entities {
			if other.Table.Name == lookup.Table.Name {
				note(Warning, f.LookupPosition(-1), "%s: %s is where %s lands: refer to it with `ref`, so that it lands first", f.Target, lookup.Table.Name, other.Name)
			}
		}
	}
}

// alias tells the entities what references find their records by.
func (m *Migration) alias() error {
	var problems mapping.Problems
	for _, e := range m.Entities {
		for _, field := range e.Fields {
			if field.By == nil {
				continue
			}
			parent := m.Entity(field.Ref)
			alias, problem := mapping.NewAlias(field, parent.Origin.Columns())
			if problem != nil {
				problem.Message = e.Name + "." + problem.Message
				m.File.Locate(problem)
				problems = append(problems, problem)
				continue
			}
			if !slices.ContainsFunc(parent.Aliases, func(known *mapping.Alias) bool { return known.Name == alias.Name }) {
				parent.Aliases = append(parent.Aliases, alias)
			}
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}
