package httpapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// served opens an API of settings with one type, thing, over a handler.
func served(t *testing.T, settings string, handler http.HandlerFunc) (target.Remote, *sqldb.Table, target.API) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	api, err := open(t, server.URL, settings, map[string]string{"TOKEN": "sesame-opens-it", "HEADER": "behind-the-header"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	table, err := api.Table(t.Context(), "thing", nil)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := table.Column("id")
	remote, err := api.Remote(table, []sqldb.Column{*id})
	if err != nil {
		t.Fatal(err)
	}
	return remote, table, api
}

// order is an order that writes texts into fields, given as name and value.
func order(table *sqldb.Table, deed target.Deed, fields ...string) target.Order {
	o := target.Order{Deed: deed, Ref: record.Ref{Entity: "thing", Key: "1"}, Token: "018f0000-0000-7000-8000-000000000001"}
	for i := 0; i < len(fields); i += 2 {
		column, _ := table.Column(fields[i])
		value, _ := column.Type.Fit(record.Text(fields[i+1]))
		o.Columns, o.Values = append(o.Columns, *column), append(o.Values, value)
	}
	return o
}

const oneByOne = `
limits: {rate: none, patience: 1s, timeout: 500ms}
%s
types:
  thing:
    key: id
    fields:
      id: {type: integer, given: true}
      email: {unique: true}
      name: text
      password: {hidden: true}
      born: {type: date, layout: 02.01.2006}
      score: number
      tags: json
    create: {path: /things, body: "{record}", %s}
    update: {method: PATCH, path: "/things/{key}", body: "{record}"}
    delete: {method: DELETE, path: "/things/{key}"}
    get: {path: "/things/{key}"}
    find: {path: /things, query: {email: "{value}"}, fields: email, found: body.items}
    count: {path: /count, total: body.total}
`

// A look-up that is answered, with a good status, by a page of whoever stands
// before the API, by something cut off, or by something else than records, has not
// been answered: nothing is taken for gone or free.
func TestLookUpsThatSayNothing(t *testing.T) {
	t.Parallel()
	for name, said := range map[string]string{
		"a page": "<html>please wait</html>", "nothing at all": "", "cut off": `{"items":[`, "another shape": `{"message":"maintenance"}`,
		"null": "null", "a text": `"soon"`, "no records": `{"items":"none"}`, "a record without key": `{"items":[{"email":"a@x.org"}],"email":"a@x.org"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var clear atomic.Bool
			remote, table, _ := served(t, fmt.Sprintf(oneByOne, "", ""), func(w http.ResponseWriter, r *http.Request) {
				switch {
				case !clear.Swap(true):
					io.WriteString(w, said)
				case r.URL.Path == "/things":
					io.WriteString(w, `{"items":[{"id":7,"email":"a@x.org","name":"Ann"}]}`)
				case r.URL.Path == "/count":
					io.WriteString(w, `{"total":1}`)
				default:
					io.WriteString(w, `{"id":7,"email":"a@x.org","name":"Ann"}`)
				}
				clear.Store(r.URL.RawQuery != "" || r.URL.Path != "/things")
			})
			again := order(table, target.DeedCreate, "email", "a@x.org", "name", "Ann")
			again.Again = true
			clear.Store(false)
			settled, err := remote.Settle(t.Context(), []target.Order{again})
			if err != nil || settled[0].State != target.Done || settled[0].Key[0] != record.Int(7) {
				t.Errorf("settled: %+v %v", settled, err)
			}
			email, _ := table.Column("email")
			clear.Store(false)
			fetched, err := remote.Fetch(t.Context(), [][]record.Value{{record.Int(7)}}, []sqldb.Column{*email})
			if err != nil || fetched[0].Values == nil {
				t.Errorf("fetched: %+v %v", fetched, err)
			}
			clear.Store(false)
			matched, err := remote.Match(t.Context(), []sqldb.Column{*email}, [][]record.Value{{record.Text("a@x.org")}})
			if err != nil || matched[0].Count != 1 {
				t.Errorf("matched: %+v %v", matched, err)
			}
			clear.Store(false)
			if total, err := remote.Count(t.Context()); err != nil || total != 1 {
				t.Errorf("counted: %d %v", total, err)
			}
		})
	}
}

// As long as no look-up is answered, that is an error in words, and no outcome; an
// empty list, 204 and 404 are answers.
func TestLookUpsThatStaySilent(t *testing.T) {
	t.Parallel()
	answer := func(status int, text string) (target.Outcome, error) {
		remote, table, _ := served(t, fmt.Sprintf(oneByOne, "", ""), func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, text)
		})
		outcomes, err := remote.Settle(t.Context(), []target.Order{order(table, target.DeedCreate, "email", "a@x.org")})
		return outcomes[0], err
	}
	if o, err := answer(200, "<html>"); err == nil || !strings.Contains(err.Error(), "the answer is not JSON") || o.State != target.Unknown {
		t.Errorf("a page: %+v %v", o, err)
	}
	if o, err := answer(200, `{"list":[]}`); err == nil || !strings.Contains(err.Error(), "where `found` looks for records (body.items)") || o.State != target.Unknown {
		t.Errorf("another shape: %+v %v", o, err)
	}
	for status, text := range map[int]string{200: `{"items":[]}`, 204: "", 404: "<html>"} {
		if o, err := answer(status, text); err != nil || o.State != target.Absent {
			t.Errorf("%d %s: %+v %v", status, text, o, err)
		}
	}
}

// A change that a page with a good status answers is not taken for done.
func TestChangesAnsweredByAPage(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]target.State{"<html>": target.Unknown, "": target.Done, "{}": target.Done} {
		remote, table, _ := served(t, fmt.Sprintf(oneByOne, "", ""), func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
		update, remove := order(table, target.DeedUpdate, "name", "Ann"), target.Order{Deed: target.DeedDelete}
		update.Key, remove.Key = []record.Value{record.Int(7)}, []record.Value{record.Int(8)}
		outcomes, err := remote.Send(t.Context(), []target.Order{update, remove})
		if err != nil || outcomes[0].State != want || outcomes[1].State != want {
			t.Errorf("%q: %+v %v", text, outcomes, err)
		}
	}
}

// A value that JSON has no form for refuses its record by name, and the others of
// its call are sent.
func TestValuesThatAreNoJSON(t *testing.T) {
	t.Parallel()
	for _, bulk := range []bool{false, true} {
		var sent atomic.Value
		settings := fmt.Sprintf(oneByOne, "", "key: result.id")
		if bulk {
			settings = strings.Replace(settings, `body: "{record}", key`, `body: "{records}", records: 9, results: {at: body}, key`, 1)
		}
		remote, table, _ := served(t, settings, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			sent.Store(string(body))
			if bulk {
				io.WriteString(w, `[{"id":1}]`)
				return
			}
			io.WriteString(w, `{"id":1}`)
		})
		bad := order(table, target.DeedCreate, "name", "Bob", "score", "1")
		good := order(table, target.DeedCreate, "name", "Ann", "score", "1.50")
		for _, number := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			bad.Values[1] = record.Float(number)
			outcomes, err := remote.Send(t.Context(), []target.Order{bad, good})
			if got := states(outcomes); err != nil || got != "refused:out-of-range done" || fmt.Sprint(outcomes[0].Columns) != "[score]" {
				t.Errorf("%v: %s %+v %v", number, got, outcomes[0], err)
			}
			if body := sent.Load().(string); strings.Contains(body, "null") || strings.Contains(body, "Bob") || !json.Valid([]byte(body)) {
				t.Errorf("sent %s", body)
			}
		}
		broken := order(table, target.DeedCreate, "name", "Bob", "tags", "{}")
		broken.Values[1] = record.JSON(`{"a":`)
		if outcomes, err := remote.Send(t.Context(), []target.Order{broken}); err != nil || states(outcomes) != "refused:wrong-type" {
			t.Errorf("%+v %v", outcomes, err)
		}
	}
}

// What an API says repeats neither values nor secrets, whatever its answer means:
// not in outcomes, not in errors, not in notices.
func TestMessagesRepeatNothing(t *testing.T) {
	t.Parallel()
	const secrets = "sesame-opens-it behind-the-header"
	said := map[string]string{
		"POST":       `no: ann.secret@example.org \"Ann O'Hara\" Ann%20O%27Hara hunter2secret 17.03.1999 ann.secret%40example.org ab\\\"cd42 ` + secrets,
		"/things":    `no: ANN.secret@example.org /things?email=ann.secret%40example.org ` + secrets,
		"/things/42": "no: " + secrets,
		"/count":     "no: " + secrets,
	}
	for _, status := range []int{200, 400, 401, 409, 412, 413, 429, 500, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			settings := strings.Replace(fmt.Sprintf(oneByOne, `
auth: {bearer: "${TOKEN}"}
headers: {X-Account: "${HEADER}"}
answers: {message: body.message, success: body.ok}`, ""), "patience: 1s", "patience: 300ms", 1)
			remote, table, api := served(t, settings, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(status)
				message := said[r.URL.Path]
				if r.Method == http.MethodPost {
					message = said[r.Method]
				}
				io.WriteString(w, `{"message":"`+message+`"}`)
			})
			var told strings.Builder
			api.Observe(func(n target.Notice) { fmt.Fprintln(&told, n.Message) })
			create := order(table, target.DeedCreate, "email", "ann.secret@example.org", "name", "Ann O'Hara", "password", "hunter2secret", "born", "1999-03-17", "tags", `{"b":["ab\"cd42"]}`)
			email, _ := table.Column("email")
			outcomes, err := remote.Send(t.Context(), []target.Order{create})
			fmt.Fprintln(&told, outcomes, err)
			_, err = remote.Match(t.Context(), []sqldb.Column{*email}, [][]record.Value{{record.Text("ann.secret@example.org")}})
			fmt.Fprintln(&told, err)
			_, err = remote.Fetch(t.Context(), [][]record.Value{{record.Int(42)}}, []sqldb.Column{*email})
			fmt.Fprintln(&told, err)
			_, err = remote.Count(t.Context())
			fmt.Fprintln(&told, err)
			for _, word := range []string{"ann.secret", "ANN", "Hara", "hunter2", "1999", "sesame", "behind-the", "cd42"} {
				if strings.Contains(told.String(), word) {
					t.Errorf("%s is in\n%s", word, told.String())
				}
			}
			if !strings.Contains(told.String(), "no: …") {
				t.Errorf("nothing of what the API says is left:\n%s", told.String())
			}
		})
	}
}

// What a key would make of a path is asked for only where it is that path.
func TestKeysThatAreNoPath(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	settings := strings.Replace(fmt.Sprintf(oneByOne, "", ""), "id: {type: integer, given: true}", "id: text", 1)
	remote, table, _ := served(t, settings, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		fmt.Fprintf(w, `{"id":%q,"email":"somebody@x.org"}`, strings.TrimPrefix(r.URL.Path, "/things/"))
	})
	email, _ := table.Column("email")
	for _, key := range []string{"", ".", ".."} {
		names := []record.Value{record.Text(key)}
		fetched, err := remote.Fetch(t.Context(), [][]record.Value{names}, []sqldb.Column{*email})
		if err != nil || fetched[0].Values != nil {
			t.Errorf("%q was fetched: %+v %v", key, fetched, err)
		}
		update := order(table, target.DeedUpdate, "name", "Ann")
		update.Key = names
		outcomes, err := remote.Send(t.Context(), []target.Order{update, {Deed: target.DeedDelete, Key: names}})
		if err != nil || states(outcomes) != "refused:refused refused:refused" {
			t.Errorf("%q: %s %v", key, states(outcomes), err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d calls", n)
	}
	for _, key := range []string{"...", "a/../b", "%2e"} {
		fetched, err := remote.Fetch(t.Context(), [][]record.Value{{record.Text(key)}}, []sqldb.Column{*email})
		if err != nil || fetched[0].Values == nil {
			t.Errorf("%q: %+v %v", key, fetched, err)
		}
	}
}

// A create that is repeated within a call because its answer was lost, and then
// meets a record with its values, may have made that itself: it is looked up.
func TestRepeatedCreateMeetsItself(t *testing.T) {
	t.Parallel()
	const idempotent = `idempotent: true, headers: {Idempotency-Key: "{token}"}`
	var tries atomic.Int64
	remote, table, _ := served(t, fmt.Sprintf(oneByOne, "", idempotent), func(w http.ResponseWriter, r *http.Request) {
		switch n := tries.Add(1); {
		case r.Method == http.MethodGet:
			io.WriteString(w, `{"items":[{"id":7,"email":"a@x.org","name":"Ann"}]}`)
		case n == 1:
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(http.StatusConflict)
		}
	})
	create := []target.Order{order(table, target.DeedCreate, "email", "a@x.org", "name", "Ann")}
	outcomes, err := remote.Send(t.Context(), create)
	if err != nil || outcomes[0].State != target.Unknown {
		t.Fatalf("sent: %+v %v", outcomes, err)
	}
	if settled, err := remote.Settle(t.Context(), create); err != nil || settled[0].State != target.Done || settled[0].Key[0] != record.Int(7) {
		t.Errorf("settled: %+v %v", settled, err)
	}
}

// A create that is sent again while the API is still at the first one waits for
// it; what stays in its way is refused.
func TestCreateStillInProgress(t *testing.T) {
	t.Parallel()
	const idempotent = `idempotent: true, headers: {Idempotency-Key: "{token}"}`
	for name, until := range map[string]int64{"in progress": 2, "somebody else's": math.MaxInt64} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int64
			remote, table, _ := served(t, fmt.Sprintf(oneByOne, "", idempotent), func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodGet:
					io.WriteString(w, `{"items":[]}`)
				case tries.Add(1) <= until:
					w.WriteHeader(http.StatusConflict)
				default:
					io.WriteString(w, `{"id":7}`)
				}
			})
			again := order(table, target.DeedCreate, "email", "a@x.org")
			again.Again = true
			outcomes, err := remote.Send(t.Context(), []target.Order{again})
			want := "done"
			if until == math.MaxInt64 {
				want = "refused:unique"
			}
			if got := states(outcomes); err != nil || got != want {
				t.Errorf("%s %v", got, err)
			}
		})
	}
}

// Results that deny access count as calls do: where none of a call's records was
// let through, so many times in a row, everything ends; where others were, the
// record is refused.
func TestDeniedWithinAnswers(t *testing.T) {
	t.Parallel()
	settings := strings.Replace(fmt.Sprintf(inBulk, ", answers: {denied: result.code == 403}"), "patience: 1s", "patience: 1s, denials: 3", 1)
	results := func(_, body string) (int, string) {
		var items []struct{ Data struct{ A string } }
		json.Unmarshal([]byte(body), &items)
		var parts []string
		for i, item := range items {
			part := fmt.Sprintf(`{"id":%d}`, i+1)
			if strings.HasPrefix(item.Data.A, "closed") {
				part = `{"code":403}`
			}
			parts = append(parts, part)
		}
		return 200, `{"r":[` + strings.Join(parts, ",") + `]}`
	}
	remote, table, _ := scripted(t, settings, results)
	outcomes, err := remote.Send(t.Context(), things(table, "one", "closed", "three"))
	if got := states(outcomes); err != nil || got != "done refused:refused done" {
		t.Errorf("%s %v", got, err)
	}
	for n := range 3 {
		outcomes, err = remote.Send(t.Context(), things(table, "closed one", "closed two"))
		if n < 2 && (err != nil || states(outcomes) != "unsent unsent") {
			t.Errorf("%d: %s %v", n, states(outcomes), err)
		}
	}
	if !errors.Is(err, target.ErrDenied) || !strings.Contains(fmt.Sprint(err), "3 times in a row") {
		t.Errorf("the end: %v", err)
	}
}
