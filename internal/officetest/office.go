// Package officetest is an API for tests: an office that keeps branches and
// persons, over HTTP and one record a call. It deletes a branch whatever persons
// are of it, as careless APIs do.
package officetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Token is what callers have to show.
const Token = "open-sesame"

// Office is the API. What is read and set here goes past HTTP, as what people do
// behind the back of whoever calls.
type Office struct {
	mu      sync.Mutex
	last    int
	kept    map[string]map[int]map[string]any
	version map[int]int
	sent    []string

	// Lose tells of the n-th writing call, from 1, whether it breaks off before or
	// after it is carried out; nil: none does.
	Lose func(n int) (before, after bool)
	// Called is told of each writing call before it is carried out; nil: nobody is.
	Called func(n int)
	// Closed lets nobody in.
	Closed bool
	calls  int
}

// New makes an empty office.
func New() *Office {
	return &Office{kept: map[string]map[int]map[string]any{"branch": {}, "person": {}}, version: map[int]int{}}
}

// Settings is how a mapping describes the office, indented by four spaces.
const Settings = `    auth: {bearer: "${OFFICE_TOKEN}"}
    limits: {rate: none, patience: 5s}
    answers: {message: body.error, columns: body.field}
    types:
      branch:
        key: id
        version: record.version
        fields:
          id: {type: integer, given: true}
          code: {unique: true}
          name: text
          note: text
          version: {type: integer, read_only: true, default: true}
        create: {path: /branch, body: "{record}", key: body.id}
        update: {method: PATCH, path: "/branch/{key}", headers: {If-Match: "{version}"}, body: "{record}"}
        get: {path: "/branch/{key}"}
        find: {path: /branch, query: {"code": "{value}"}, found: body.items, fields: [code]}
        delete: {method: DELETE, path: "/branch/{key}"}
        count: {path: /branch/count, total: body.total}
      person:
        key: id
        version: record.version
        fields:
          id: {type: integer, given: true}
          email: {unique: true, fold_case: true}
          name: {length: 20}
          phone: text
          secret: {hidden: true}
          branch_id: integer
          version: {type: integer, read_only: true, default: true}
        create: {path: /person, body: "{record}", key: body.id}
        update: {method: PATCH, path: "/person/{key}", headers: {If-Match: "{version}"}, body: "{record}"}
        get: {path: "/person/{key}"}
        find: {path: /person, query: {"email": "{value}"}, found: body.items, fields: [email]}
        delete: {method: DELETE, path: "/person/{key}"}
        count: {path: /person/count, total: body.total}
`

var unique = map[string]string{"branch": "code", "person": "email"}

// ServeHTTP implements http.Handler.
func (o *Office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.Closed || r.Header.Get("Authorization") != "Bearer "+Token {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "who are you?"})
		return
	}
	kind, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	records, known := o.kept[kind]
	if !known {
		answer(w, http.StatusNotFound, map[string]any{"error": "no such type"})
		return
	}
	if r.Method == http.MethodGet {
		o.read(w, r, kind, rest, records)
		return
	}
	var given map[string]any
	if r.Method != http.MethodDelete && json.NewDecoder(r.Body).Decode(&given) != nil {
		answer(w, http.StatusBadRequest, map[string]any{"error": "not JSON"})
		return
	}
	o.calls++
	o.sent = append(o.sent, strings.TrimSpace(r.Method+" "+kind+" "+rest))
	if o.Called != nil {
		o.Called(o.calls)
	}
	before, after := false, false
	if o.Lose != nil {
		before, after = o.Lose(o.calls)
	}
	if before {
		panic(http.ErrAbortHandler)
	}
	status, said := o.write(r, kind, rest, records, given)
	if after {
		panic(http.ErrAbortHandler)
	}
	answer(w, status, said)
}

func answer(w http.ResponseWriter, status int, said map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(said) // whoever hung up reads nothing
}

func (o *Office) read(w http.ResponseWriter, r *http.Request, kind, rest string, records map[int]map[string]any) {
	if rest == "count" {
		answer(w, http.StatusOK, map[string]any{"total": len(records)})
		return
	}
	if rest != "" {
		id, _ := strconv.Atoi(rest) // no number is no record's
		found, there := records[id]
		if !there {
			answer(w, http.StatusNotFound, map[string]any{"error": "no such record"})
			return
		}
		answer(w, http.StatusOK, o.shown(id, found))
		return
	}
	items := []any{}
	wanted := r.URL.Query().Get(unique[kind])
	for id, found := range records {
		if text, is := found[unique[kind]].(string); is && strings.EqualFold(text, wanted) {
			items = append(items, o.shown(id, found))
		}
	}
	answer(w, http.StatusOK, map[string]any{"items": items})
}

// shown is a record as the office shows it: without secrets.
func (o *Office) shown(id int, found map[string]any) map[string]any {
	shown := maps.Clone(found)
	delete(shown, "secret")
	shown["id"], shown["version"] = id, o.version[id]
	return shown
}

func (o *Office) write(r *http.Request, kind, rest string, records map[int]map[string]any, given map[string]any) (int, map[string]any) {
	id, _ := strconv.Atoi(rest)
	found, there := records[id]
	switch {
	case r.Method == http.MethodPost:
		id, found = o.last+1, map[string]any{}
	case !there:
		return http.StatusNotFound, map[string]any{"error": "no such record"}
	case r.Method == http.MethodDelete:
		delete(records, id)
		return http.StatusOK, map[string]any{}
	case r.Header.Get("If-Match") != "" && r.Header.Get("If-Match") != fmt.Sprint(o.version[id]):
		return http.StatusPreconditionFailed, map[string]any{"error": "it has changed since"}
	}
	if text, is := given[unique[kind]].(string); is {
		for other, held := range records {
			if holds, is := held[unique[kind]].(string); is && other != id && strings.EqualFold(holds, text) {
				return http.StatusConflict, map[string]any{"error": "somebody has it already", "field": unique[kind]}
			}
		}
	}
	if given["name"] == "refused" {
		return http.StatusUnprocessableEntity, map[string]any{"error": "the name is not allowed", "field": "name"}
	}
	for name, value := range given {
		if found[name] = value; value == nil {
			delete(found, name)
		}
	}
	o.last, o.version[id], records[id] = max(o.last, id), o.version[id]+1, found
	return http.StatusCreated, map[string]any{"id": id}
}

// All lists the records of a type, without their versions.
func (o *Office) All(kind string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := []string{}
	for _, id := range slices.Sorted(maps.Keys(o.kept[kind])) {
		text := fmt.Sprint(id)
		for _, name := range slices.Sorted(maps.Keys(o.kept[kind][id])) {
			text += fmt.Sprintf(" %s=%v", name, o.kept[kind][id][name])
		}
		all = append(all, text)
	}
	return all
}

// Put keeps a record that nobody sent.
func (o *Office) Put(kind string, record map[string]any) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	o.kept[kind][o.last], o.version[o.last] = record, 1
	return o.last
}

// Edit changes a field of the record that holds a value; nil clears it.
func (o *Office) Edit(kind, holds, field string, value any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	id := o.find(kind, holds)
	o.kept[kind][id][field] = value
	o.version[id]++
}

// Drop takes away the record that holds a value.
func (o *Office) Drop(kind, holds string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.kept[kind], o.find(kind, holds))
}

func (o *Office) find(kind, holds string) int {
	for id, record := range o.kept[kind] {
		if record[unique[kind]] == holds {
			return id
		}
	}
	panic("the office has no " + kind + " " + holds)
}

// Sent lists the writing calls since it was asked last.
func (o *Office) Sent() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	sent := o.sent
	o.sent, o.calls = nil, 0
	return sent
}

// Shut lets nobody in any more, or everybody again.
func (o *Office) Shut(shut bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Closed = shut
}
