package migration

import (
	"fmt"
	"slices"
	"strings"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

// Severity says how much a finding weighs.
type Severity string

// The severities: a run refuses to start over what is wrong.
const (
	Wrong   Severity = "error"
	Warning Severity = "warning"
)

// Finding is something about the mapping and its two ends that a person should
// know before running it.
type Finding struct {
	Severity Severity
	Entity   string // or the connection, where no entity is meant
	Position mapping.Position
	Text     string
	Question bool // it is an open one, which keeps runs out of production and is nobody's mistake
}

// Wrong lists the findings that keep a run from starting.
func (m *Migration) Wrong() []Finding {
	var wrong []Finding
	for _, finding := range m.Findings {
		if finding.Severity == Wrong {
			wrong = append(wrong, finding)
		}
	}
	return wrong
}

func (m *Migration) check() {
	m.checkThrottle()
	if m.api != nil {
		m.checkAPI()
	}
	for _, e := range m.Entities {
		note := func(severity Severity, position mapping.Position, format string, args ...any) {
			m.Findings = append(m.Findings, Finding{Severity: severity, Entity: e.Name, Position: position, Text: fmt.Sprintf(format, args...)})
		}
		if e.To.Verify && m.api == nil {
			note(Wrong, e.To.Position, "verify is of APIs alone: rows of a database are looked at in any case, so leave `verify` out")
		}
		e.checkRequired(note)
		e.checkTypes(note)
		e.checkMatch(m.production(), note)
		e.checkForeignKeys(m, note)
		e.checkWaiting(m, note)
		e.checkLookups(m, note)
		e.checkTrace(note)
		e.checkInherited(m, note)
		if m.production() {
			m.checkQuestions(e)
		}
	}
}

// production reports whether the target is a live system.
func (m *Migration) production() bool { return m.Target.Environment == mapping.Production }

type noteFunc func(severity Severity, position mapping.Position, format string, args ...any)

func (e *Entity) field(column string) *mapping.Field {
	for _, field := range e.Fields {
		if field.Target == column {
			return field
		}
	}
	return nil
}

// checkRequired finds columns that the target wants and nobody fills.
func (e *Entity) checkRequired(note noteFunc) {
	for _, column := range e.Table.Columns {
		isKey := slices.Contains(e.To.KeyColumns, column.Name)
		if column.Nullable || column.HasDefault || column.Identity || column.Generated || isKey || e.field(column.Name) != nil {
			continue
		}
		note(Wrong, e.To.Position, "%s.%s wants a value (NOT NULL, no default) and no field fills it", e.Table.Name, column.Name)
	}
}

// checkTypes compares what the two ends declare for straight copies.
func (e *Entity) checkTypes(note noteFunc) {
	from := map[string]record.Field{}
	for _, field := range e.Origin.Columns() {
		from[field.Name] = field
	}
	for _, field := range e.Fields {
		if !field.Copies() {
			continue
		}
		source := from[field.From[0]]
		column, ok := e.Table.Column(field.Target)
		if !ok || source.Type.Kind == record.KindNull {
			continue
		}
		to := column.Type
		switch {
		case to.Kind == record.KindText && to.Length > 0 && source.Type.Kind == record.KindText && (source.Type.Length == 0 || source.Type.Length > to.Length):
			note(Warning, field.Position, "%s (%s) may hold longer text than %s.%s (%s): longer values are rejected", source.Name, orAny(source.Type.Native), e.Table.Name, column.Name, to.Native)
		case to.Kind == record.KindInt && source.Type.Kind == record.KindInt && source.Type.Bits > to.Bits && to.Bits > 0:
			note(Warning, field.Position, "%s (%s) may hold larger numbers than %s.%s (%s): those are rejected", source.Name, source.Type.Native, e.Table.Name, column.Name, to.Native)
		case cannotHold(source.Type.Kind, to.Kind):
			note(Wrong, field.Position, "%s is %s and %s.%s is %s: no value fits; give the field a `do`, `values` or `date`", source.Name, orAny(source.Type.Native), e.Table.Name, column.Name, to.Native)
		}
		if source.Nullable && !column.Nullable {
			note(Warning, field.Position, "%s may be NULL and %s.%s may not: such records are rejected", source.Name, e.Table.Name, column.Name)
		}
	}
}

func orAny(native string) string {
	if native == "" {
		return "any length"
	}
	return native
}

// cannotHold names pairs of kinds of which not a single value passes.
func cannotHold(from, to record.Kind) bool {
	number := func(k record.Kind) bool {
		return k == record.KindInt || k == record.KindFloat || k == record.KindDecimal
	}
	moment := func(k record.Kind) bool {
		return k == record.KindDate || k == record.KindTimestamp || k == record.KindTimestampTZ || k == record.KindTime
	}
	return number(from) && (moment(to) || to == record.KindBytes) || moment(from) && (number(to) || to == record.KindBool || to == record.KindBytes)
}

// checkMatch wants an index behind a match: without one every batch reads the
// whole table, and nothing keeps two rows from matching. A live system is not
// made to bear that.
func (e *Entity) checkMatch(production bool, note noteFunc) {
	if len(e.To.Match) == 0 {
		return
	}
	if _, ok := e.Table.UniqueOn(e.To.Match); ok {
		return
	}
	match := strings.Join(e.To.Match, ", ")
	if e.Remote != nil {
		note(Warning, e.To.Position, "nothing says that %s keeps match [%s] unique: where several records match, one is rejected", e.Table.Name, match)
		return
	}
	if production {
		note(Wrong, e.To.Position, "match [%s] has no unique index on %s, and the target is production: make one, or match by fields that have one", match, e.Table.Name)
		return
	}
	note(Warning, e.To.Position, "match [%s] has no unique index on %s: look-ups are slow and may be ambiguous", match, e.Table.Name)
}

// checkForeignKeys finds references of the target that no `ref` covers.
func (e *Entity) checkForeignKeys(m *Migration, note noteFunc) {
	for _, fk := range e.Table.ForeignKeys {
		for _, column := range fk.Columns {
			field := e.field(column)
			switch {
			case field == nil:
				if c, ok := e.Table.Column(column); ok && c.Nullable {
					note(Warning, e.To.Position, "%s.%s references %s and no field fills it", e.Table.Name, column, fk.References)
				}
			case !field.Refers() && field.Lookup == nil && !field.HasConst:
				note(Warning, field.Position, "%s.%s references %s and is filled without a `ref`: values must already be keys of the target", e.Table.Name, column, fk.References)
			}
		}
	}
	for _, field := range e.Fields {
		for _, name := range field.Parents() {
			parent := m.Entity(name)
			if parent != nil && len(parent.To.KeyColumns) != 1 {
				note(Wrong, field.Position, "%s refers to %s, whose target key has %d columns; one field holds one", field.Target, name, len(parent.To.KeyColumns))
			}
		}
	}
}

// checkTrace wants the source key on the row, so that it can be found there
// long after the migration's books are gone.
func (e *Entity) checkTrace(note noteFunc) {
	for _, key := range e.From.Key {
		carried := false
		for _, field := range e.Fields {
			carried = carried || (slices.Contains(field.From, key) && field.Values == nil && field.Ref == "" && field.Expr == "")
		}
		if !carried {
			note(Warning, e.Position, "no field carries the source key %s: rows of %s cannot be traced without Landfall's books", key, e.Table.Name)
			return
		}
	}
}

// checkQuestions refuses a production target as long as nobody has said what
// becomes of a column.
func (m *Migration) checkQuestions(e *Entity) {
	for _, asked := range e.Ask {
		m.Findings = append(m.Findings, Finding{
			Severity: Wrong, Entity: e.Name, Position: asked.Position, Question: true,
			Text: fmt.Sprintf("an open question about %s, and the target is production: give it a field or `ignore` it with the answer", asked.Column),
		})
	}
}

// Entity finds an opened entity by its name.
func (m *Migration) Entity(name string) *Entity {
	for _, e := range m.Entities {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// Unused is what a source holds and the mapping neither uses nor ignores.
type Unused struct {
	Source  string
	Columns []string
}

// Coverage lists, per source table or file, the columns that are neither used
// nor ignored by any entity that reads it.
func (m *Migration) Coverage() []Unused {
	var first []*Entity // to read each source
	left := map[string][]string{}
	for _, e := range m.Entities {
		unused := e.Coverage(e.Origin.Columns())
		if before, ok := left[e.reads]; ok {
			left[e.reads] = slices.DeleteFunc(before, func(name string) bool { return !slices.Contains(unused, name) })
			continue
		}
		first = append(first, e)
		left[e.reads] = unused
	}
	var report []Unused
	for _, e := range first {
		if len(left[e.reads]) == 0 {
			continue
		}
		name := e.OriginName
		if slices.ContainsFunc(first, func(other *Entity) bool { return other != e && other.OriginName == name }) {
			if name = e.From.Connection + "." + name; e.FromFile != "" {
				name = e.From.File
			} else if e.From.Connection == "" {
				name = m.File.Source + name
			}
		}
		report = append(report, Unused{Source: name, Columns: left[e.reads]})
	}
	return report
}
