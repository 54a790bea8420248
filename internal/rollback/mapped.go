package rollback

import (
	"context"
	"errors"
	"slices"

	"landfall/internal/mapping"
	"landfall/internal/sqldb"
)

// mapped finds the references that the mapping's fields make, whether the target
// declares them or not, in the tables of all its entities: a row that a field
// points at is needed as one is that a foreign key points at.
type mapped struct {
	*runner
	tables map[string]*sqldb.Table // by the names in the mapping; nil: not there
}

// referencesTo lists the references to a table that the mapping alone knows.
func (m *mapped) referencesTo(ctx context.Context, to sqldb.Name, declared []sqldb.Reference) ([]sqldb.Reference, error) {
	var found []sqldb.Reference
	for _, e := range m.end.File.Entities {
		for _, f := range e.Fields {
			for _, end := range m.endsOf(f) {
				by, err := m.reference(ctx, e, f, end)
				if err != nil {
					return nil, err
				}
				same := func(other sqldb.Reference) bool {
					return by.From == other.From && slices.Equal(by.Columns, other.Columns) && slices.Equal(by.Referenced, other.Referenced)
				}
				if by == nil || by.to != to || slices.ContainsFunc(declared, same) || slices.ContainsFunc(found, same) {
					continue
				}
				found = append(found, by.Reference)
			}
		}
	}
	return found, nil
}

// pointed is a column of a table that a field points at, by the names in the
// mapping.
type pointed struct{ table, column string }

func (m *mapped) endsOf(f *mapping.Field) (ends []pointed) {
	for _, name := range f.Parents() {
		if parent := m.end.File.Entity(name); parent != nil && len(parent.To.KeyColumns) == 1 {
			ends = append(ends, pointed{parent.To.Table, parent.To.KeyColumns[0]})
		}
	}
	if f.Lookup != nil {
		ends = append(ends, pointed{f.Lookup.Table, f.Lookup.Take})
	}
	return ends
}

type mappedReference struct {
	sqldb.Reference
	to sqldb.Name
}

// reference is nil where the target has not both columns: then nothing can refer
// by them.
func (m *mapped) reference(ctx context.Context, e *mapping.Entity, f *mapping.Field, end pointed) (*mappedReference, error) {
	from, err := m.table(ctx, e.To.Table)
	if from == nil || err != nil {
		return nil, err
	}
	to, err := m.table(ctx, end.table)
	if to == nil || err != nil {
		return nil, err
	}
	holds, ok := from.Column(f.Target)
	held, known := to.Column(end.column)
	if !ok || !known {
		return nil, nil
	}
	return &mappedReference{to: to.Name, Reference: sqldb.Reference{
		From: from.Name, Columns: []string{holds.Name}, Referenced: []string{held.Name}, Key: from.PrimaryKey,
		Undeclared: true, AsText: holds.Type.Kind != held.Type.Kind || holds.Type.UUID != held.Type.UUID,
	}}, nil
}

// look looks at a table. An API that declares nothing has the fields that the
// mapping fills.
func (m *mapped) look(ctx context.Context, name string) (*sqldb.Table, error) {
	if m.end.API() == nil {
		return m.end.Looker().Table(ctx, name)
	}
	for _, e := range m.end.File.Entities {
		if e.To.Table == name {
			found, err := m.end.Entity(ctx, e.Name)
			if err != nil {
				return nil, err
			}
			return found.Table, nil
		}
	}
	return m.end.API().Table(ctx, name, nil)
}

func (m *mapped) table(ctx context.Context, name string) (*sqldb.Table, error) {
	if table, known := m.tables[name]; known {
		return table, nil
	}
	table, err := m.look(ctx, name)
	if errors.Is(err, sqldb.ErrNoTable) {
		table, err = nil, nil
	}
	if err == nil {
		m.tables[name] = table
	}
	return table, err
}
