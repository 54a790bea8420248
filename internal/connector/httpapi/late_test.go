package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"landfall/internal/connector/httpapi"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// guests is an API of guests, of whom it lists those that it has.
func guests(t *testing.T, kind *httpapi.Type, has ...string) (target.Remote, *[]string, *sqldb.Table) {
	t.Helper()
	var written []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			body, _ := io.ReadAll(r.Body) // a test's own body
			written = append(written, string(body))
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"items": [%s], "id": "9"}`, strings.Join(has, ","))
	}))
	t.Cleanup(server.Close)
	kind.Name, kind.Key = "guest", []string{"id"}
	kind.Fields = append(kind.Fields, httpapi.Field{Name: "id", Given: true}, httpapi.Field{Name: "name"}, httpapi.Field{Name: "password", Hidden: true})
	opened, err := httpapi.New(httpapi.Description{URL: server.URL, Types: []*httpapi.Type{kind}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	table, err := opened.Table(t.Context(), "guest", nil)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := table.Column("id")
	remote, err := opened.Remote(table, []sqldb.Column{*id})
	if err != nil {
		t.Fatal(err)
	}
	return remote, &written, table
}

func guestOrder(table *sqldb.Table, incomplete bool) target.Order {
	name, _ := table.Column("name")
	return target.Order{
		Deed: target.DeedCreate, Ref: record.Ref{Entity: "guest", Key: "1"}, Token: "t-1", Again: true, Incomplete: incomplete,
		Columns: []sqldb.Column{*name}, Values: []record.Value{record.Text("Ada")},
	}
}

// TestSettleSendsNothingIncomplete: an order of which the books do not keep all is
// never sent to find out what became of it.
func TestSettleSendsNothingIncomplete(t *testing.T) {
	t.Parallel()
	for _, incomplete := range []bool{true, false} {
		remote, written, table := guests(t, &httpapi.Type{
			Create: &httpapi.Request{Method: "POST", Path: "/guest", Headers: map[string]string{"Idempotency-Key": "{token}"}, Body: "{record}", Key: httpapi.Keys{"": "result.id"}, Idempotent: true},
		})
		outcomes, err := remote.Settle(t.Context(), []target.Order{guestOrder(table, incomplete)})
		if err != nil {
			t.Fatal(err)
		}
		if incomplete && (outcomes[0].State != target.Unknown || outcomes[0].Unaskable || len(*written) > 0) {
			t.Errorf("%+v after %q", outcomes[0], *written)
		}
		if !incomplete && (outcomes[0].State != target.Done || len(*written) != 1) {
			t.Errorf("of all of it: %+v after %q", outcomes[0], *written)
		}
	}
}

// TestSettleByMarks: a mark makes certain what the books do not keep, and tells
// of what is there twice; what is not there may still come.
func TestSettleByMarks(t *testing.T) {
	t.Parallel()
	marked := func() *httpapi.Type {
		return &httpapi.Type{
			Marker: &httpapi.Marker{Field: "mark"}, Fields: []httpapi.Field{{Name: "mark"}},
			Create: &httpapi.Request{Method: "POST", Path: "/guest", Body: "{record}", Key: httpapi.Keys{"": "result.id"}},
			Find:   &httpapi.Request{Path: "/guest", Query: map[string]string{"mark": "{value}"}, Fields: []string{"mark"}, Found: "body.items"},
		}
	}
	remote, _, table := guests(t, marked())
	outcomes, err := remote.Settle(t.Context(), []target.Order{guestOrder(table, true)})
	if err != nil || outcomes[0].State != target.Absent || !outcomes[0].Late {
		t.Errorf("not there: %+v %v", outcomes, err)
	}
	remote, _, table = guests(t, marked(), `{"id": "1", "name": "Ada", "mark": "t-1"}`, `{"id": "2", "name": "Ada", "mark": "t-1"}`)
	outcomes, err = remote.Settle(t.Context(), []target.Order{guestOrder(table, true)})
	if err != nil || outcomes[0].State != target.Done || len(outcomes[0].Twins) != 1 || outcomes[0].Twins[0][0].String() != "2" {
		t.Errorf("there twice: %+v %v", outcomes, err)
	}
}
