package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

const byReference = `
limits: {rate: none, patience: 1s}
types:
  thing:
    key: id
    marker: {field: mark, value: "{ref}"}
    fields: {id: {type: integer, given: true}, name: text, password: {hidden: true}, mark: text}
    create: {path: /things, body: "{record}"}
    update: {method: PATCH, path: "/things/{key}", body: "{record}"}
    get: {path: "/things/{key}"}
    find: {path: /things, query: {mark: "{value}"}, found: body.items}
`

// A mark that is made of the record's name is on what other migrations made of
// it, too: it is ours only with what we wrote, and tells nothing of a change.
func TestMarksOfOthers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		there string
		want  target.State
	}{
		"what we wrote":        {`{"id":7,"name":"Ann","mark":"thing:1"}`, target.Done},
		"what another wrote":   {`{"id":7,"name":"Old","mark":"thing:1"}`, target.Unknown},
		"another's, then ours": {`{"id":7,"name":"Old","mark":"thing:1"},{"id":8,"name":"Ann","mark":"thing:1"}`, target.Done},
		"nothing":              {``, target.Absent},
	} {
		remote, table, _ := served(t, byReference, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"items":[%s]}`, test.there) })
		outcomes, err := remote.Settle(t.Context(), []target.Order{order(table, target.DeedCreate, "name", "Ann")})
		if err != nil || outcomes[0].State != test.want {
			t.Errorf("%s: %+v %v", name, outcomes, err)
		}
	}
	remote, table, _ := served(t, byReference, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"id":7,"name":"Ann","mark":"thing:1"}`)
	})
	change := order(table, target.DeedUpdate, "name", "Ann", "password", "new")
	change.Key, change.Before = []record.Value{record.Int(7)}, []record.Value{record.Text("Ann"), record.Null()}
	outcomes, err := remote.Settle(t.Context(), []target.Order{change})
	if err != nil || outcomes[0].State != target.Absent {
		t.Errorf("a change of nothing but a password, which nobody can see: %+v %v", outcomes, err)
	}
}

// What can be asked by nothing but its token is asked by that, whatever it wants
// done.
func TestSettledByToken(t *testing.T) {
	t.Parallel()
	const settings = `
limits: {rate: none, patience: 1s}
types:
  thing:
    key: id
    fields: {id: text, name: text}
    create: {path: /things, body: "{record}", idempotent: true, headers: {Key: "{token}"}}
    update: {path: "/things/{key}", body: "{record}", idempotent: true, headers: {Key: "{token}"}}
    delete: {method: DELETE, path: "/things/{key}"}
`
	var keys atomic.Value
	remote, table, _ := served(t, settings, func(w http.ResponseWriter, r *http.Request) {
		keys.Store(r.Header.Get("Key"))
		io.WriteString(w, `{}`)
	})
	for deed, want := range map[target.Deed]target.State{target.DeedCreate: target.Done, target.DeedUpdate: target.Done, target.DeedDelete: target.Unknown} {
		o := order(table, deed, "name", "Ann")
		o.Key = []record.Value{record.Text("u1")}
		keys.Store("")
		outcomes, err := remote.Settle(t.Context(), []target.Order{o})
		if err != nil || outcomes[0].State != want || outcomes[0].Unaskable != (deed == target.DeedDelete) || keys.Load() != map[bool]string{true: o.Token}[want == target.Done] {
			t.Errorf("%s: %+v %v, sent with %q", deed, outcomes, err, keys.Load())
		}
		o.Incomplete = true
		keys.Store("")
		if outcomes, err := remote.Settle(t.Context(), []target.Order{o}); err != nil || outcomes[0].State != target.Unknown || keys.Load() != "" {
			t.Errorf("%s, of which not all is known: %+v %v, sent with %q", deed, outcomes, err, keys.Load())
		}
	}
}

// One value that the API does not look for leaves the other look-ups alone.
func TestValuesThatAreNotLookedFor(t *testing.T) {
	t.Parallel()
	const settings = `
limits: {rate: none, patience: 1s}
types:
  thing:
    key: id
    fields: {id: {type: integer, given: true}, a: {unique: true}, b: text}
    create: {path: /create, body: "{records}", records: 9, results: {at: body.r}, key: result.id}
    find: {path: /find, body: "{values}", records: 9, fields: a, found: body.found}
`
	remote, table, _ := scripted(t, settings, func(path, body string) (int, string) {
		if path == "/create" {
			return 409, "{}"
		}
		if strings.Contains(body, "bad") {
			return 400, `{}`
		}
		var names, found []string
		json.Unmarshal([]byte(body), &names)
		for _, name := range names {
			if name != "none" {
				found = append(found, fmt.Sprintf(`{"id":%d,"a":%q,"b":"B"}`, len(name), name))
			}
		}
		return 200, `{"found":[` + strings.Join(found, ",") + `]}`
	})
	a, _ := table.Column("a")
	b, _ := table.Column("b")
	var tuples [][]record.Value
	orders := things(table, "one", "none", "bad", "four")
	for i := range orders {
		tuples = append(tuples, orders[i].Values)
		orders[i].Columns, orders[i].Values = append(orders[i].Columns, *b), append(orders[i].Values, record.Text("B"))
	}
	matched, err := remote.Match(t.Context(), []sqldb.Column{*a}, tuples)
	if err != nil || matched[0].Count != 1 || matched[1].Count != 0 || matched[3].Count != 1 {
		t.Fatalf("%+v %v", matched, err)
	}
	for i, m := range matched {
		if (m.Refused != "") != (i == 2) || strings.Contains(m.Refused, "bad") {
			t.Errorf("%d: refused: %q", i, m.Refused)
		}
	}
	settled, err := remote.Settle(t.Context(), orders)
	if got := states(settled); err != nil || got != "done absent unknown done" || !settled[2].Unaskable {
		t.Errorf("settled: %s %v", got, err)
	}
	// What is held already is named where it can be asked for, and is no reason to
	// end where it cannot.
	sent, err := remote.Send(t.Context(), orders)
	if got := states(sent); err != nil || got != "refused:unique refused:unique refused:unique refused:unique" {
		t.Errorf("sent: %s %v", got, err)
	}
}

// What stands in a call for several records beside them must not be of one.
func TestCallsOfSeveralHaveNoKeyOfOne(t *testing.T) {
	t.Parallel()
	const settings = `
types:
  thing:
    key: id
    fields: {id: {given: true}, a: text}
    create: {path: /create, body: %s, records: 9, results: {at: body.r}, %s}
`
	for shape, want := range map[[2]string]string{
		{`"{records}"`, `idempotent: true, headers: {Idempotency-Key: "{token}"}`}:                      "a call for several records has no {token} of its own",
		{`"{records}"`, `headers: {X: "k-{token}"}`}:                                                    "a call for several records has no {token} of its own",
		{`{all: "{records}", of: "{ref}"}`, `records: 9`}:                                               "a call for several records has no {ref} of its own",
		{`"{records}"`, `idempotent: true, query: {k: "{token}"}, item: {t: "{token}", d: "{record}"}`}: "a call for several records has no {token} of its own",
		{`"{records}"`, `idempotent: true`}:                                                             "expected {token} in",
		{`"{records}"`, `idempotent: true, item: {t: "{token}", d: "{record}"}`}:                        "",
		{`{all: "{records}", type: "{type}"}`, `item: {t: "{token}", d: "{record}"}`}:                   "",
	} {
		text := fmt.Sprintf(settings, shape[0], shape[1])
		text = strings.Replace(text, ", records: 9}", "}", 1)
		_, err := open(t, "http://127.0.0.1:1", text, nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", shape, err)
		}
	}
}

// What `auth` adds to a form counts, and codes are numbers however they are written.
func TestSizesAndCodes(t *testing.T) {
	t.Parallel()
	var largest atomic.Int64
	remote, table, _ := served(t, `
limits: {rate: none, patience: 1s}
auth: {form: {client_id: "${TOKEN}", client_secret: "${HEADER}"}}
answers: {code: body.code, success: body.ok, duplicate: {codes: 361}}
types:
  thing:
    key: id
    fields: {id: {given: true}, name: text}
    create: {path: /create, form: {all: "{records}"}, records: 99, bytes: 500, results: {at: body.r}, key: result.id}
`, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		largest.Store(max(largest.Load(), int64(len(body))))
		io.WriteString(w, `{"code":361.0}`)
	})
	var orders []target.Order
	for n := range 30 {
		orders = append(orders, order(table, target.DeedCreate, "name", fmt.Sprintf("Name %d", n)))
	}
	outcomes, err := remote.Send(t.Context(), orders)
	if err != nil || strings.Count(states(outcomes), "refused:unique") != 30 {
		t.Errorf("%s %v", states(outcomes), err)
	}
	if size := largest.Load(); size > 500 || size < 400 {
		t.Errorf("the largest body has %d bytes", size)
	}
}
