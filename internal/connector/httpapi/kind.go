package httpapi

import (
	"fmt"
	"slices"
	"strings"

	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// kind is a Type, compiled.
type kind struct {
	*Type
	fields                                              []*field
	byName                                              map[string]*field
	version, age                                        *expression
	mark                                                template
	create, update, replace, get, find, remove, counted *request
	newest                                              *request
}

func (c *compiling) kind(t *Type, path []string) *kind {
	k := &kind{Type: t, byName: map[string]*field{}}
	for _, f := range t.Fields {
		at := under(path, "fields", f.Name)
		if _, known := kinds[f.Type]; !known {
			c.faults.unknownWord(under(at, "type"), f.Type, typeNames())
		}
		if fault := nameFault(f.Name); fault != "" {
			c.faults.add(at, "", "%s", fault)
		}
		if f.Hidden && f.Unique {
			c.faults.add(under(at, "hidden"), "", "a field that is never given back cannot be looked up: expected hidden or unique, not both")
		}
		if f.Alone && t.Replace == nil {
			c.faults.add(under(at, "alone"), "", "expected a request `replace` in the type, which writes such a field")
		}
		k.fields = append(k.fields, t.compiled(f))
		k.byName[f.Name] = k.fields[len(k.fields)-1]
	}
	if len(t.Key) == 0 {
		c.faults.add(under(path, "key"), "", "expected the field that names a record, or several")
	}
	for _, named := range append([]struct {
		key   string
		names []string
	}{{"key", t.Key}}, uniqueNames(t.Unique)...) {
		for _, name := range named.names {
			c.known(k, name, under(path, named.key))
		}
	}
	if a, b := clash(k.fields); a != "" {
		c.faults.add(under(path, "fields", b), "", "%s is a field of its own, and %s lies in it: expected one of the two", a, b)
	}
	k.version = compileExpression(t.Version, under(path, "version"), recordNames, false, &c.faults)
	k.age = compileExpression(t.Age, under(path, "age"), recordNames, false, &c.faults)
	if (t.Age == "") != (t.Newest == nil) {
		c.faults.add(under(path, "age"), "", "expected `age`, what tells which of two records was made first, and the request `newest`: one says nothing without the other")
	}
	if t.Marker != nil {
		c.known(k, t.Marker.Field, under(path, "marker", "field"))
		value := t.Marker.Value
		if value == "" {
			value = "{token}"
		}
		k.mark = parseTemplate(value, under(path, "marker", "value"), []string{"token", "ref", "type"}, &c.faults)
	}
	request := func(r *Request, asked purpose) *request {
		if r != nil && r.Results == nil && t.Results != nil && r.mentions("{records}") {
			completed := *r
			completed.Results = t.Results
			r = &completed
		}
		return c.request(r, asked, string(asked)+" "+t.Name, under(path, string(asked)))
	}
	k.create, k.update, k.replace = request(t.Create, toCreate), request(t.Update, toUpdate), request(t.Replace, toReplace)
	k.get, k.find, k.remove, k.counted = request(t.Get, toGet), request(t.Find, toFind), request(t.Delete, toDelete), request(t.Count, toCount)
	k.newest = request(t.Newest, toNewest)
	k.get.holdsKey(k)
	k.find.holdsKey(k)
	k.newest.holdsKey(k)
	if k.counted != nil && k.counted.total == nil {
		c.faults.add(under(path, "count", "total"), "", "expected an expression for the number, such as body.total")
	}
	if k.find != nil {
		for _, name := range t.Find.Fields {
			c.known(k, name, under(path, "find", "fields"))
		}
		if k.find.most() > 1 && !k.find.uses("filter") && !k.find.uses("values") {
			c.faults.add(under(path, "find", "records"), "", "a search for %d records needs {filter} or {values}", k.find.most())
		}
		if k.find.uses("filter") && k.find.filter == nil {
			c.faults.add(under(path, "find", "filter"), "", "expected how {filter} is written: {text: \"{field} = '{value}'\"}")
		}
	}
	return k
}

func uniqueNames(sets [][]string) (named []struct {
	key   string
	names []string
},
) {
	for _, names := range sets {
		named = append(named, struct {
			key   string
			names []string
		}{"unique", names})
	}
	return named
}

// known wants a name to be a declared field.
func (c *compiling) known(k *kind, name string, path []string) {
	if k.byName[name] == nil {
		c.faults.add(path, mapping.Near(name, k.names()), "%s has no field %q: declare it in `fields`", k.Name, name)
	}
}

func (k *kind) names() []string {
	names := make([]string, len(k.fields))
	for i, f := range k.fields {
		names[i] = f.Name
	}
	return names
}

// nameFault says what is wrong with a field's name.
func nameFault(name string) string {
	for _, member := range strings.Split(name, ".") {
		if member == "" {
			return fmt.Sprintf("expected a path such as email or address.city, found %q", name)
		}
	}
	return ""
}

// clash finds a field that lies within another.
func clash(fields []*field) (outer, inner string) {
	all := map[string]bool{}
	for _, f := range fields {
		all[f.Name] = true
	}
	for _, f := range fields {
		for i := 1; i < len(f.path); i++ {
			if prefix := strings.Join(f.path[:i], "."); all[prefix] {
				return prefix, f.Name
			}
		}
	}
	return "", ""
}

// field is a field by its name; one that is not declared is text.
func (k *kind) field(name string) *field {
	if f := k.byName[name]; f != nil {
		return f
	}
	return k.compiled(Field{Name: name, KeepsNull: k.KeepsNull})
}

// compiled is a field of the type.
func (t *Type) compiled(f Field) *field {
	c := compileField(f)
	c.spell = t.Spell
	return c
}

// table is the type as a table, with the given fields where it is open.
func (k *kind) table(fields []string) (*sqldb.Table, error) {
	all := slices.Clone(k.fields)
	if k.Open {
		for _, name := range fields {
			if k.byName[name] == nil {
				if fault := nameFault(name); fault != "" {
					return nil, fmt.Errorf("%s: %s", k.Name, fault)
				}
				all = append(all, k.compiled(Field{Name: name, KeepsNull: k.KeepsNull}))
			}
		}
	}
	if outer, inner := clash(all); outer != "" {
		return nil, fmt.Errorf("%s: %s is a field of its own, and %s lies in it: fill one of the two", k.Name, outer, inner)
	}
	t := &sqldb.Table{Name: sqldb.Name{Table: k.Name}, PrimaryKey: k.Key}
	for _, f := range all {
		t.Columns = append(t.Columns, sqldb.Column{
			Name: f.Name, Type: f.typ, Nullable: !f.Required, HasDefault: f.Default, Identity: f.Given, Generated: f.ReadOnly && !f.Given,
			Hidden: f.Hidden, KeepsNull: f.KeepsNull, Nothing: f.nothing(),
		})
		if f.Unique {
			t.Uniques = append(t.Uniques, sqldb.Unique{Name: f.Name, Columns: []string{f.Name}, Plain: true})
		}
	}
	t.Uniques = append(t.Uniques, sqldb.Unique{Name: strings.Join(k.Key, ", "), Columns: k.Key, Primary: true, Plain: true})
	for _, names := range k.Unique {
		t.Uniques = append(t.Uniques, sqldb.Unique{Name: strings.Join(names, ", "), Columns: names, Plain: true})
	}
	for i, u := range t.Uniques {
		for _, name := range u.Columns {
			if column, ok := t.Column(name); ok && column.Type.FoldCase && column.Type.Kind == record.KindText {
				t.Uniques[i].Plain = false
			}
		}
	}
	return t, nil
}

// toldBy are the members of a record that its version and its age are made of.
func (k *kind) toldBy() (names []string) {
	for _, told := range []string{k.Version, k.Age} {
		if name, found := strings.CutPrefix(told, "record."); found && !strings.ContainsAny(name, " ()[]?:+") {
			names = append(names, name)
		}
	}
	return names
}
