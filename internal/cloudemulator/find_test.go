package cloudemulator

import (
	"fmt"
	"strings"
	"testing"
)

func people(t *testing.T) *service {
	t.Helper()
	s := serve(t, Options{})
	s.wantOK("entity.bulkCreate", "type_name", "user", "all_attributes", `[
		{"email":"ada@x.org","givenName":"Ada","visits":3,"balance":"10.50","birthday":"1815-12-10","optIn":{"status":true},"loyalty":{"id":"L1"},"clients":[{"clientId":"c1"},{"clientId":"c2"}]},
		{"email":"bob@x.org","givenName":"bob","visits":10,"birthday":"1990-01-01","optIn":{"status":false},"externalId":"e"},
		{"email":"cy@x.org","givenName":"O'Brien","primaryAddress":{"city":"Ulm"}},
		{"email":"dee@x.org","givenName":"back\\slash","visits":-1,"password":"secret"}]`)
	return s
}

func (s *service) emails(parameters ...string) string {
	s.t.Helper()
	answer := s.wantOK("entity.find", append([]string{"type_name", "user", "attributes", `["email"]`}, parameters...)...)
	var names []string
	for _, result := range answer["results"].([]any) {
		name, _, _ := strings.Cut(result.(map[string]any)["email"].(string), "@")
		names = append(names, name)
	}
	if answer["result_count"] != float64(len(names)) {
		s.t.Errorf("result_count %v for %v", answer["result_count"], names)
	}
	return strings.Join(names, " ")
}

func TestFiltersFindWhatTheyName(t *testing.T) {
	t.Parallel()
	s := people(t)
	for _, c := range []struct{ filter, want string }{
		{"", "ada bob cy dee"},
		{"email = 'ADA@x.org'", "ada"},
		{"email='bob@x.org' or email='ada@x.org' or email = 'nobody@x.org' or email='bob@x.org'", "ada bob"},
		{"email='bob@x.org' and visits > 10", ""},
		{"email='bob@x.org' AND visits >= 10", "bob"},
		{"(email='bob@x.org' or givenName='ada') and visits = 3", "ada"},
		{"visits > 3", "bob"},
		{"visits != 3", "bob dee"},
		{"visits < 0", "dee"},
		{"visits >= -1 and visits <= 3", "ada dee"},
		{"visits is null", "cy"},
		{"visits is not null", "ada bob dee"},
		{"visits = null", "cy"},
		{"not visits is null", "ada bob dee"},
		{"balance > 10.4", "ada"},
		{"birthday < '1900-01-01'", "ada"},
		{"birthday = '1990-01-01 00:00:00'", "bob"},
		{"created > '2020-01-01' and lastUpdated <= '2200-01-01 00:00:00'", "ada bob cy dee"},
		{"created > '2200-01-01'", ""},
		{"optIn.status = true", "ada"},
		{"optIn.status = 'false'", "bob"},
		{"loyalty.id = 'L1'", "ada"},
		{"loyalty.id = 'l1'", ""},
		{"externalId = 'E'", ""},
		{"clients.clientId = 'c2'", "ada"},
		{"clients is null", "bob cy dee"},
		{"clients.clientId is not null", "ada"},
		{"primaryAddress.city = 'ulm'", "cy"},
		{`givenName = 'O\'Brien'`, "cy"},
		{`givenName = 'O''Brien'`, "cy"},
		{`givenName = 'back\\slash'`, "dee"},
		{"givenName > 'c' and givenName < 'p'", "cy"},
		{"password is not null", "dee"},
		{"id > 2", "cy dee"},
		{"id >= 2 and id < 4", "bob cy"},
		{"id = 3", "cy"},
		{"id = 30", ""},
		{"id > 1 and visits > 0", "bob"},
		{"uuid = '00000000-0000-0000-0000-000000000000'", ""},
		{"uuid = 'no'", ""},
	} {
		if got := s.emails("filter", c.filter); got != c.want {
			t.Errorf("%s: got %q, want %q", c.filter, got, c.want)
		}
		want(t, "count of "+c.filter, s.wantOK("entity.count", "type_name", "user", "filter", c.filter)["total_count"], float64(len(strings.Fields(c.want))))
	}
}

func TestFiltersThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	s := people(t)
	for filter, code := range map[string]float64{
		"email": 200, "email = ": 200, "email = 'x": 200, "email ~ 'x'": 200, "(id > 1": 200, "id > 1)": 200,
		"id > 1 and": 200, "id > 'a'": 200, "birthday > 'soon'": 200, "email > 3": 200, "optIn.status > true": 200,
		"password = 'x'": 200, "optIn = 'x'": 200, "shoe = 1": 223, "email is 3": 200, "'a' = 'a'": 200,
		strings.Repeat("(", 5000) + "id > 1": 200,
	} {
		s.wantCode(code, "entity.find", "type_name", "user", "filter", filter)
	}
	s.wantCode(200, "entity.find", "type_name", "user", "max_results", "10001")
	s.wantCode(200, "entity.find", "type_name", "user", "first_result", "-1")
	s.wantCode(200, "entity.find", "type_name", "user", "sort_on", "email")
	s.wantCode(223, "entity.find", "type_name", "user", "sort_on", `["shoe"]`)
	s.wantCode(223, "entity.find", "type_name", "user", "attributes", `["shoe"]`)
	s.wantCode(222, "entity.find", "type_name", "pet")
}

func TestFindSortsAndPages(t *testing.T) {
	t.Parallel()
	s := people(t)
	want(t, "descending ids", s.emails("sort_on", `["-id"]`), "dee cy bob ada")
	want(t, "by number, null last", s.emails("sort_on", `["visits"]`), "dee ada bob cy")
	want(t, "by text, whatever its case", s.emails("sort_on", `["-givenName"]`), "cy bob dee ada")
	want(t, "by time, then id", s.emails("sort_on", `["-birthday","id"]`, "filter", "birthday is not null"), "bob ada")
	want(t, "page", s.emails("max_results", "2", "first_result", "1"), "bob cy")
	want(t, "page of sorted", s.emails("max_results", "2", "first_result", "3", "sort_on", `["visits"]`), "cy")
	want(t, "from an id on", s.emails("filter", "id > 2", "sort_on", `["id"]`, "max_results", "1"), "cy")
	want(t, "page beyond the end", s.emails("first_result", "9"), "")
	answer := s.wantOK("entity.find", "type_name", "user", "filter", "visits is not null", "max_results", "1", "show_total_count", "true")
	want(t, "total", []any{answer["total_count"], answer["result_count"]}, []any{3., 1.})
}

func TestFindIsServedByIndexes(t *testing.T) {
	t.Parallel()
	s := New(Options{}).stores["user"]
	var records []values
	for i := range 1000 {
		records = append(records, values{"email": fmt.Sprintf("u%d@x.org", i), "loyalty": values{"id": fmt.Sprint(i)}})
	}
	s.insert(records, false)
	for filter, places := range map[string]int{
		"email='u1@x.org' or email='u9@x.org' or email='none'": 2,
		"loyalty.id='7' and givenName is null":                 1,
		"id > 990":                                             10,
		"id > 10 and id <= 12 and givenName is null":           2,
		"uuid='00000000-0000-0000-0000-000000000000'":          0,
		"givenName is null":                                    1000,
	} {
		parsed, failed := parseFilter(s.declared, filter)
		if failed != nil {
			t.Fatal(failed)
		}
		looked := 0
		for range s.candidates(parsed, false) {
			looked++
		}
		if looked != places {
			t.Errorf("%s: looks at %d records, want %d", filter, looked, places)
		}
	}
	if _, failed := s.insert([]values{{"email": "deleted@x.org"}}, false); failed[0] != nil {
		t.Fatal(failed[0])
	}
	if failed := s.delete(selector{id: 1001}); failed != nil {
		t.Fatal(failed)
	}
	parsed, _ := parseFilter(s.declared, "id > 1000 or email = 'deleted@x.org'")
	if n := s.count(parsed); n != 0 {
		t.Errorf("found %d deleted records", n)
	}
}
