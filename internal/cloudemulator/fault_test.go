package cloudemulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const three = `[{"email":"a@x.org"},{"email":"b@x.org"},{"email":"c@x.org"}]`

func TestFaultsDoToCallsWhatTheySay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what    string
		fault   Fault
		status  int
		body    string // part of it
		records int    // that are there afterwards
	}{
		{"an error of the API", Fault{Do: APIError, Code: 510}, 200, `"code":510`, 0},
		{"an error of the API with a status", Fault{Do: APIError, Code: 500, Status: 500, Apply: 2}, 500, `"stat":"error"`, 2},
		{"a gateway's page", Fault{Do: HTTPStatus, Status: 503}, 503, "<h1>503 Service Unavailable</h1>", 0},
		{"a gateway's page after all was done", Fault{Do: HTTPStatus, Status: 504, Apply: ApplyAll}, 504, "<html>", 3},
		{"any body", Fault{Do: HTTPStatus, Status: 200, Body: "hello"}, 200, "hello", 0},
		{"broken JSON", Fault{Do: BrokenJSON}, 200, `{"stat":"ok"`, 3},
		{"broken JSON and nothing done", Fault{Do: BrokenJSON, Apply: ApplyNone}, 200, "{", 0},
		{"no stat", Fault{Do: NoStat}, 200, `{"results":[1,2,3]`, 3},
		{"short arrays", Fault{Do: ShortResults}, 200, `"results":[1,2]`, 3},
		{"shorter arrays", Fault{Do: ShortResults, Short: 5}, 200, `"results":[]`, 3},
		{"late", Fault{Do: Delay, Delay: time.Millisecond}, 200, `"results":[1,2,3]`, 3},
		{"reset before", Fault{Do: ResetBefore}, 0, "", 0},
		{"reset after all", Fault{Do: ResetAfter}, 0, "", 3},
		{"reset after some", Fault{Do: ResetAfter, Apply: 2}, 0, "", 2},
		{"another operation", Fault{Operation: "entity.count", Do: ResetBefore}, 200, `"stat":"ok"`, 3},
		{"another call", Fault{Call: 2, Do: ResetBefore}, 200, `"stat":"ok"`, 3},
		{"another record", Fault{Key: "b@x.or", Do: ResetBefore}, 200, `"stat":"ok"`, 3},
		{"this record", Fault{Key: "b@x.org", Do: ResetBefore}, 0, "", 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s := serve(t, Options{Faults: []Fault{c.fault}})
			status, body := s.ask("entity.bulkCreate", "type_name", "user", "all_attributes", three)
			if status != c.status || !strings.Contains(body, c.body) {
				t.Errorf("status %d, body %s", status, body)
			}
			if c.fault.Do == BrokenJSON && json.Valid([]byte(body)) {
				t.Errorf("this is no broken JSON: %s", body)
			}
			want(t, "records", s.Count("user"), c.records)
		})
	}
}

func TestFaultsMeetTheCallsThatTheyName(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{Faults: []Fault{
		{Operation: "entity.bulkCreate", Call: 2, Times: 2, Do: APIError, Code: 510},
		{Operation: "entity.update", Key: "b@x.org", Times: 1, Do: HTTPStatus, Status: 429, Header: map[string]string{"Retry-After": "7"}},
	}})
	var codes []any
	for i := range 4 {
		codes = append(codes, s.call("entity.bulkCreate", "type_name", "user", "all_attributes", fmt.Sprintf(`[{"email":"%c@x.org"}]`, 'a'+i))["code"])
	}
	want(t, "codes", codes, []any{nil, 510., 510., nil})
	update := func(email string) int {
		status, _ := s.ask("entity.update", "type_name", "user", "key_attribute", "email", "key_value", `"`+email+`"`, "value", `{"givenName":"A"}`)
		return status
	}
	want(t, "statuses", []int{update("a@x.org"), update("b@x.org"), update("b@x.org")}, []int{200, 429, 200})
	calls := s.Calls()
	want(t, "logged fault", []any{calls[5].Fault, calls[5].Status, calls[1].Code, calls[1].OperationNumber}, []any{HTTPStatus, 429, 510, 2})
}

func TestFaultsByChanceAreThoseOfTheSeed(t *testing.T) {
	t.Parallel()
	played := func(seed string) (pattern string) {
		f := faults{seed: seed}
		f.add(Fault{Do: ResetBefore, Probability: 0.25})
		for range 2000 {
			_, found := f.pick("entity.count", nil)
			pattern += map[bool]string{true: "x", false: "."}[found]
		}
		return pattern
	}
	one := played("a")
	if one != played("a") || one == played("b") {
		t.Error("the seed does not make the faults")
	}
	if n := strings.Count(one, "x"); n < 400 || n > 600 {
		t.Errorf("%d of 2000 calls go wrong, expected about 500", n)
	}
}

func TestFaultsThatContradictThemselvesAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"do":"explode"}`, `{"do":"api-error"}`, `{"do":"http-status"}`, `{"do":"delay","delay":"long"}`,
		`{"do":"delay","probability":2}`, `{"do":"delay","operation":"entity.sing"}`, `{"do":"delay","often":3}`, `[`, `{"do":"delay","times":-1}`,
	} {
		if parsed, err := ParseFaults([]byte(text)); err == nil {
			t.Errorf("%s is taken for %v", text, parsed)
		}
	}
}

func TestLimitsRefuseCallsAboveThem(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var mu sync.Mutex
	s := serve(t, Options{CallsPerMinute: 3, Clock: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
	count := func() any { return s.call("entity.count", "type_name", "user")["code"] }
	want(t, "codes", []any{count(), count(), count(), count(), count()}, []any{nil, nil, nil, 510., 510.})
	mu.Lock()
	now = now.Add(time.Minute)
	mu.Unlock()
	want(t, "a minute later", count(), nil)
	want(t, "limited", []any{s.Calls()[3].Limited, s.Calls()[5].Limited}, []any{true, false})

	page := serve(t, Options{CallsPerMinute: 1, LimitStatus: 510})
	page.call("entity.count", "type_name", "user")
	if status, body := page.ask("entity.count", "type_name", "user"); status != 510 || !strings.Contains(body, "<html>") {
		t.Errorf("status %d, body %s", status, body)
	}
}

func TestConcurrentCallsAreLimited(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{ConcurrentCalls: 2, Faults: []Fault{{Do: Delay, Delay: 300 * time.Millisecond}}})
	codes := make(chan any, 3)
	for range 3 {
		go func() { codes <- s.call("entity.count", "type_name", "user")["code"] }()
	}
	refused := 0
	for range 3 {
		if <-codes == 510. {
			refused++
		}
	}
	want(t, "refused", refused, 1)
}

func TestRequestsThatAreTooLongGetAPage(t *testing.T) {
	t.Parallel()
	for _, status := range []int{0, 403, 502} {
		s := serve(t, Options{MaxBody: 1000, OversizeStatus: status})
		got, body := s.ask("entity.bulkCreate", "type_name", "user", "all_attributes", `[{"email":"`+strings.Repeat("x", 100_000)+`"}]`)
		if wanted := max(status, 413*btoi(status == 0)); got != wanted || !strings.Contains(body, "<html>") {
			t.Errorf("status %d, body %s; want %d", got, body, wanted)
		}
		want(t, "records", s.Count("user"), 0)
	}
	s := serve(t, Options{})
	if status, body := s.ask("entity.sing"); status != 404 || !strings.Contains(body, "<html>") {
		t.Errorf("status %d, body %s", status, body)
	}
	if response, err := http.Get(s.url + "/entity.count"); err != nil || response.StatusCode != 405 {
		t.Errorf("%v %v", response, err)
	} else {
		response.Body.Close()
	}
}

func btoi(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func TestTheLogTellsCallsAndKeepsSecrets(t *testing.T) {
	t.Parallel()
	var told []Call
	s := serve(t, Options{Log: func(call Call) { told = append(told, call) }})
	s.ask("entity.create", "type_name", "user", "attributes", `{"email":"a@x.org","password":"geheim"}`)
	response, err := http.PostForm(s.url+"/entity.count", url.Values{"type_name": {"user"}, "client_id": {DefaultClient.ID}, "client_secret": {DefaultClient.Secret}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	calls := s.Calls()
	want(t, "told", len(told), len(calls))
	want(t, "first", []any{calls[0].Number, calls[0].Operation, calls[0].Auth, calls[0].Client, calls[0].Status}, []any{1, "entity.create", "basic", "emulated", 200})
	want(t, "parameters", calls[0].Parameters.Get("attributes"), `{"email":"a@x.org","password":"geheim"}`)
	want(t, "second", []any{calls[1].Auth, calls[1].Parameters.Get("client_secret")}, []any{"form", ""})
	lines := string(calls[0].Line(false)) + string(calls[1].Line(true))
	for _, secret := range []string{"geheim", "a@x.org", DefaultClient.Secret} {
		if strings.Contains(lines, secret) {
			t.Errorf("the log tells %s: %s", secret, lines)
		}
	}
	if !strings.Contains(string(calls[0].Line(true)), "a@x.org") {
		t.Errorf("values were asked for: %s", calls[0].Line(true))
	}
}

func TestTheLogForgetsOldCalls(t *testing.T) {
	t.Parallel()
	j := journal{keep: 100}
	for range 1000 {
		var call Call
		call.Number, call.OperationNumber = j.number("entity.count")
		call.Bytes, call.Parameters = 1<<20, url.Values{"a": {"b"}}
		j.add(call)
	}
	if len(j.calls) < 100 || len(j.calls) > 125 || j.calls[len(j.calls)-1].Number != 1000 {
		t.Errorf("%d calls", len(j.calls))
	}
	with := 0
	for _, call := range j.calls {
		with += btoi(call.Parameters != nil)
	}
	want(t, "calls with parameters", with, 16)
}
