package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"landfall/internal/connector/caller"
	"landfall/internal/connector/httpapi"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// bulk is a small API whose bulk answers stand in the order of the records, and
// whose errors come with status 200.
type bulk struct {
	mu      sync.Mutex
	records []map[string]any
	calls   []string
}

func (b *bulk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.ParseForm()
	b.calls = append(b.calls, r.URL.Path)
	say := func(answer map[string]any) { json.NewEncoder(w).Encode(answer) }
	switch r.URL.Path {
	case "/entity.bulkCreate":
		var all []map[string]any
		if err := json.Unmarshal([]byte(r.Form.Get("all_attributes")), &all); err != nil {
			say(map[string]any{"stat": "error", "code": 200, "error_description": "not JSON"})
			return
		}
		var results []any
		for _, one := range all {
			taken := false
			for _, other := range b.records {
				taken = taken || other["email"] == one["email"]
			}
			if taken {
				results = append(results, map[string]any{"stat": "error", "code": 361, "error_description": "Attempted to update a duplicate value"})
				continue
			}
			one["uuid"] = fmt.Sprintf("00000000-0000-4000-8000-%012d", len(b.records)+1)
			b.records = append(b.records, one)
			results = append(results, one["uuid"])
		}
		say(map[string]any{"stat": "ok", "uuid_results": results})
	case "/entity.find":
		found := []any{}
		for _, one := range b.records {
			for term := range strings.SplitSeq(r.Form.Get("filter"), " or ") {
				field, value, _ := strings.Cut(term, "=")
				if fmt.Sprint(one[field]) == strings.Trim(value, "'") {
					found = append(found, one)
				}
			}
		}
		say(map[string]any{"stat": "ok", "results": found})
	}
}

func cloud(url string) httpapi.Description {
	ok := []httpapi.Condition{{When: `body.stat == "ok"`}}
	return httpapi.Description{
		URL: url, Limits: caller.Limits{Calls: 4},
		Answers: httpapi.Answers{Code: "result.code", Message: "result.error_description", Success: ok, Rejected: []httpapi.Condition{{Codes: []httpapi.Range{{From: 100, To: 399}}}}},
		Types: []*httpapi.Type{{
			Name: "user", Key: []string{"uuid"}, Open: true,
			Fields: []httpapi.Field{{Name: "uuid", Type: "uuid", Given: true}, {Name: "email", Unique: true, FoldCase: true}},
			Create: &httpapi.Request{
				Path: "/entity.bulkCreate", Form: map[string]string{"type_name": "{type}", "all_attributes": "{records}"}, Records: 3,
				Results: &httpapi.Results{At: "body.uuid_results", Answers: httpapi.Answers{
					Code: "result.code", Message: "result.error_description",
					Success:   []httpapi.Condition{{When: `type(result) == "string"`}},
					Duplicate: []httpapi.Condition{{Codes: []httpapi.Range{httpapi.Only(361)}}},
				}},
				Key: httpapi.Keys{"": "result"},
			},
			Find: &httpapi.Request{
				Path: "/entity.find", Form: map[string]string{"type_name": "{type}", "filter": "{filter}", "attributes": "{fields}"}, Records: 50,
				Found: "body.results", Filter: &httpapi.Filter{Text: "{field}='{value}'"},
			},
		}},
	}
}

func TestPositionalCreate(t *testing.T) {
	server := httptest.NewServer(&bulk{})
	defer server.Close()
	api, err := httpapi.New(cloud(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	table, err := api.Table(t.Context(), "user", []string{"email", "name.given"})
	if err != nil {
		t.Fatal(err)
	}
	key, _ := table.Column("uuid")
	remote, err := api.Remote(table, []sqldb.Column{*key})
	if err != nil {
		t.Fatal(err)
	}
	email, _ := table.Column("email")
	given, _ := table.Column("name.given")
	columns := []sqldb.Column{*email, *given}
	var orders []target.Order
	for i := range 5 {
		orders = append(orders, target.Order{
			Deed: target.DeedCreate, Ref: record.Ref{Entity: "user", Key: fmt.Sprint(i)}, Token: fmt.Sprint("t", i), Columns: columns,
			Values: []record.Value{record.Text(fmt.Sprintf("u%d@x.org", i%4)), record.Text("Ann")},
		})
	}
	outcomes, err := remote.Send(t.Context(), orders[:4])
	if err != nil {
		t.Fatal(err)
	}
	again, err := remote.Send(t.Context(), orders[4:])
	if outcomes = append(outcomes, again...); err != nil {
		t.Fatal(err)
	}
	for i, o := range outcomes[:4] {
		if o.State != target.Done || len(o.Key) != 1 {
			t.Fatalf("%d: %+v", i, o)
		}
	}
	fetched, err := remote.Fetch(t.Context(), [][]record.Value{outcomes[0].Key, {record.Text("00000000-0000-4000-8000-000000000009")}}, columns)
	if err != nil || len(fetched[0].Values) != 2 || fetched[0].Values[1].String() != "Ann" || fetched[1].Values != nil {
		t.Errorf("%+v %v", fetched, err)
	}
	matched, err := remote.Match(t.Context(), columns[:1], [][]record.Value{{record.Text("u2@x.org")}, {record.Text("nobody@x.org")}})
	if err != nil || matched[0].Count != 1 || matched[1].Count != 0 {
		t.Errorf("%+v %v", matched, err)
	}
	settled, err := remote.Settle(t.Context(), orders[:4])
	for i, o := range settled {
		if err != nil || o.State != target.Done || !o.Verified || o.Key[0] != outcomes[i].Key[0] {
			t.Errorf("%d: %+v %v", i, o, err)
		}
	}
	if o := outcomes[4]; o.State != target.Refused || o.Code != record.CodeUnique {
		t.Errorf("%+v", o)
	}
}
