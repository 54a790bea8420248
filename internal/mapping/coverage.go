package mapping

import "landfall/internal/record"

// Coverage lists the source columns that the entity neither uses, in a field
// or as its key, nor ignores, nor asks about.
func (e *Entity) Coverage(source []record.Field) (unused []string) {
	covered := map[string]bool{}
	for _, name := range e.From.Key {
		covered[name] = true
	}
	if e.From.Each != nil {
		covered[SlotColumn], covered[e.From.Each.Value] = true, true
		for _, name := range e.From.Each.Columns {
			covered[name] = true
		}
	}
	if e.From.Operation != nil {
		covered[e.From.Operation.Column] = true
	}
	for _, f := range e.Fields {
		for _, name := range f.From {
			covered[name] = true
		}
	}
	for _, ignored := range e.Ignore {
		covered[ignored.Column] = true
	}
	for _, asked := range e.Ask {
		covered[asked.Column] = true
	}
	for _, column := range source {
		if !covered[column.Name] {
			unused = append(unused, column.Name)
		}
	}
	return unused
}
