package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// Order lists the entities so that parents land before what refers to them;
// entities that do not depend on each other stay in the file's order. A cycle
// is a Problem at the reference that closes it.
func (f *File) Order() ([]*Entity, error) {
	var order []*Entity
	landed := map[string]bool{}
	left := slices.Clone(f.Entities)
	for len(left) > 0 {
		ready := slices.IndexFunc(left, func(e *Entity) bool {
			return !slices.ContainsFunc(e.Fields, func(field *Field) bool { return field.Ref != "" && !landed[field.Ref] })
		})
		if ready < 0 {
			return nil, f.cycle(left)
		}
		landed[left[ready].Name] = true
		order = append(order, left[ready])
		left = slices.Delete(left, ready, ready+1)
	}
	return order, nil
}

// cycle follows references among entities that wait for each other until one
// comes back.
func (f *File) cycle(waiting []*Entity) error {
	waits := map[string]bool{}
	for _, e := range waiting {
		waits[e.Name] = true
	}
	var path []string
	var fields []*Field
	for e := waiting[0]; ; {
		first := slices.Index(path, e.Name)
		path = append(path, e.Name)
		if first >= 0 {
			closing := fields[len(fields)-1]
			return Problems{f.Problem(closing.at.of("ref", 0, closing.Position), fmt.Sprintf(
				"%s.%s: references go in a circle, %s; references in a cycle are not supported yet",
				path[len(path)-2], closing.Target, strings.Join(path[first:], " -> "),
			))}
		}
		var next *Field
		for _, field := range e.Fields {
			if field.Ref != "" && (waits[field.Ref] || f.Entity(field.Ref) == nil) {
				next = field
				break
			}
		}
		parent := f.Entity(next.Ref)
		if parent == nil {
			return Problems{f.Problem(next.Position, fmt.Sprintf("%s.%s: no entity is named %q", e.Name, next.Target, next.Ref))}
		}
		fields = append(fields, next)
		e = parent
	}
}

// Reason tells why an entity stands where it does in the order: "after branch
// (branch_id)". It is empty for an entity without references.
func (f *File) Reason(entity *Entity) string {
	var parents []string
	fields := map[string][]string{}
	for _, field := range entity.Fields {
		if field.Ref == "" {
			continue
		}
		if len(fields[field.Ref]) == 0 {
			parents = append(parents, field.Ref)
		}
		fields[field.Ref] = append(fields[field.Ref], field.Target)
	}
	if len(parents) == 0 {
		return ""
	}
	for i, parent := range parents {
		parents[i] = parent + " (" + list(fields[parent]) + ")"
	}
	return "after " + list(parents)
}
