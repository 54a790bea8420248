package plan

import (
	"fmt"
	"slices"
	"strings"

	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
)

// afters says what an entity waits for, and why: a reference of the mapping, a
// foreign key of the target, or a key that is built on another one.
func afters(m *migration.Migration, e *migration.Entity) []After {
	var after []After
	add := func(name, why string) {
		known := slices.ContainsFunc(after, func(a After) bool { return a.Entity == name && a.Why == why })
		if !known {
			after = append(after, After{Entity: name, Why: why})
		}
	}
	for _, field := range e.Fields {
		for _, name := range field.Parents() {
			why := fmt.Sprintf("%s refers to it", field.Target)
			if m.Waits(e, name) {
				why += "; what comes later is filled in at the end"
			}
			add(name, why)
		}
	}
	if e.To.Inherited != nil {
		for _, field := range e.Fields {
			if field.Target == e.To.Inherited.From {
				for _, name := range field.Parents() {
					add(name, "its keys are built on those of it")
				}
			}
		}
	}
	for _, fk := range e.Table.ForeignKeys {
		for _, other := range m.Entities {
			if other != e && other.Table.Name == fk.References {
				add(other.Name, fmt.Sprintf("the target's foreign key over %s", joinNames(fk.Columns)))
			}
		}
	}
	return after
}

// circles are the entities that refer to each other, each circle once.
func circles(m *migration.Migration) [][]string {
	var found [][]string
	taken := map[string]bool{}
	for _, e := range m.Entities {
		if taken[e.Name] {
			continue
		}
		var names []string
		for _, member := range m.Circle(e) {
			names = append(names, member.Name)
			taken[member.Name] = true
		}
		itself := slices.ContainsFunc(e.Fields, func(f *mapping.Field) bool { return slices.Contains(f.Parents(), e.Name) })
		if len(names) > 1 || itself {
			found = append(found, append(names, names[0]))
		}
	}
	return found
}

// keyWords say how new rows of an entity get their keys.
func keyWords(e *migration.Entity) string {
	columns := joinNames(e.To.KeyColumns)
	switch e.To.NewKey {
	case mapping.KeyNatural:
		return fmt.Sprintf("%s: from the record's own fields", columns)
	case mapping.KeyUUID:
		if e.To.UUID == 5 {
			return fmt.Sprintf("%s: a UUID made from the record's name, always the same", columns)
		}
		return fmt.Sprintf("%s: a new UUID", columns)
	case mapping.KeySequence:
		return fmt.Sprintf("%s: from the target's sequence %s", columns, e.Key[0].Sequence)
	case mapping.KeyIdentity:
		if e.Remote != nil {
			return fmt.Sprintf("%s: the API gives it", columns)
		}
		return fmt.Sprintf("%s: from the target's own counter", columns)
	}
	switch {
	case e.To.Offset != nil:
		return fmt.Sprintf("%s: %d and a row number, of the space %s", columns, e.To.Offset.Base, e.To.SpaceName(e.Table.Name.String()))
	case e.To.Inherited != nil:
		return fmt.Sprintf("%s: the key that %s refers to, and %d digits", columns, e.To.Inherited.From, e.To.Inherited.Digits)
	}
	return fmt.Sprintf("%s: %s", columns, e.To.NewKey)
}

// rollbackSteps say how what the run does is undone.
func rollbackSteps(p *Plan) []string {
	// The run has no name yet: one that comes before it takes the next one, and
	// undoing that is not what was approved.
	steps := []string{"landfall rollback RUN undoes the run, from its last batch to its first, where RUN is the name that the run tells when it starts; it refuses rows that people have changed since, and what others have built on"}
	rows := "rows"
	if p.Target.Place.API != "" {
		rows = "records"
	}
	for _, e := range slices.Backward(p.Entities) {
		var words []string
		if n := e.Counts[record.Created]; n > 0 {
			words = append(words, fmt.Sprintf("deletes %d created %s of %s", n, rows, e.Table))
		}
		if n := e.Counts[record.Updated]; n > 0 {
			words = append(words, fmt.Sprintf("gives %d updated %s of %s back what they held", n, rows, e.Table))
		}
		if len(words) > 0 {
			steps = append(steps, fmt.Sprintf("%s: %s", e.Name, strings.Join(words, ", ")))
		}
	}
	return append(steps, "landfall reconcile shows afterwards what is there")
}

func joinNames(names []string) string { return strings.Join(names, ", ") }
