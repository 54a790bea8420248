package cloudemulator

import (
	"net/url"
	"slices"
	"strconv"
)

// operation is something that the API can be asked to do.
type operation struct {
	writes bool
	// run carries it out, for the first limit records where there are several;
	// limit is negative for all of them. It returns the answer's JSON.
	run func(e *Emulator, call *Call, limit int) ([]byte, *failure)
}

var operations = map[string]operation{
	"entity.bulkCreate": {true, (*Emulator).bulkCreate},
	"entity.create":     {true, (*Emulator).create},
	"entity.update":     {true, (*Emulator).update},
	"entity.replace":    {true, (*Emulator).replace},
	"entity.delete":     {true, (*Emulator).delete},
	"entity.count":      {false, (*Emulator).count},
	"entity.find":       {false, (*Emulator).find},
	"entity":            {false, (*Emulator).read},
}

func (e *Emulator) storeOf(form url.Values) (*store, *failure) {
	if !form.Has("type_name") {
		return nil, missing("type_name")
	}
	s := e.stores[form.Get("type_name")]
	if s == nil {
		return nil, &failure{code: codeUnknownType, argument: "type_name", description: "unknown entity type: " + form.Get("type_name")}
	}
	return s, nil
}

// argument reads the JSON of a parameter that must be there.
func argument[T any](form url.Values, name, expected string) (T, *failure) {
	var value T
	if !form.Has(name) {
		return value, missing(name)
	}
	value, err := decodeJSON[T]([]byte(form.Get(name)))
	if err != nil {
		return value, invalid(name, "%s is not %s", name, expected)
	}
	return value, nil
}

func (e *Emulator) bulkCreate(call *Call, limit int) ([]byte, *failure) {
	form := call.Parameters
	s, failed := e.storeOf(form)
	if failed != nil {
		return nil, failed
	}
	records, failed := argument[[]values](form, "all_attributes", "a JSON array of objects")
	if failed != nil {
		return nil, failed
	}
	together := form.Get("commit_each") == "false"
	if !slices.Contains([]string{"", "true", "false", "smart"}, form.Get("commit_each")) {
		return nil, invalid("commit_each", "commit_each is none of true, false, smart")
	}
	call.Records = len(records)
	if limit >= 0 && limit < len(records) {
		records = records[:limit]
	}
	created, failures := s.insert(records, together)
	if created == nil && len(records) > 0 {
		i := slices.IndexFunc(failures, func(f *failure) bool { return f != nil })
		return nil, failures[i]
	}
	ids, uuids := []byte(`{"stat":"ok","results":[`), []byte(`],"uuid_results":[`)
	for i, r := range created {
		if i > 0 {
			ids, uuids = append(ids, ','), append(uuids, ',')
		}
		if failures[i] != nil {
			text := appendValue(nil, failures[i].inRecord())
			ids, uuids = append(ids, text...), append(uuids, text...)
			continue
		}
		ids = strconv.AppendInt(ids, r.id(), 10)
		uuids = appendValue(uuids, r.uuid.String())
	}
	return append(append(ids, uuids...), "]}"...), nil
}

func (e *Emulator) create(call *Call, limit int) ([]byte, *failure) {
	form := call.Parameters
	s, failed := e.storeOf(form)
	if failed != nil {
		return nil, failed
	}
	attributes, failed := argument[values](form, "attributes", "a JSON object")
	if failed != nil || limit == 0 {
		return nil, failed
	}
	created, failures := s.insert([]values{attributes}, false)
	if failures[0] != nil {
		return nil, failures[0]
	}
	r := created[0]
	answer := strconv.AppendInt([]byte(`{"stat":"ok","id":`), r.id(), 10)
	answer = appendValue(append(answer, `,"uuid":`...), r.uuid.String())
	if form.Get("include_record") == "true" {
		answer = s.appendRecord(append(answer, `,"result":`...), r)
	}
	return append(answer, '}'), nil
}

func (e *Emulator) delete(call *Call, limit int) ([]byte, *failure) {
	form := call.Parameters
	s, sel, failed := e.selection(form)
	if failed != nil || limit == 0 {
		return nil, failed
	}
	if !form.Has("attribute_name") {
		return done, s.delete(sel)
	}
	path := form.Get("attribute_name")
	return done, s.change(sel, func(r *record) *failure {
		if own(path) {
			return ownedFailure(path)
		}
		at, failed := locate(s.declared.Attributes, r.attributes, path)
		if failed == nil {
			at.clear()
		}
		return failed
	})
}

func (e *Emulator) selection(form url.Values) (*store, selector, *failure) {
	s, failed := e.storeOf(form)
	if failed != nil {
		return nil, selector{}, failed
	}
	sel, failed := parseSelector(form)
	return s, sel, failed
}

var done = []byte(`{"stat":"ok"}`)

func (e *Emulator) count(call *Call, _ int) ([]byte, *failure) {
	form := call.Parameters
	s, failed := e.storeOf(form)
	if failed != nil {
		return nil, failed
	}
	filter, failed := parseFilter(s.declared, form.Get("filter"))
	if failed != nil {
		return nil, failed
	}
	return appendValue(nil, map[string]any{"stat": "ok", "total_count": s.count(filter)}), nil
}

func (e *Emulator) find(call *Call, _ int) ([]byte, *failure) {
	form := call.Parameters
	s, failed := e.storeOf(form)
	if failed != nil {
		return nil, failed
	}
	q, chosen, failed := s.parseSearch(form)
	if failed != nil {
		return nil, failed
	}
	found, total := s.find(q)
	answer := strconv.AppendInt([]byte(`{"stat":"ok","result_count":`), int64(len(found)), 10)
	if q.total {
		answer = strconv.AppendInt(append(answer, `,"total_count":`...), int64(total), 10)
	}
	answer = append(answer, `,"results":[`...)
	for i, c := range found {
		if i > 0 {
			answer = append(answer, ',')
		}
		answer = s.appendChosen(answer, c.record(), chosen)
	}
	return append(answer, "]}"...), nil
}

func (s *store) parseSearch(form url.Values) (q search, chosen projection, failed *failure) {
	if q.filter, failed = parseFilter(s.declared, form.Get("filter")); failed != nil {
		return q, nil, failed
	}
	q.max, q.total = defaultResults, form.Get("show_total_count") == "true"
	for name, bound := range map[string]struct {
		into *int
		most int
	}{"max_results": {&q.max, mostResults}, "first_result": {&q.first, 1 << 31}} {
		if !form.Has(name) {
			continue
		}
		number, err := strconv.Atoi(form.Get(name))
		if err != nil || number < 0 || number > bound.most {
			return q, nil, invalid(name, "%s is not a number from 0 to %d", name, bound.most)
		}
		*bound.into = number
	}
	if form.Has("sort_on") {
		if q.sort, failed = s.parseSort(form); failed != nil {
			return q, nil, failed
		}
	}
	if form.Has("attributes") {
		paths, failed := argument[[]string](form, "attributes", "a JSON array of attribute names")
		if failed != nil {
			return q, nil, failed
		}
		if chosen, failed = s.parseProjection(paths); failed != nil {
			return q, nil, failed
		}
	}
	return q, chosen, nil
}

func (s *store) parseSort(form url.Values) ([]sortKey, *failure) {
	names, failed := argument[[]string](form, "sort_on", "a JSON array of attribute names")
	if failed != nil {
		return nil, failed
	}
	var keys []sortKey
	for _, name := range names {
		descending := len(name) > 0 && name[0] == '-'
		if descending {
			name = name[1:]
		}
		subject, err := (&filterParser{declared: s.declared}).subject(name)
		if err != nil {
			return nil, &failure{code: codeUnknownAttribute, argument: "sort_on", description: "unknown attribute: " + name}
		}
		keys = append(keys, sortKey{subject, descending})
	}
	return keys, nil
}

// read answers the operation that is called entity: one record, or a part of it.
func (e *Emulator) read(call *Call, _ int) ([]byte, *failure) {
	form := call.Parameters
	s, sel, failed := e.selection(form)
	if failed != nil {
		return nil, failed
	}
	r, failed := s.one(sel)
	if failed != nil {
		return nil, failed
	}
	answer := []byte(`{"stat":"ok","result":`)
	switch path := form.Get("attribute_name"); {
	case own(path):
		answer = appendOwn(answer, r, path)
	case path != "":
		at, failed := locate(s.declared.Attributes, r.attributes, path)
		if failed != nil {
			return nil, failed
		}
		answer = at.append(answer)
	default:
		var chosen projection
		if form.Has("attributes") {
			paths, failed := argument[[]string](form, "attributes", "a JSON array of attribute names")
			if failed != nil {
				return nil, failed
			}
			if chosen, failed = s.parseProjection(paths); failed != nil {
				return nil, failed
			}
		}
		answer = s.appendChosen(answer, r, chosen)
	}
	return append(answer, '}'), nil
}
