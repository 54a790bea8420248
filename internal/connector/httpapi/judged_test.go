package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// scripted opens an API of settings whose server answers as told, and notes the
// bodies that it is sent.
func scripted(t testing.TB, settings string, answer func(path, body string) (status int, text string)) (target.Remote, *sqldb.Table, *bodies) {
	t.Helper()
	var b bodies
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		b.add([]byte(r.URL.Path + " " + string(body)))
		status, text := answer(r.URL.Path, string(body))
		w.WriteHeader(status)
		io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	api, err := open(t, server.URL, settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	table, err := api.Table(t.Context(), "thing", []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := table.Column("id")
	remote, err := api.Remote(table, []sqldb.Column{*id})
	if err != nil {
		t.Fatal(err)
	}
	return remote, table, &b
}

// things are creates of things whose a tells them apart.
func things(table *sqldb.Table, names ...string) []target.Order {
	a, _ := table.Column("a")
	var orders []target.Order
	for _, name := range names {
		orders = append(orders, target.Order{
			Deed: target.DeedCreate, Ref: record.Ref{Entity: "thing", Key: name}, Token: "token-" + name,
			Columns: []sqldb.Column{*a}, Values: []record.Value{record.Text(name)},
		})
	}
	return orders
}

func states(outcomes []target.Outcome) string {
	words := map[target.State]string{target.Unsent: "unsent", target.Done: "done", target.Refused: "refused", target.Absent: "absent", target.Unknown: "unknown"}
	told := make([]string, len(outcomes))
	for i, o := range outcomes {
		told[i] = words[o.State]
		if o.Code != "" {
			told[i] += ":" + string(o.Code)
		}
	}
	return strings.Join(told, " ")
}

const inBulk = `
limits: {rate: none, patience: 1s}
types:
  thing:
    key: id
    open: true
    fields: {id: {type: integer, given: true}}
    create: {path: /make, body: "{records}", item: {t: "{token}", data: "{record}"}, records: 4, key: result.id, results: {at: body.r%s}}
`

// What an answer says, and what becomes of the records of its call.
func TestAnswers(t *testing.T) {
	t.Parallel()
	byPlace, byToken := "", `, by: result.t`
	ok := `{"r":[{"id":1},{"id":2},{"id":3}]}`
	for name, c := range map[string]struct {
		settings, answer, want string
		status                 int
	}{
		"all":                  {byPlace, ok, "done done done", 200},
		"one short":            {byPlace, `{"r":[{"id":1},{"id":2}]}`, "unknown unknown unknown", 200},
		"one too many":         {byPlace, `{"r":[{"id":1},{"id":2},{"id":3},{"id":4}]}`, "unknown unknown unknown", 200},
		"one is null":          {byPlace, `{"r":[{"id":1},null,{"id":3}]}`, "done unknown done", 200},
		"one without key":      {byPlace, `{"r":[{"id":1},{"ok":true},{"id":3}]}`, "done unknown done", 200},
		"one key is no number": {byPlace, `{"r":[{"id":1},{"id":"x"},{"id":3}]}`, "done unknown done", 200},
		"no results":           {byPlace, `{}`, "unknown unknown unknown", 200},
		"no JSON":              {byPlace, `<html>`, "unknown unknown unknown", 200},
		"cut off":              {byPlace, ok[:20], "unknown unknown unknown", 200},
		"something behind":     {byPlace, ok + "x", "unknown unknown unknown", 200},
		"empty":                {byPlace, ``, "unknown unknown unknown", 200},
		"a page with 500":      {byPlace, `<html>`, "unknown unknown unknown", 500},
		"a good body with 504": {byPlace, ok, "unknown unknown unknown", 504},
		"by token":             {byToken, `{"r":[{"id":3,"t":"token-z"},{"id":1,"t":"token-x"}]}`, "done unknown done", 200},
		"by key of an object":  {byPlace, `{"r":{"token-z":{"id":3},"token-y":{"id":2}}}`, "unknown done done", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			remote, table, _ := scripted(t, fmt.Sprintf(inBulk, c.settings), func(string, string) (int, string) { return c.status, c.answer })
			outcomes, err := remote.Send(t.Context(), things(table, "x", "y", "z"))
			if got := states(outcomes); err != nil || got != c.want {
				t.Errorf("expected %s, got %s (%v)", c.want, got, err)
			}
		})
	}
}

// A batch that is rejected as a whole is taken apart, and each record judged.
func TestRejectedAsAWhole(t *testing.T) {
	t.Parallel()
	for status, code := range map[int]string{400: "refused:refused", 409: "refused:unique", 413: "refused:too-long"} {
		remote, table, sent := scripted(t, fmt.Sprintf(inBulk, ""), func(_, body string) (int, string) {
			if strings.Contains(body, `"bad`) {
				return status, `{}`
			}
			var items []any
			json.Unmarshal([]byte(body), &items)
			var results []string
			for i := range items {
				results = append(results, fmt.Sprintf(`{"id":%d}`, i+1))
			}
			return 200, `{"r":[` + strings.Join(results, ",") + `]}`
		})
		outcomes, err := remote.Send(t.Context(), things(table, "one", "two", "bad1", "four"))
		if got, want := states(outcomes), "done done "+code+" done"; err != nil || got != want {
			t.Errorf("%d: expected %s, got %s (%v)", status, want, got, err)
		}
		if calls := len(sent.take()); calls != 5 {
			t.Errorf("%d: %d calls", status, calls)
		}
	}
}

const alone = `
limits: {rate: none, patience: 1s}
types:
  thing:
    key: id
    fields:
      id: {type: integer, given: true}
      a: text
      b: {type: json, alone: true, without: id}
      c: {type: json, alone: true}
    create: {path: /make, body: "{record}"}
    update: {path: "/change/{key}", body: "{record}"}
    replace: {path: "/replace/{key}/{field}", body: "{value}"}
    get: {path: "/get/{key}"}
`

// Fields that are alone are written in calls of their own, after the rest; when
// one fails, the outcome names what is as it was.
func TestAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails  string
		status int
		a, b   string
		want   string
		calls  string
	}{
		"all well":            {"", 0, "new", `["n"]`, "done []", `/change/7 {"a":"new"} | /replace/7/b ["n"] | /replace/7/c ["m"]`},
		"second refused":      {"/replace/7/c", 422, "new", `["n"]`, "refused:refused [c]", `/change/7 {"a":"new"} | /replace/7/b ["n"] | /replace/7/c ["m"]`},
		"first unknown":       {"/replace/7/b", 500, "new", `["n"]`, "unknown [b c]", `/change/7 {"a":"new"} | /replace/7/b ["n"]`},
		"rest refused":        {"/change/7", 422, "new", `["n"]`, "refused:refused []", `/change/7 {"a":"new"}`},
		"only alone":          {"", 0, "old", `["n"]`, "done []", `/replace/7/b ["n"] | /replace/7/c ["m"]`},
		"only alone, refused": {"/replace/7/b", 422, "old", `["n"]`, "refused:refused []", `/replace/7/b ["n"]`},
		"unchanged is left":   {"", 0, "new", `["o"]`, "done []", `/change/7 {"a":"new"} | /replace/7/c ["m"]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			remote, table, sent := scripted(t, alone, func(path, _ string) (int, string) {
				if path == c.fails {
					return c.status, `{}`
				}
				return 200, `{}`
			})
			columns := make([]sqldb.Column, 3)
			for i, name := range []string{"a", "b", "c"} {
				column, _ := table.Column(name)
				columns[i] = *column
			}
			outcomes, err := remote.Send(t.Context(), []target.Order{{
				Deed: target.DeedUpdate, Key: []record.Value{record.Int(7)}, Columns: columns, Token: "t",
				Values: []record.Value{record.Text(c.a), record.JSON(c.b), record.JSON(`["m"]`)},
				Before: []record.Value{record.Text("old"), record.JSON(`["o"]`), record.Null()},
			}})
			if got := fmt.Sprint(states(outcomes), " ", outcomes[0].Unwritten); err != nil || got != c.want {
				t.Errorf("expected %s, got %s (%v)", c.want, got, err)
			}
			if got := strings.Join(sent.take(), " | "); got != c.calls {
				t.Errorf("expected %s, got %s", c.calls, got)
			}
		})
	}
}

// Members that the API adds are no part of what is read.
func TestWithout(t *testing.T) {
	t.Parallel()
	remote, table, _ := scripted(t, alone, func(string, string) (int, string) {
		return 200, `{"id":7,"a":null,"b":[{"id":1,"n":12345678901234567890,"x":0.10}],"c":{}}`
	})
	b, _ := table.Column("b")
	fetched, err := remote.Fetch(t.Context(), [][]record.Value{{record.Int(7)}}, []sqldb.Column{*b})
	if err != nil || fetched[0].Values[0] != record.JSON(`[{"n":12345678901234567890,"x":0.10}]`) {
		t.Errorf("%v %v", fetched, err)
	}
}

// The parser of answers takes whatever comes without breaking, and outcomes
// account for every record.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"r":[{"id":1},{"id":2}]}`, `{"r":{"token-x":{"id":1}}}`, `<html>`, ``, `{"r":[1e400,-0]}`, `[[[[`, `{"r":null}`, "{\"r\":[{\"id\":\"\u0000\"},{}]}", `{"r":[{"id":99999999999999999999},{"id":1.5}]}`} {
		f.Add(200, seed)
		f.Add(500, seed)
	}
	var mu sync.Mutex
	status, text := 200, ""
	remote, table, _ := scripted(f, fmt.Sprintf(inBulk, ""), func(string, string) (int, string) { return status, text })
	f.Fuzz(func(t *testing.T, answered int, body string) {
		mu.Lock()
		defer mu.Unlock()
		if status, text = answered, body; !slices.Contains([]int{200, 201, 400, 409, 413, 422, 500, 502}, answered) {
			return
		}
		outcomes, err := remote.Send(t.Context(), things(table, "x", "y"))
		if err != nil || len(outcomes) != 2 {
			t.Fatal(outcomes, err)
		}
		for _, o := range outcomes {
			if o.State == target.Unsent || o.State == target.Absent || o.State == target.Done && (len(o.Key) != 1 || o.Key[0].Kind() != record.KindInt) {
				t.Errorf("%q: %+v", body, o)
			}
		}
	})
}
