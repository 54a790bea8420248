package migration

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// KeyRegistry is the table in which each new key is written down, too.
type KeyRegistry struct {
	Table   *sqldb.Table
	Columns []sqldb.Column // that of the key first
	Values  []record.Value // of the columns; that of the key is NULL
}

// judgeMadeKey holds a key that Landfall makes itself against its column.
func (e *Entity) judgeMadeKey(complain func(mapping.Position, string, ...any)) {
	key := e.Key[0]
	if len(e.To.KeyColumns) != 1 {
		return // the parser refuses it
	}
	if key.Generated {
		complain(e.To.Position, "new: %s: the target computes %s.%s by itself", e.To.NewKey, e.Table.Name, key.Name)
		return
	}
	if unique, ok := e.Table.UniqueOn(e.To.KeyColumns); !ok || !unique.Plain {
		complain(e.To.Position, "new: %s needs a key column that %s keeps unique, or a key that others take meanwhile would not be noticed: declare it so in the target", e.To.NewKey, e.Table.Name)
	}
	if e.To.Offset == nil {
		if _, err := crosswalk.NewForm(key, e.To.Inherited.Digits); err != nil {
			complain(e.To.Position, "new: inherited: %s", err)
		}
		return
	}
	form, err := crosswalk.NewForm(key, e.To.Offset.Width)
	if err != nil {
		complain(e.To.Position, "new: offset: %s", err)
		return
	}
	if e.To.Offset.Base >= form.Highest() {
		complain(e.To.Position, "new: offset: base %d leaves no row numbers: %s holds keys up to %d", e.To.Offset.Base, key.Name, form.Highest())
	}
	e.Form = form
}

// checkInherited holds keys that begin with a parent's against the parent's.
func (e *Entity) checkInherited(m *Migration, note noteFunc) {
	if e.To.Inherited == nil {
		return
	}
	parent := m.Entity(e.field(e.To.Inherited.From).Parents()[0])
	if len(parent.Key) != 1 {
		return // told as of every reference
	}
	digits, key, begins := e.To.Inherited.Digits, e.Key[0], parent.Key[0].Type
	number := begins.Kind == record.KindInt || begins.Kind == record.KindDecimal
	switch {
	case key.Type.Kind != record.KindText && !number:
		note(Wrong, e.To.Position, "new: inherited: %s.%s is %s, and the keys of %s, with which its keys begin, are %s", e.Table.Name, key.Name, key.Type.Native, parent.Name, begins.Native)
	case key.Type.Kind == record.KindText && key.Type.Length > 0 && key.Type.Length <= digits,
		key.Type.Kind != record.KindText && crosswalk.Form{Column: key}.Highest() < crosswalk.Form{Column: key, Width: digits}.Highest()+1:
		note(Wrong, e.To.Position, "new: inherited: %s.%s is %s: %d digits leave no room for the key of its %s", e.Table.Name, key.Name, key.Type.Native, digits, parent.Name)
	}
}

// openRegistry looks at the registry of the entity's keys.
func (m *Migration) openRegistry(ctx context.Context, e *Entity) error {
	told := e.To.Registry
	if told == nil {
		return nil
	}
	complain := func(at mapping.Position, format string, args ...any) error {
		return m.at(at, e.Name, fmt.Errorf("registry: "+format, args...))
	}
	table, err := m.looker.Table(ctx, told.Table)
	switch {
	case errors.Is(err, sqldb.ErrNoTable):
		return complain(told.Position, "%w", err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrEnvironment, err)
	case table.Name == e.Table.Name:
		return complain(told.Position, "%s is the table of the rows themselves", table.Name)
	}
	key, ok := table.Column(told.Column)
	if !ok {
		return complain(told.Position, "%s has no column %q%s", table.Name, told.Column, mapping.Hint(told.Column, table.ColumnNames()))
	}
	if key.Type.Kind != e.Key[0].Type.Kind {
		return complain(told.Position, "%s.%s is %s, and the keys are %s", table.Name, key.Name, key.Type.Native, e.Key[0].Type.Native)
	}
	if unique, ok := table.UniqueOn([]string{key.Name}); !ok || !unique.Plain {
		return complain(told.Position, "%s.%s is not kept unique: declare it so in the target", table.Name, key.Name)
	}
	registry := &KeyRegistry{Table: table, Columns: []sqldb.Column{*key}, Values: []record.Value{record.Null()}}
	for _, field := range told.Fields {
		column, ok := table.Column(field.Column)
		if !ok {
			return complain(field.Position, "%s has no column %q%s", table.Name, field.Column, mapping.Hint(field.Column, table.ColumnNames()))
		}
		value, misfit := column.Type.Fit(record.Text(field.Text))
		if misfit != nil {
			return complain(field.Position, "%s.%s: %w", table.Name, column.Name, misfit)
		}
		registry.Columns, registry.Values = append(registry.Columns, *column), append(registry.Values, value)
	}
	for _, column := range table.Columns {
		filled := slices.ContainsFunc(registry.Columns, func(c sqldb.Column) bool { return c.Name == column.Name })
		if !filled && !column.Nullable && !column.HasDefault && !column.Identity && !column.Generated {
			return complain(told.Position, "%s.%s wants a value (NOT NULL, no default): give one in `fields`", table.Name, column.Name)
		}
	}
	e.Registry = registry
	return nil
}
