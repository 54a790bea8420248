package mapping

import (
	"slices"

	"landfall/internal/record"
)

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

// SourceCoverage is the coverage of one table, query or file by all entities
// that read it.
type SourceCoverage struct {
	Connection string // empty for the file's default and for files
	Source     string // the table, query or file as the mapping writes it
	Entities   []string
	Unused     []string
}

// CoverageBySource groups coverage by what is read: a column is covered when
// any of the entities over that source uses or ignores it.
func CoverageBySource(entities []*Entity, columnsOf func(*Entity) []record.Field) []SourceCoverage {
	var report []SourceCoverage
	for _, e := range entities {
		source := e.From.Table + e.From.Query + e.From.File // exactly one is given
		unused := e.Coverage(columnsOf(e))
		at := slices.IndexFunc(report, func(c SourceCoverage) bool {
			return c.Connection == e.From.Connection && c.Source == source
		})
		if at < 0 {
			report = append(report, SourceCoverage{Connection: e.From.Connection, Source: source, Entities: []string{e.Name}, Unused: unused})
			continue
		}
		c := &report[at]
		c.Entities = append(c.Entities, e.Name)
		c.Unused = slices.DeleteFunc(c.Unused, func(name string) bool { return !slices.Contains(unused, name) })
	}
	return report
}

// Unfilled lists the target columns that must have a value and that neither a
// field nor the key gives one: every record would be refused.
func (e *Entity) Unfilled(target []record.Field) (missing []string) {
	for _, column := range target {
		filled := column.Nullable || column.HasDefault || column.Generated || slices.Contains(e.To.KeyColumns, column.Name) ||
			slices.ContainsFunc(e.Fields, func(f *Field) bool { return f.Target == column.Name })
		if !filled {
			missing = append(missing, column.Name)
		}
	}
	return missing
}
