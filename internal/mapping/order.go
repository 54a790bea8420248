package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// Order lists the entities so that parents land before what refers to them;
// entities that do not depend on each other stay in the file's order, and
// those that refer to each other in a circle stand together. In a circle one
// has to go first: what it refers to is filled in later, which mayWait allows
// or not (nil allows it everywhere). A circle in which no reference may wait is
// a Problem at the one that closes it.
func (f *File) Order(mayWait func(*Entity, *Field) bool) ([]*Entity, error) {
	if mayWait == nil {
		mayWait = func(*Entity, *Field) bool { return true }
	}
	order := make([]*Entity, 0, len(f.Entities))
	placed := map[string]bool{}
	for len(order) < len(f.Entities) {
		ready := slices.IndexFunc(f.Entities, func(e *Entity) bool {
			if placed[e.Name] {
				return false
			}
			circle := f.Circle(e)
			return !slices.ContainsFunc(circle, func(member *Entity) bool {
				return slices.ContainsFunc(f.parents(member), func(parent *Entity) bool {
					return !placed[parent.Name] && !slices.Contains(circle, parent)
				})
			})
		})
		circle, err := f.orderCircle(f.Circle(f.Entities[ready]), mayWait)
		if err != nil {
			return nil, err
		}
		for _, e := range circle {
			placed[e.Name] = true
		}
		order = append(order, circle...)
	}
	return order, nil
}

// Circle lists, in the file's order, the entities that refer to each other, by
// way of others perhaps, and that the given one is among; itself alone when it
// is in no circle.
func (f *File) Circle(entity *Entity) []*Entity {
	var circle []*Entity
	forth := f.reach(entity)
	for _, e := range f.Entities {
		if e == entity || forth[e] && f.reach(e)[entity] {
			circle = append(circle, e)
		}
	}
	return circle
}

// reach is the set of entities that one refers to, by way of others perhaps.
func (f *File) reach(entity *Entity) map[*Entity]bool {
	reached := map[*Entity]bool{}
	var walk func(*Entity)
	walk = func(e *Entity) {
		for _, parent := range f.parents(e) {
			if !reached[parent] {
				reached[parent] = true
				walk(parent)
			}
		}
	}
	walk(entity)
	return reached
}

// parents are the entities that an entity's fields refer to.
func (f *File) parents(e *Entity) []*Entity {
	var parents []*Entity
	for _, field := range e.Fields {
		for _, name := range field.Parents() {
			if parent := f.Entity(name); parent != nil && !slices.Contains(parents, parent) {
				parents = append(parents, parent)
			}
		}
	}
	return parents
}

// orderCircle puts first those of a circle that wait for nobody, and where all
// wait, the first of which every reference to the rest may be filled in later.
func (f *File) orderCircle(circle []*Entity, mayWait func(*Entity, *Field) bool) ([]*Entity, error) {
	left := slices.Clone(circle)
	ordered := make([]*Entity, 0, len(left))
	for len(left) > 0 {
		bound := func(mayWait func(*Entity, *Field) bool) func(*Entity) bool {
			return func(e *Entity) bool { return f.binding(e, left, mayWait) == nil }
		}
		next := slices.IndexFunc(left, bound(func(*Entity, *Field) bool { return false }))
		if next < 0 {
			next = slices.IndexFunc(left, bound(mayWait))
		}
		if next < 0 {
			return nil, f.closed(left, mayWait)
		}
		ordered = append(ordered, left[next])
		left = slices.Delete(left, next, next+1)
	}
	return ordered, nil
}

// binding is the first field for whose sake an entity must land after another
// of those that are left; nil when there is none. What refers to its own entity
// binds nobody.
func (f *File) binding(e *Entity, left []*Entity, mayWait func(*Entity, *Field) bool) *Field {
	for _, field := range e.Fields {
		waits := slices.ContainsFunc(field.Parents(), func(name string) bool {
			return name != e.Name && slices.Contains(left, f.Entity(name))
		})
		if waits && !mayWait(e, field) {
			return field
		}
	}
	return nil
}

// closed follows references that cannot wait until one comes back.
func (f *File) closed(left []*Entity, mayWait func(*Entity, *Field) bool) error {
	var path []string
	var closing *Field
	for e := left[0]; ; {
		first := slices.Index(path, e.Name)
		path = append(path, e.Name)
		if first >= 0 {
			return Problems{f.Problem(closing.at.of("ref", 0, closing.Position), fmt.Sprintf(
				"%s.%s: references go in a circle, %s, and none of them can be filled in later: make one of their columns nullable, and no part of a key or match",
				path[len(path)-2], closing.Target, strings.Join(path[first:], " -> "),
			))}
		}
		closing = f.binding(e, left, mayWait)
		for _, name := range closing.Parents() {
			if parent := f.Entity(name); name != e.Name && slices.Contains(left, parent) {
				e = parent
				break
			}
		}
	}
}

// Reason tells why an entity stands where it does in the order: "after branch
// (branch_id)". It is empty for an entity that refers to no other.
func (f *File) Reason(entity *Entity) string {
	var parents []string
	fields := map[string][]string{}
	for _, field := range entity.Fields {
		for _, name := range field.Parents() {
			if name == entity.Name {
				continue
			}
			if len(fields[name]) == 0 {
				parents = append(parents, name)
			}
			fields[name] = append(fields[name], field.Target)
		}
	}
	circle := f.Circle(entity)
	var after, around []string
	for _, parent := range parents {
		text := parent + " (" + list(fields[parent]) + ")"
		if slices.Contains(circle, f.Entity(parent)) {
			around = append(around, text)
		} else {
			after = append(after, text)
		}
	}
	var reasons []string
	if len(after) > 0 {
		reasons = append(reasons, "after "+list(after))
	}
	if len(around) > 0 {
		reasons = append(reasons, "in a circle with "+list(around))
	}
	return strings.Join(reasons, ", ")
}
