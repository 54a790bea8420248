package httpapi_test

import (
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

const (
	settling = `
types:
  thing:
    key: [id]
    fields: {id: {type: integer, given: true}, a: {unique: true}, b: text, c: text}
    create: {path: /create, form: {records: "{records}"}, records: 9, results: {at: body.results}, key: result.id}
    find: {path: /find, form: {filter: "{filter}"}, records: 9, found: body.found, filter: {text: "{field}={value}"}}
`
	aging = settling + `
    age: record.id
    newest: {path: /newest, found: body.found}
`
)

// What is there under the value that a lost create was to have is ours only when
// something beside that value says so: its age, or what else it holds.
func TestSettledByMoreThanTheMatch(t *testing.T) {
	answer := func(path, body string) (int, string) {
		switch {
		case path == "/newest":
			return 200, `{"found": [{"id": 6}]}`
		case strings.Contains(body, "thin"):
			return 200, `{"found": [{"id": 7, "a": "thin", "b": null}]}`
		}
		return 200, `{"found": [{"id": 7, "a": "x", "b": "B"}]}`
	}
	for name, test := range map[string]struct {
		settings, newest string
		b                record.Value
		want             target.State
	}{
		"the value alone":               {settling, "", record.Null(), target.Unknown},
		"another value, too":            {settling, "", record.Text("B"), target.Done},
		"another value differs":         {settling, "", record.Text("other"), target.Refused},
		"younger":                       {aging, "6", record.Null(), target.Done},
		"as old":                        {aging, "7", record.Text("B"), target.Refused},
		"older":                         {aging, "10", record.Text("B"), target.Refused},
		"of which no age is known":      {aging, "", record.Null(), target.Unknown},
		"where nothing was there":       {aging, "-", record.Null(), target.Done},
		"younger, and differs":          {aging, "6", record.Text("other"), target.Refused},
		"of no age, with another value": {aging, "", record.Text("B"), target.Done},
	} {
		t.Run(name, func(t *testing.T) {
			remote, table, _ := scripted(t, test.settings, answer)
			name := "x"
			if test.b.IsNull() {
				name = "thin"
			}
			order := things(table, name)[0]
			b, _ := table.Column("b")
			order.Columns, order.Values, order.Newest = []sqldb.Column{order.Columns[0], *b}, append(order.Values, test.b), test.newest
			outcomes, err := remote.Settle(t.Context(), []target.Order{order})
			if err != nil || outcomes[0].State != test.want {
				t.Errorf("%+v %v, want %v", outcomes[0], err, test.want)
			}
		})
	}
	remote, _, _ := scripted(t, aging, answer)
	if age, err := remote.(target.Aging).Newest(t.Context()); err != nil || age != "6" {
		t.Errorf("newest %q %v", age, err)
	}
}

// What a create leaves out, an API may fill by itself: a younger record is ours
// all the same, and of one whose age nobody knows nothing is claimed.
func TestSettledBesideDefaults(t *testing.T) {
	for filled, wants := range map[string][2]target.State{
		`"basic"`: {target.Unknown, target.Done},
		`[]`:      {target.Unknown, target.Done}, // nothing, and a match that nothing proves
	} {
		answer := func(path, _ string) (int, string) {
			if path == "/newest" {
				return 200, `{"found": [{"id": 6}]}`
			}
			return 200, `{"found": [{"id": 7, "a": "x", "b": ` + filled + `}]}`
		}
		for i, settings := range []string{settling, aging} {
			remote, table, _ := scripted(t, settings, answer)
			order := things(table, "x")[0]
			b, _ := table.Column("b")
			order.Columns, order.Values, order.Newest = []sqldb.Column{order.Columns[0], *b}, append(order.Values, record.Null()), "6"
			outcomes, err := remote.Settle(t.Context(), []target.Order{order})
			if err != nil || outcomes[0].State != wants[i] {
				t.Errorf("filled with %s: %+v %v, want %v", filled, outcomes[0], err, wants[i])
			}
		}
	}
}

// Half of what tells ages says nothing.
func TestAgeWantsNewest(t *testing.T) {
	_, err := open(t, "http://127.0.0.1:1", strings.Replace(aging, "age: record.id", "", 1), nil)
	if err == nil || !strings.Contains(err.Error(), "`newest`") {
		t.Errorf("%v", err)
	}
}
