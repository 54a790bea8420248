package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"landfall/internal/connector/caller"
)

// purpose is what a request is for.
type purpose string

const (
	toCreate  purpose = "create"
	toUpdate  purpose = "update"
	toReplace purpose = "replace"
	toDelete  purpose = "delete"
	toGet     purpose = "get"
	toFind    purpose = "find"
	toCount   purpose = "count"
	toAsk     purpose = "ask"
	toNewest  purpose = "newest"
)

// orderWords are the placeholders of requests that carry records; those that
// end with a dot stand for one for each field.
var orderWords = []string{"type", "key", "key.", "token", "ref", "record", "field.", "version"}

// wordsOf are the placeholders that a request of a purpose may hold.
var placeholders = map[purpose][]string{
	toCreate:  append(slices.Clone(orderWords), "records"),
	toUpdate:  append(slices.Clone(orderWords), "records"),
	toReplace: {"type", "key", "key.", "token", "ref", "version", "field", "value"},
	toDelete:  {"type", "key", "key.", "token", "ref", "version", "records"},
	toGet:     {"type", "key", "key.", "keys", "fields"},
	toFind:    {"type", "filter", "field", "value", "values", "fields", "limit"},
	toCount:   {"type"},
	toAsk:     {"type"},
	toNewest:  {"type", "fields"},
}

// request is a Request, compiled.
type request struct {
	*Request
	purpose              purpose
	name                 string // in messages
	path                 template
	query, headers, form map[string]template
	body, item           *tree
	judge                *judge
	results              *results
	key                  map[string]*expression
	found, total         *expression
	keyPaths             [][]string // of get and find: where a record holds its key
	filter               *filter
}

// results is Results, compiled.
type results struct {
	at, by *expression
	names  template // what `by` is held against
	judge  *judge
}

// compiling is what goes into compiling a description.
type compiling struct {
	*Description
	faults faults
}

func (c *compiling) request(r *Request, asked purpose, name string, path []string) *request {
	if r == nil {
		return nil
	}
	known := placeholders[asked]
	q := &request{Request: r, purpose: asked, name: name}
	if q.Method = strings.ToUpper(q.Method); q.Method == "" {
		q.Method = http.MethodGet
		if r.Form != nil || r.Body != nil {
			q.Method = http.MethodPost
		}
	}
	if !slices.Contains(methods, q.Method) {
		c.faults.unknownWord(under(path, "method"), r.Method, methods)
	}
	if !strings.HasPrefix(r.Path, "/") {
		c.faults.add(under(path, "path"), "", "expected a path behind the url that starts with /, such as /contacts/{key}")
	}
	q.path = parseTemplate(r.Path, under(path, "path"), known, &c.faults)
	q.query = c.templates(r.Query, under(path, "query"), known)
	q.headers = c.templates(r.Headers, under(path, "headers"), known)
	q.form = c.templates(r.Form, under(path, "form"), known)
	if r.Body != nil {
		q.body = parseTree(r.Body, under(path, "body"), known, &c.faults)
	}
	item := r.Item
	if item == nil {
		item = map[purpose]any{toCreate: "{record}", toUpdate: "{record}", toDelete: "{key}"}[asked]
	}
	if item != nil {
		q.item = parseTree(item, under(path, "item"), slices.DeleteFunc(slices.Clone(known), func(word string) bool { return word == "records" }), &c.faults)
	}
	c.judgeShape(q, path)
	names := answerNames
	if asked != toGet && asked != toFind && asked != toCount && asked != toAsk && asked != toNewest {
		names = resultNames
	}
	var told faults // of the answers of all requests, once
	compileJudge(r.Answers, under(path, "answers"), resultNames, r.Answers.Code+c.Answers.Code != "", &c.faults)
	q.judge = compileJudge(r.Answers.over(c.Answers), nil, resultNames, true, &told)
	q.results = c.results(r.Results, asked, under(path, "results"))
	q.key = map[string]*expression{}
	for column, text := range r.Key {
		q.key[column] = compileExpression(text, under(path, "key"), names, false, &c.faults)
	}
	found := r.Found
	if found == "" {
		found = "body"
	}
	q.found = compileExpression(found, under(path, "found"), answerNames, false, &c.faults)
	q.total = compileExpression(r.Total, under(path, "total"), answerNames, false, &c.faults)
	q.filter = c.filter(r.Filter, under(path, "filter"))
	return q
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func (c *compiling) templates(texts map[string]string, path, known []string) map[string]template {
	if texts == nil {
		return nil
	}
	parsed := map[string]template{}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		parsed[name] = parseTemplate(texts[name], under(path, name), known, &c.faults)
	}
	return parsed
}

func (c *compiling) results(r *Results, asked purpose, path []string) *results {
	if r == nil {
		return nil
	}
	compiled := &results{}
	if r.At == "" {
		c.faults.add(under(path, "at"), "", "expected an expression for the list of results, such as body.results")
	}
	compiled.at = compileExpression(r.At, under(path, "at"), answerNames, false, &c.faults)
	compiled.by = compileExpression(r.By, under(path, "by"), resultNames, false, &c.faults)
	names := r.For
	if names == "" {
		names = "{token}"
	}
	compiled.names = parseTemplate(names, under(path, "for"), placeholders[asked], &c.faults)
	answers := r.Answers
	answers.Codes = append(slices.Clone(answers.Codes), c.Answers.Codes...)
	compiled.judge = compileJudge(answers, under(path, "answers"), resultNames, answers.Code != "", &c.faults)
	return compiled
}

// judgeShape refuses what does not go together.
func (c *compiling) judgeShape(q *request, path []string) {
	if q.Form != nil && q.Body != nil {
		c.faults.add(under(path, "body"), "", "expected form or body, not both")
	}
	if q.Method == http.MethodGet && (q.Form != nil || q.Body != nil) {
		c.faults.add(under(path, "method"), "", "GET has no body: use query, or another method")
	}
	if q.Records < 0 {
		c.faults.add(under(path, "records"), "", "expected a whole number above 0")
	}
	if q.Nulls != "" && q.Nulls != nullsSend && q.Nulls != nullsOmit {
		c.faults.unknownWord(under(path, "nulls"), q.Nulls, []string{nullsSend, nullsOmit})
	}
	carries := q.purpose == toCreate || q.purpose == toUpdate || q.purpose == toDelete
	switch several := q.uses("records"); {
	case carries && q.Records > 1 && !several:
		c.faults.add(under(path, "records"), "", "a call for %d records needs {records} in its body or form", q.Records)
	case carries && several && q.Records > 1 && q.Results == nil:
		c.faults.add(path, "", "a call for several records needs `results`: where in the answer each record's own stands")
	}
	if q.Idempotent && !q.uses("token") && !q.item.uses("token") {
		c.faults.add(under(path, "idempotent"), "", "expected {token} in the request: by it the API knows an order again")
	}
	if carries && q.Records > 1 && q.uses("records") {
		for _, word := range q.ofOne() {
			c.faults.add(path, "", "a call for several records has no {%s} of its own: expected it in `item`, where each record has one, or records: 1", word)
		}
		if q.Idempotent && !q.item.uses("token") {
			c.faults.add(under(path, "idempotent"), "", "expected {token} in `item`: a key for a whole call is another one as soon as its records are sent in other company")
		}
	}
}

// ofOne are the placeholders outside `item` that stand for something of one
// record.
func (q *request) ofOne() []string {
	var found []string
	add := func(t template) {
		for _, p := range t {
			if p.word != "" && p.word != "type" && p.word != "records" && !slices.Contains(found, p.word) {
				found = append(found, p.word)
			}
		}
	}
	for _, texts := range []map[string]template{q.query, q.headers, q.form} {
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			add(texts[name])
		}
	}
	add(q.path)
	q.body.each(add)
	return found
}

const (
	nullsSend = "send"
	nullsOmit = "omit"
)

// uses reports whether a placeholder occurs in the request, beside the item.
func (q *request) uses(word string) bool {
	for _, texts := range []map[string]template{q.query, q.headers, q.form} {
		for _, t := range texts {
			if t.uses(word) {
				return true
			}
		}
	}
	return q.path.uses(word) || q.body.uses(word)
}

// mentions reports whether a text occurs in the body or the form.
func (r *Request) mentions(text string) bool {
	for _, value := range r.Form {
		if strings.Contains(value, text) {
			return true
		}
	}
	return strings.Contains(string(marshal(r.Body)), text)
}

// overwrites reports whether a create puts a record in the place that its key
// names, whatever stands there.
func (q *request) overwrites() bool {
	for name := range q.headers {
		if strings.EqualFold(name, "If-None-Match") {
			return false
		}
	}
	return q.Method == http.MethodPut
}

// several reports whether calls carry a list of records.
func (q *request) several() bool { return q.uses("records") }

// most is how many records a call carries.
func (q *request) most() int { return max(q.Records, 1) }

// call writes the request. It cannot be written where a placeholder of its path
// stands for nothing, or for a step up: that would be another request.
func (q *request) call(w words, headers map[string]string) (caller.Call, error) {
	path, _ := q.path.render(w, escapePath)
	for _, p := range q.path {
		if p.word != "" && asText(w[p.word], p.json) == "" {
			return caller.Call{}, fmt.Errorf("{%s} stands for nothing, and the path is not one without it", p.word)
		}
	}
	for _, step := range strings.Split(path, "/") {
		if step == "." || step == ".." {
			return caller.Call{}, fmt.Errorf("a part of the path would be %q, which is another path", step)
		}
	}
	call := caller.Call{Name: q.name, Method: q.Method, Path: path, Query: url.Values{}, Header: http.Header{}}
	for name, text := range headers {
		call.Header.Set(name, text)
	}
	for name, t := range q.query {
		if text, there := t.render(w, nil); there {
			call.Query.Set(name, text)
		}
	}
	for name, t := range q.headers {
		if text, there := t.render(w, nil); there {
			call.Header.Set(name, strings.NewReplacer("\r", " ", "\n", " ").Replace(text))
		}
	}
	return call, q.fill(&call, w)
}

// fill writes the request's body.
func (q *request) fill(call *caller.Call, w words) (err error) {
	if q.form != nil {
		call.Form = url.Values{}
		for name, t := range q.form {
			if text, there := t.render(w, nil); there {
				call.Form.Set(name, text)
			}
		}
	}
	if q.body != nil {
		if value, there := q.body.render(w); there {
			call.Body, err = encoded(value)
		}
	}
	return err
}
