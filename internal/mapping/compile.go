package mapping

import (
	"fmt"
	"slices"
	"strings"

	"landfall/internal/record"
)

// Compile binds an entity's fields to the columns of both ends. Every field
// becomes one function over a record's values that knows its places and types.
// The Program is nil when there are Problems.
func Compile(entity *Entity, source []record.Field, target []record.Field) (*Program, Problems) {
	c := &compiler{
		reader: &reader{doc: entity.text}, entity: entity,
		source: names(source), target: names(target), columns: target,
	}
	p := &Program{Entity: entity}
	for _, f := range entity.Fields {
		slot := slices.Index(c.target, f.Target)
		if slot < 0 {
			c.refuse(f.Position, Near(f.Target, c.target), "%s.%s: %s has no column %q", entity.Name, f.Target, entity.To.Table, f.Target)
			continue
		}
		column := target[slot]
		if column.Generated {
			c.refuse(f.Position, "", "%s.%s: the column is computed by the target and may not be written", entity.Name, f.Target)
			continue
		}
		before := len(c.problems)
		places := c.places(f)
		if len(c.problems) > before {
			continue
		}
		switch {
		case f.Refers():
			p.Refs = append(p.Refs, RefField{Slot: len(p.Columns), Field: f, Entities: f.Parents(), OnOrphan: f.OnOrphan})
		case f.Lookup != nil:
			p.Lookups = append(p.Lookups, LookupField{Slot: len(p.Columns), Field: f})
		}
		fill := c.field(f, column, places)
		if f.Check != nil {
			fill = c.checked(f, column, fill)
		}
		p.fields = append(p.fields, fill)
		p.inputs = append(p.inputs, places)
		p.Columns = append(p.Columns, f.Target)
		p.Types = append(p.Types, column.Type)
		p.Once = append(p.Once, f.Once || column.Hidden && !f.Always)
		p.Hidden = append(p.Hidden, column.Hidden)
		p.KeepNull = append(p.KeepNull, keepsNull(entity, f, column))
		if column.Hidden {
			// What the target shows to nobody is shown to nobody here.
			f.Private = true
		}
	}
	c.ignored()
	c.totals()
	c.made(c.source)
	c.operation(c.source)
	if len(c.problems) > 0 {
		sortProblems(c.problems)
		return nil, c.problems
	}
	return p, nil
}

// keepsNull reports whether a NULL leaves the value of a row that is there as it
// is: the field says so, or else the entity, or else the column.
func keepsNull(e *Entity, f *Field, column record.Field) bool {
	switch {
	case f.Refers():
		return false // one that is empty may wait for its parent, or has none
	case f.Null != "":
		return f.Null == NullKeep
	case e.Null != "":
		return e.Null == NullKeep
	}
	return column.KeepsNull
}

type compiler struct {
	*reader
	entity  *Entity
	source  []string
	target  []string
	columns []record.Field
}

// stand lets what is refused from here on be told at places of another file,
// until the returned function is called.
func (c *compiler) stand(doc *document) (back func()) {
	own := c.doc
	c.doc = doc
	return func() { c.doc = own }
}

// places finds the source columns of a field.
func (c *compiler) places(f *Field) []int {
	found := make([]int, 0, len(f.From))
	for i, name := range f.From {
		place := slices.Index(c.source, name)
		at := f.at.of("from", i, f.at.of("expr.columns", i, f.at.of("where.from", i, f.Position)))
		switch {
		case place < 0:
			near := Near(name, c.source)
			if near == "" {
				c.refuse(at, "", "%s.%s: the source has no column %q; it has %s", c.entity.Name, f.Target, name, some(c.source))
				continue
			}
			c.refuse(at, near, "%s.%s: the source has no column %q", c.entity.Name, f.Target, name)
		case slices.Contains(c.source[place+1:], name):
			c.refuse(at, "", "%s.%s: the source has several columns %q", c.entity.Name, f.Target, name)
		default:
			found = append(found, place)
		}
	}
	return found
}

func (c *compiler) ignored() {
	for _, ignored := range c.entity.Ignore {
		if !slices.Contains(c.source, ignored.Column) {
			c.refuse(ignored.Position, Near(ignored.Column, c.source), "%s.ignore: the source has no column %q", c.entity.Name, ignored.Column)
		}
	}
	for _, private := range c.entity.Private {
		if !slices.Contains(c.source, private.Column) {
			c.refuse(private.Position, Near(private.Column, c.source), "%s.private: the source has no column %q", c.entity.Name, private.Column)
		}
	}
	for _, asked := range c.entity.Ask {
		if !slices.Contains(c.source, asked.Column) {
			c.refuse(asked.Position, Near(asked.Column, c.source), "%s.ask: the source has no column %q", c.entity.Name, asked.Column)
		}
	}
}

// field chooses the function for what the mapping says, and closes it with what
// the target declares.
func (c *compiler) field(f *Field, column record.Field, places []int) compiledField {
	switch {
	case f.HasConst:
		return c.constant(f, column)
	case f.Refers() || f.Lookup != nil:
		if f.OnOrphan == OrphanNull && !column.Nullable {
			c.refuse(f.at.of("missing", 0, f.Position), "", "%s.%s: missing: null cannot be, as the column is NOT NULL", c.entity.Name, f.Target)
		}
		return pointing(f, column, places)
	}
	read := c.reading(f, places)
	if f.Values != nil || f.Nulls != nil {
		return finish(c.codes(f, column, read), record.Type{}, column.Nullable)
	}
	if f.Date != nil {
		read = dated(read, newLayouts(f.Date))
	}
	if f.Zone != "" {
		read = c.zoned(f, column, read)
	}
	if f.Expr == "" && len(places) == 1 && len(f.Do) == 0 && f.Date == nil && f.Zone == "" {
		return plain(places[0], column, f.Keep)
	}
	return finish(read, column.Type, column.Nullable)
}

// constant reads the value once, so that a constant that does not fit is told
// before any record is.
func (c *compiler) constant(f *Field, column record.Field) compiledField {
	v := record.Null()
	if f.Const != nil {
		v = record.Text(*f.Const)
	}
	fitted, misfit := column.Type.Fit(v)
	at := f.at.of("const", 0, f.Position)
	switch {
	case misfit != nil:
		c.refuse(at, "", "%s.%s: the constant does not fit the column: %s", c.entity.Name, f.Target, misfit)
	case fitted.IsNull() && !column.Nullable:
		c.refuse(at, "", "%s.%s: the constant NULL does not fit the column, which is NOT NULL", c.entity.Name, f.Target)
	}
	return func([]record.Value) (record.Value, *record.Misfit) { return fitted, nil }
}

// Compared lists, in name order, the columns that a row's hash covers: all but
// those that are written only once, and those that the target gives back to nobody.
func (p *Program) Compared() []string { return p.written(false) }

// WrittenOnce lists, in name order, the columns that are written only when a row
// is inserted, and that the target gives back.
func (p *Program) WrittenOnce() []string { return p.written(true) }

func (p *Program) written(once bool) []string {
	var columns []string
	for i, name := range p.Columns {
		if p.Once[i] == once && !p.Hidden[i] {
			columns = append(columns, name)
		}
	}
	slices.Sort(columns)
	return columns
}

// HiddenInputs lists the places of a record's values that nothing but hidden
// columns is made of.
func (p *Program) HiddenInputs() []int {
	open := map[int]bool{}
	for i, inputs := range p.inputs {
		for _, place := range inputs {
			open[place] = open[place] || !p.Hidden[i]
		}
	}
	var hidden []int
	for place, shown := range open {
		if !shown {
			hidden = append(hidden, place)
		}
	}
	slices.Sort(hidden)
	return hidden
}

// Shape fills out, whose length is that of Columns, with the target's values of
// a record, or says which field refuses it. It may be called from several
// goroutines at a time.
func (p *Program) Shape(rec *record.Record, out []record.Value) *record.Rejection {
	for i, field := range p.fields {
		v, misfit := field(rec.Values)
		if misfit != nil {
			return p.reject(rec, i, misfit)
		}
		out[i] = v
	}
	return nil
}

func (p *Program) reject(rec *record.Record, slot int, misfit *record.Misfit) *record.Rejection {
	return &record.Rejection{Ref: rec.Ref, Step: record.StepShape, Field: p.Columns[slot], Code: misfit.Code, Err: misfit}
}

func names(fields []record.Field) []string {
	list := make([]string, len(fields))
	for i := range fields {
		list[i] = fields[i].Name
	}
	return list
}

// list prints names one after the other.
func list(names []string) string { return strings.Join(names, ", ") }

// some prints the first names of a list that may be long.
func some(names []string) string {
	const shown = 12
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > shown:
		return fmt.Sprintf("%s and %d more", list(names[:shown]), len(names)-shown)
	}
	return list(names)
}
