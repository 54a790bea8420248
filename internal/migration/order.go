package migration

import (
	"cmp"
	"slices"

	"landfall/internal/mapping"
)

// order brings the entities into the order of landing.
func (m *Migration) order() error {
	order, err := m.File.Order(func(entity *mapping.Entity, field *mapping.Field) bool { return m.Entity(entity.Name).mayWait(field) })
	if err != nil {
		return err
	}
	slices.SortStableFunc(m.Entities, func(a, b *Entity) int {
		return cmp.Compare(slices.Index(order, a.Entity), slices.Index(order, b.Entity))
	})
	return nil
}

// mayWait reports whether a reference may be filled in after its row has
// landed: the column takes NULL, and nothing is recognised by it.
func (e *Entity) mayWait(field *mapping.Field) bool {
	column, ok := e.Table.Column(field.Target)
	return ok && column.Nullable && !e.recognised(field) && !e.inheritsBy(field) && field.By == nil && field.Switch == ""
}

// recognised reports whether rows are known by the field.
func (e *Entity) recognised(field *mapping.Field) bool {
	return slices.Contains(e.To.Match, field.Target) || slices.Contains(e.To.KeyColumns, field.Target)
}

// Waits reports whether records of the entity may be read before the parents of
// the given entity that they refer to: it is itself, or lands after.
func (m *Migration) Waits(entity *Entity, parent string) bool {
	at := func(name string) int {
		return slices.IndexFunc(m.Entities, func(e *Entity) bool { return e.Name == name })
	}
	return at(parent) >= at(entity.Name)
}

// Circle lists, in the order of landing, the entities that refer to each other
// and that the given one is among; itself alone when it is in no circle.
func (m *Migration) Circle(entity *Entity) []*Entity {
	var circle []*Entity
	members := m.File.Circle(entity.Entity)
	for _, e := range m.Entities {
		if slices.Contains(members, e.Entity) {
			circle = append(circle, e)
		}
	}
	return circle
}

// checkWaiting tells of references to the own entity that cannot be filled in
// once their parents have landed.
func (e *Entity) checkWaiting(m *Migration, note noteFunc) {
	if circle := m.Circle(e); e.To.Collapse && (len(circle) > 1 || slices.ContainsFunc(e.Fields, func(f *mapping.Field) bool { return slices.Contains(f.Parents(), e.Name) })) {
		note(Wrong, e.To.Position, "collapse with references that may be filled in later is not supported yet")
	}
	for _, field := range e.Fields {
		if field.Switch != "" && slices.ContainsFunc(field.Parents(), func(name string) bool { return name != e.Name && slices.Contains(m.Circle(e), m.Entity(name)) }) {
			note(Wrong, field.Position, "%s refers by switch to entities that refer back to %s: that is not supported yet", field.Target, e.Name)
		}
		if !slices.Contains(field.Parents(), e.Name) {
			continue
		}
		column, ok := e.Table.Column(field.Target)
		switch {
		case field.Switch != "":
			note(Wrong, field.Position, "%s may refer to %s itself, by switch: that is not supported yet", field.Target, e.Name)
		case e.recognised(field):
			note(Wrong, field.Position, "%s refers to %s itself and rows are recognised by it (key or match): a record that comes before its parent could not be", field.Target, e.Name)
		case ok && !column.Nullable:
			note(Warning, field.Position, "%s refers to %s itself and %s.%s is NOT NULL: a record that comes in a batch before its parent's is rejected; order the source so that parents come first, or make the column nullable", field.Target, e.Name, e.Table.Name, column.Name)
		}
	}
}

// inheritsBy reports whether the rows' keys begin with the key of the row that
// the field refers to.
func (e *Entity) inheritsBy(field *mapping.Field) bool {
	return e.To.Inherited != nil && e.To.Inherited.From == field.Target
}
