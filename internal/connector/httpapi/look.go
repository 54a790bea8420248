package httpapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// seen is a record of the API, as it was read.
type seen struct {
	tree    any
	version string
	age     string // empty where it is not told
}

// values are its columns, in the form that Fit gives.
func (r *remote) values(s seen, columns []sqldb.Column) []record.Value {
	values := make([]record.Value, len(columns))
	for i, column := range columns {
		f := r.field(column.Name)
		values[i] = f.read(at(s.tree, f.path))
	}
	return values
}

// searchable are the fields that can be searched.
func (r *remote) searchable() []string {
	if r.find == nil {
		return nil
	}
	if len(r.find.Fields) > 0 {
		return r.find.Fields
	}
	names := slices.Clone(r.Key)
	if r.find.Any {
		for _, column := range r.table.Columns {
			if !column.Hidden && column.Type.Kind != record.KindJSON {
				names = append(names, column.Name)
			}
		}
	}
	for _, u := range r.table.Uniques {
		names = append(names, u.Columns...)
	}
	if r.Marker != nil {
		names = append(names, r.Marker.Field)
	}
	return names
}

// searches reports whether records can be found by all of the fields.
func (r *remote) searches(names []string) bool {
	searchable := r.searchable()
	for _, name := range names {
		if !slices.Contains(searchable, name) {
			return false
		}
	}
	return len(names) > 0 && (len(names) == 1 || r.find.uses("filter"))
}

// Fetch implements target.Remote.
func (r *remote) Fetch(ctx context.Context, keys [][]record.Value, columns []sqldb.Column) ([]target.Fetched, error) {
	found, err := r.byKey(ctx, r.wholeKeys(keys), columns)
	if err != nil {
		return nil, err
	}
	fetched := make([]target.Fetched, len(keys))
	for i, key := range keys {
		if s, there := found[canonical(key, r.keys)]; there && len(key) == len(r.keys) {
			fetched[i] = target.Fetched{Values: r.values(s, columns), Version: s.version}
		}
	}
	return fetched, nil
}

// wholeKeys leaves out what names no record.
func (r *remote) wholeKeys(keys [][]record.Value) [][]record.Value {
	return slices.DeleteFunc(slices.Clone(keys), func(key []record.Value) bool {
		return len(key) != len(r.keys) || slices.ContainsFunc(key, record.Value.IsNull)
	})
}

// byKey reads records by their keys, into a map by the keys' canonical text.
func (r *remote) byKey(ctx context.Context, keys [][]record.Value, columns []sqldb.Column) (map[string]seen, error) {
	if r.get == nil {
		if !r.searches(r.Key) {
			return nil, fmt.Errorf("%s: the description has no request that reads records by key", r.Name)
		}
		all, err := r.search(ctx, r.keys, keys, columns)
		if err != nil {
			return nil, err
		}
		return r.index(all, r.keys), nil
	}
	q := r.get
	chunks := slices.Collect(slices.Chunk(keys, q.most()))
	answers := make([][]seen, len(chunks))
	err := r.each(len(chunks), func(i int) error {
		w := words{"type": r.Name, "fields": r.paths(columns)}
		var several []any
		for _, key := range chunks[i] {
			r.keyWords(w, key)
			several = append(several, w["key"])
		}
		w["keys"] = several
		got, err := r.read(ctx, q, w, func() []string { return r.textsOf(r.keys, chunks[i]) })
		if refused, is := err.(*errNotAsked); is && refused.unmade {
			return nil // no record has such a key
		}
		if err == nil && q.most() == 1 && len(got) > 1 {
			err = fmt.Errorf("%s: the answer holds %d records for one key: `found` should say where the one stands", q.name, len(got))
		}
		answers[i] = got
		return err
	})
	if err != nil {
		return nil, err
	}
	if q.most() > 1 {
		return r.index(slices.Concat(answers...), r.keys), nil
	}
	found := map[string]seen{}
	for i, got := range answers {
		if len(got) == 1 {
			found[canonical(keys[i], r.keys)] = got[0]
		}
	}
	return found, nil
}

// index finds records by columns.
func (r *remote) index(all []seen, columns []sqldb.Column) map[string]seen {
	found := map[string]seen{}
	for _, s := range all {
		found[canonical(r.values(s, columns), columns)] = s
	}
	return found
}

// read makes a reading call, and returns the records that it answers with.
// A searched value that the API cannot be asked for is errNotAsked.
func (r *remote) read(ctx context.Context, q *request, w words, carried func() []string) ([]seen, error) {
	call, err := q.call(w, r.api.headers)
	if err != nil {
		return nil, &errNotAsked{call: q.name, why: err.Error(), unmade: true}
	}
	call.Repeatable = true
	said, err := r.api.do(ctx, q, call, carried)
	if err != nil {
		return nil, err
	}
	switch said.verdict {
	case success:
	case gone:
		return nil, nil
	default:
		return nil, &errNotAsked{call: q.name, why: said.message}
	}
	var all []seen
	for _, tree := range said.found {
		s := seen{tree: tree}
		if r.version != nil {
			s.version = text(r.version.value(said.with("record", tree)))
		}
		if r.age != nil {
			s.age = text(r.age.value(said.with("record", tree)))
		}
		all = append(all, s)
	}
	return all, nil
}

// paths are the columns that a search wants back: with the key, and what tells
// whose a record is.
func (r *remote) paths(columns []sqldb.Column) []any {
	var names []any
	add := func(name string) {
		if !slices.Contains(names, any(name)) {
			names = append(names, name)
		}
	}
	for _, name := range r.Key {
		add(name)
	}
	for _, column := range columns {
		if !column.Hidden {
			add(column.Name)
		}
	}
	if r.Marker != nil {
		add(r.Marker.Field)
	}
	for _, name := range r.toldBy() {
		add(name)
	}
	return names
}

// search finds the records in which the columns hold one of the tuples.
func (r *remote) search(ctx context.Context, columns []sqldb.Column, tuples [][]record.Value, wanted []sqldb.Column) ([]seen, error) {
	chunks := slices.Collect(slices.Chunk(tuples, r.find.most()))
	answers := make([][]seen, len(chunks))
	err := r.each(len(chunks), func(i int) (err error) {
		answers[i], err = r.searchOne(ctx, columns, chunks[i], wanted)
		return err
	})
	return slices.Concat(answers...), err
}

// searchEach searches, and where the API refuses to, finds out for which tuples:
// refused says why, by their canonical text.
func (r *remote) searchEach(ctx context.Context, columns []sqldb.Column, tuples [][]record.Value) (all []seen, refused map[string]string, err error) {
	all, err = r.search(ctx, columns, tuples, nil)
	var not *errNotAsked
	if !errors.As(err, &not) {
		return all, nil, err
	}
	if len(tuples) == 1 {
		return nil, map[string]string{canonical(tuples[0], columns): not.Error()}, nil
	}
	all, refused = nil, map[string]string{}
	for _, half := range [][][]record.Value{tuples[:len(tuples)/2], tuples[len(tuples)/2:]} {
		found, why, err := r.searchEach(ctx, columns, half)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, found...)
		maps.Copy(refused, why)
	}
	return all, refused, nil
}

// searchOne searches in one call, or in halves where an answer is full.
func (r *remote) searchOne(ctx context.Context, columns []sqldb.Column, tuples [][]record.Value, wanted []sqldb.Column) ([]seen, error) {
	w := words{"type": r.Name, "fields": r.paths(slices.Concat(columns, wanted))}
	if r.find.Limit > 0 {
		w["limit"] = r.find.Limit
	}
	if len(columns) == 1 {
		w["field"] = columns[0].Name
		values := make([]any, len(tuples))
		for i, tuple := range tuples {
			values[i] = r.field(columns[0].Name).write(tuple[0])
		}
		w["value"], w["values"] = values[0], values
	}
	if r.find.filter != nil {
		w["filter"] = r.find.filter.write(r.kind, columns, tuples)
	}
	all, err := r.read(ctx, r.find, w, func() []string { return r.textsOf(columns, tuples) })
	if err != nil || r.find.Limit == 0 || len(all) < r.find.Limit || len(tuples) == 1 {
		return all, err
	}
	middle := len(tuples) / 2
	first, err := r.searchOne(ctx, columns, tuples[:middle], wanted)
	if err != nil {
		return nil, err
	}
	second, err := r.searchOne(ctx, columns, tuples[middle:], wanted)
	return append(first, second...), err
}

// matchKeys is Match by the key, where records are read by it alone.
func (r *remote) matchKeys(ctx context.Context, keys [][]record.Value) ([]target.Matched, error) {
	found, err := r.byKey(ctx, r.wholeKeys(keys), r.keys)
	if err != nil {
		return nil, err
	}
	matched := make([]target.Matched, len(keys))
	for i, key := range keys {
		if s, there := found[canonical(key, r.keys)]; there {
			matched[i] = target.Matched{Count: 1, Key: r.values(s, r.keys)}
		}
	}
	return matched, nil
}

// Match implements target.Remote.
func (r *remote) Match(ctx context.Context, columns []sqldb.Column, tuples [][]record.Value) ([]target.Matched, error) {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	if !r.searches(names) && r.get != nil && slices.Equal(names, r.Key) {
		return r.matchKeys(ctx, tuples)
	}
	if !r.searches(names) {
		return nil, fmt.Errorf("%s: the description has no request that finds records by %v", r.Name, names)
	}
	matched := make([]target.Matched, len(tuples))
	var asked [][]record.Value
	for _, tuple := range tuples {
		if !slices.ContainsFunc(tuple, record.Value.IsNull) {
			asked = append(asked, tuple)
		}
	}
	if len(asked) == 0 {
		return matched, nil
	}
	all, refused, err := r.searchEach(ctx, columns, asked)
	if err != nil {
		return nil, err
	}
	counted := map[string]*target.Matched{}
	keys := map[string]bool{} // a record that two halves found counts once
	for _, s := range all {
		key := r.values(s, r.keys)
		if name := canonical(key, r.keys); keys[name] {
			continue
		} else {
			keys[name] = true
		}
		name := canonical(r.values(s, columns), columns)
		if counted[name] == nil {
			counted[name] = &target.Matched{}
		}
		counted[name].Count++
		counted[name].Key = key
	}
	for i, tuple := range tuples {
		if m := counted[canonical(tuple, columns)]; m != nil && !slices.ContainsFunc(tuple, record.Value.IsNull) {
			if matched[i] = *m; m.Count > 1 {
				matched[i].Key = nil
			}
		}
		matched[i].Refused = refused[canonical(tuple, columns)]
	}
	return matched, nil
}
