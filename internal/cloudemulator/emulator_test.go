package cloudemulator

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

// service is an emulator behind a real server, and one of its clients.
type service struct {
	*Emulator
	t      *testing.T
	url    string
	client Client
}

func serve(t *testing.T, options Options) *service {
	t.Helper()
	e := New(options)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return &service{e, t, server.URL, e.clients[0]}
}

// ask makes a call with parameters in pairs and returns the HTTP status and the
// body.
func (s *service) ask(operation string, parameters ...string) (int, string) {
	s.t.Helper()
	form := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	request, err := http.NewRequest(http.MethodPost, s.url+"/"+operation, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(s.client.ID, s.client.Secret)
	return send(s.t, request)
}

func send(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// call is ask for calls that are answered with JSON.
func (s *service) call(operation string, parameters ...string) map[string]any {
	s.t.Helper()
	_, body := s.ask(operation, parameters...)
	var parsed map[string]any
	if err := json.Unmarshal([]byte(body), &parsed); err != nil {
		s.t.Fatalf("%s: %v in %s", operation, err, body)
	}
	return parsed
}

func (s *service) wantOK(operation string, parameters ...string) map[string]any {
	s.t.Helper()
	answer := s.call(operation, parameters...)
	if answer["stat"] != "ok" {
		s.t.Fatalf("%s: %v", operation, answer)
	}
	return answer
}

func (s *service) wantCode(code float64, operation string, parameters ...string) map[string]any {
	s.t.Helper()
	answer := s.call(operation, parameters...)
	if answer["stat"] != "error" || answer["code"] != code {
		s.t.Errorf("%s %v: want code %v, got %v", operation, parameters, code, answer)
	}
	return answer
}

// record is the attributes of a record, by its key.
func (s *service) record(email string) map[string]any {
	s.t.Helper()
	return s.wantOK("entity", "type_name", "user", "key_attribute", "email", "key_value", `"`+email+`"`)["result"].(map[string]any)
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestBulkCreateAnswersEachRecordAtItsPlace(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{})
	records := `[{"email":"U1@x.org","primaryAddress":{"city":"Ulm"}},{"email":"u1@X.org"},{"givenName":"nobody"},
		{"email":"u2@x.org","shoe":1},{"email":"u3@x.org","birthday":"31.12.1999"},{"email":"u4@x.org","givenName":"` + strings.Repeat("é", 257) + `"},
		{"email":"u5@x.org","id":5},{"email":"u6@x.org","birthday":"1999-12-31 00:00:00","profiles":[{"identifier":"a"},{"identifier":"a"}]},
		{"email":"u7@x.org","birthday":"1999-12-31 00:00:00","created":"2001-02-03 04:05:06"}]`
	answer := s.wantOK("entity.bulkCreate", "type_name", "user", "all_attributes", records, "timeout", "10")
	var codes []any
	for i, result := range answer["results"].([]any) {
		if failed, is := result.(map[string]any); is {
			want(t, "the same failure in both arrays", answer["uuid_results"].([]any)[i], result)
			codes = append(codes, failed["code"])
			continue
		}
		codes = append(codes, "ok")
		if _, ok := parseUUID(answer["uuid_results"].([]any)[i].(string)); !ok {
			t.Errorf("no uuid: %v", answer["uuid_results"])
		}
	}
	want(t, "codes", codes, []any{"ok", 361., 362., 223., 340., 363., 320., 361., "ok"})
	want(t, "which attribute", answer["results"].([]any)[1].(map[string]any)["attribute_name"], "email")
	want(t, "the text of a duplicate", answer["results"].([]any)[1].(map[string]any)["error_description"], "Attempted to update a duplicate value")
	want(t, "records", s.Count("user"), 2)
	kept := s.record("u7@x.org")
	want(t, "birthday", kept["birthday"], "1999-12-31")
	want(t, "created", kept["created"], "2001-02-03 04:05:06.000000 +0000")
	want(t, "empty plural", kept["clients"], []any{})
	want(t, "empty object", kept["optIn"], map[string]any{"status": nil, "updated": nil})
	want(t, "city", s.record("u1@x.org")["primaryAddress"].(map[string]any)["city"], "Ulm")
}

func TestBulkCreateTogetherCreatesAllOrNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{})
	s.wantCode(361, "entity.bulkCreate", "type_name", "user", "commit_each", "false", "all_attributes", `[{"email":"a"},{"email":"b"},{"email":"A"}]`)
	want(t, "records", s.Count("user"), 0)
	s.wantOK("entity.bulkCreate", "type_name", "user", "commit_each", "false", "all_attributes", `[{"email":"a"},{"email":"b"}]`)
	s.wantOK("entity.bulkCreate", "type_name", "user", "commit_each", "smart", "all_attributes", `[{"email":"c"},{"email":"b"}]`)
	want(t, "records", s.Count("user"), 3)
}

func TestUpdateMergesAndReplaceDoesNot(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{})
	s.wantOK("entity.create", "type_name", "user", "attributes",
		`{"email":"a@x.org","givenName":"Ada","primaryAddress":{"city":"Ulm","zip":"89073"},"clients":[{"clientId":"one"},{"clientId":"two"}]}`)
	key := []string{"type_name", "user", "key_attribute", "email", "key_value", `"a@x.org"`}
	before := s.record("a@x.org")
	elements := before["clients"].([]any)
	first := elements[0].(map[string]any)["id"]

	s.wantOK("entity.update", append(key, "value", `{"givenName":null,"familyName":"L","primaryAddress":{"city":"Bonn"},"clients":[{"clientId":"three"}]}`)...)
	after := s.record("a@x.org")
	want(t, "explicit null", after["givenName"], nil)
	want(t, "new text", after["familyName"], "L")
	want(t, "sibling in the object", after["primaryAddress"].(map[string]any)["zip"], "89073")
	want(t, "appended", len(after["clients"].([]any)), 3)
	want(t, "kept element", after["clients"].([]any)[0].(map[string]any)["id"], first)
	if after["lastUpdated"] == before["lastUpdated"] || after["created"] != before["created"] {
		t.Errorf("times: %v %v, then %v %v", before["created"], before["lastUpdated"], after["created"], after["lastUpdated"])
	}
	text, _ := json.Marshal(first)
	s.wantOK("entity.update", append(key, "attributes", `{"clients":[{"id":`+string(text)+`,"clientId":"uno"}]}`)...)
	want(t, "element by its id", s.record("a@x.org")["clients"].([]any)[0].(map[string]any)["clientId"], "uno")
	s.wantOK("entity.update", append(key, "attribute_name", "clients#"+string(text), "value", `{"name":"first"}`)...)
	part := s.wantOK("entity", append(key, "attribute_name", "clients#"+string(text))...)["result"].(map[string]any)
	want(t, "merged element", []any{part["clientId"], part["name"]}, []any{"uno", "first"})

	s.wantOK("entity.replace", append(key, "attribute_name", "clients", "value", `[{"clientId":"one"}]`)...)
	replaced := s.record("a@x.org")["clients"].([]any)
	want(t, "replaced plural", len(replaced), 1)
	if replaced[0].(map[string]any)["id"].(float64) <= first.(float64)+1 {
		t.Errorf("the element has an old id: %v", replaced)
	}
	s.wantOK("entity.replace", append(key, "value", `{"email":"a@x.org","familyName":"M"}`)...)
	after = s.record("a@x.org")
	want(t, "the rest is null", []any{after["primaryAddress"].(map[string]any)["city"], after["clients"]}, []any{nil, []any{}})
	want(t, "uuid", after["uuid"], before["uuid"])

	s.wantCode(200, "entity.update", append(key, "value", `{"created":"2001-01-01 00:00:00"}`)...)
	s.wantCode(362, "entity.replace", append(key, "value", `{"familyName":"M"}`)...)
	s.wantCode(340, "entity.update", append(key, "value", `{"visits":"many"}`)...)
	s.wantCode(223, "entity.update", append(key, "value", `{"shoe":1}`)...)
	s.wantCode(310, "entity.update", append(key, "value", `{"clients":[{"id":99999,"clientId":"x"}]}`)...)
}

func TestSelectorsAndPreconditions(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{})
	created := s.wantOK("entity.create", "type_name", "user", "attributes", `{"email":"a@x.org","loyalty":{"id":"L1"}}`, "include_record", "true")
	uuid := created["uuid"].(string)
	want(t, "by uuid", s.wantOK("entity", "type_name", "user", "uuid", uuid, "attribute_name", "email")["result"], "a@x.org")
	want(t, "by id", s.wantOK("entity", "type_name", "user", "id", "1", "attribute_name", "uuid")["result"], uuid)
	want(t, "by another key", s.wantOK("entity", "type_name", "user", "key_attribute", "loyalty.id", "key_value", `"L1"`, "attributes", `["primaryAddress.city","id"]`)["result"],
		map[string]any{"id": 1., "primaryAddress": map[string]any{"city": nil}})
	s.wantCode(310, "entity", "type_name", "user", "key_attribute", "loyalty.id", "key_value", `"l1"`)
	s.wantCode(200, "entity", "type_name", "user", "key_attribute", "email", "key_value", "a@x.org")
	s.wantCode(200, "entity", "type_name", "user", "key_attribute", "givenName", "key_value", `"a"`)
	s.wantCode(100, "entity", "type_name", "user")
	s.wantCode(100, "entity.update", "type_name", "user", "uuid", uuid)
	s.wantCode(222, "entity", "type_name", "pet", "id", "1")
	last := created["result"].(map[string]any)["lastUpdated"].(string)
	s.wantOK("entity.update", "type_name", "user", "uuid", uuid, "lastUpdated", last, "value", `{"givenName":"A"}`)
	s.wantCode(330, "entity.update", "type_name", "user", "uuid", uuid, "lastUpdated", last, "value", `{"givenName":"B"}`)
	s.wantCode(330, "entity.delete", "type_name", "user", "uuid", uuid, "created", "2001-01-01 00:00:00")
	s.wantOK("entity.delete", "type_name", "user", "uuid", uuid, "attribute_name", "givenName")
	want(t, "cleared", s.record("a@x.org")["givenName"], nil)
	s.wantCode(362, "entity.delete", "type_name", "user", "uuid", uuid, "attribute_name", "email")
	s.wantOK("entity.delete", "type_name", "user", "uuid", uuid)
	s.wantCode(310, "entity.delete", "type_name", "user", "uuid", uuid)
	again := s.wantOK("entity.create", "type_name", "user", "attributes", `{"email":"a@x.org"}`)
	if again["uuid"] == uuid {
		t.Error("a deleted record's uuid was given again")
	}
}

func TestUniqueRules(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{Types: []Type{{
		Name: "user",
		Attributes: []Attribute{
			{Name: "email", Kind: String, Unique: true},
			{Name: "code", Kind: String, CaseSensitive: true, Unique: true},
			{Name: "shop", Kind: String},
			{Name: "number", Kind: Integer},
		},
		Unique: [][]string{{"shop", "number"}},
	}}})
	create := func(attributes string) []string { return []string{"type_name", "user", "attributes", attributes} }
	s.wantOK("entity.create", create(`{"email":"a","code":"x","shop":"s","number":1}`)...)
	s.wantOK("entity.create", create(`{"email":"b","code":"X","shop":"s","number":2}`)...)
	s.wantOK("entity.create", create(`{"shop":"s"}`)...)
	s.wantOK("entity.create", create(`{"shop":"s"}`)...)
	want(t, "which", s.wantCode(361, "entity.create", create(`{"email":"A"}`)...)["attribute_name"], "email")
	want(t, "which", s.wantCode(361, "entity.create", create(`{"code":"x"}`)...)["attribute_name"], "code")
	want(t, "which", s.wantCode(361, "entity.create", create(`{"shop":"S","number":"2"}`)...)["attribute_name"], "shop,number")
	s.wantCode(361, "entity.update", "type_name", "user", "id", "1", "value", `{"number":2}`)
	s.wantOK("entity.update", "type_name", "user", "id", "1", "value", `{"email":"c"}`)
	s.wantOK("entity.create", create(`{"email":"A"}`)...)
}

func TestAuthenticationAndPermissions(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{Clients: []Client{
		{ID: "boss", Secret: "s3cret", Features: []string{"owner"}, Token: "t0ken"},
		{ID: "reader", Secret: "r", Features: []string{"direct_access_read"}},
		{ID: "page", Secret: "p", Features: []string{"login_client"}},
	}})
	ask := func(change func(r *http.Request), form url.Values) (int, float64) {
		t.Helper()
		request, err := http.NewRequest(http.MethodPost, s.url+"/entity.count", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		change(request)
		status, body := send(t, request)
		var answer struct {
			Code      float64
			RequestID string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if answer.Code != 0 && len(answer.RequestID) != 16 {
			t.Errorf("request_id: %s", body)
		}
		return status, answer.Code
	}
	form := url.Values{"type_name": {"user"}, "timeout": {"10"}}
	signed := func(secret string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Date", "2020-01-02 03:04:05")
			r.Header.Set("Authorization", "Signature boss:"+Signature(secret, "/entity.count", "2020-01-02 03:04:05", form))
		}
	}
	header := func(text string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", text) }
	}
	nothing := func(*http.Request) {}
	for _, c := range []struct {
		what   string
		change func(*http.Request)
		form   url.Values
		status int
		code   float64
	}{
		{"basic", header("Basic " + base64.StdEncoding.EncodeToString([]byte("boss:s3cret"))), form, 200, 0},
		{"wrong secret", header("Basic " + base64.StdEncoding.EncodeToString([]byte("boss:no"))), form, 200, 402},
		{"signature", signed("s3cret"), form, 200, 0},
		{"wrong signature", signed("other"), form, 200, 402},
		{"signed without a date", header("Signature boss:" + Signature("s3cret", "/entity.count", "", form)), form, 200, 402},
		{"token", header("OAuth t0ken"), form, 200, 0},
		{"wrong token", header("OAuth nope"), form, 401, 414},
		{"form", nothing, url.Values{"type_name": {"user"}, "client_id": {"boss"}, "client_secret": {"s3cret"}}, 200, 0},
		{"wrong form", nothing, url.Values{"type_name": {"user"}, "client_id": {"boss"}, "client_secret": {"r"}}, 200, 402},
		{"nobody", nothing, form, 200, 402},
		{"reader", header("Basic " + base64.StdEncoding.EncodeToString([]byte("reader:r"))), form, 200, 0},
		{"login client", header("Basic " + base64.StdEncoding.EncodeToString([]byte("page:p"))), form, 200, 403},
	} {
		if status, code := ask(c.change, c.form); status != c.status || code != c.code {
			t.Errorf("%s: status %d, code %v", c.what, status, code)
		}
	}
	s.client = Client{ID: "reader", Secret: "r"}
	s.wantCode(403, "entity.create", "type_name", "user", "attributes", `{"email":"a"}`)
}

func TestUUIDsAreThoseOfTheSeed(t *testing.T) {
	t.Parallel()
	uuids := func(seed, records string) any {
		s := serve(t, Options{Seed: seed})
		return s.wantOK("entity.bulkCreate", "type_name", "user", "all_attributes", records)["uuid_results"]
	}
	one := uuids("a", `[{"email":"x"},{"email":"y"}]`).([]any)
	two := uuids("a", `[{"email":"y"},{"email":"x"}]`).([]any)
	want(t, "whatever the order", []any{one[0], one[1]}, []any{two[1], two[0]})
	if other := uuids("b", `[{"email":"x"},{"email":"y"}]`).([]any); other[0] == one[0] {
		t.Error("another seed gives the same uuid")
	}
}

func TestImportedRecordsAreThereBeforehand(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{Clock: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC) }})
	if err := s.Import("user", []map[string]any{{"email": "a@x.org", "visits": 3, "clients": []map[string]any{{"clientId": "c"}}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Import("user", []map[string]any{{"email": "A@x.org"}, {"email": "b@x.org"}}); err == nil || s.Count("user") != 2 {
		t.Errorf("%v; %d records", err, s.Count("user"))
	}
	found := s.Find("user", "email", "A@X.ORG")
	want(t, "visits", found["visits"], json.Number("3"))
	want(t, "created", found["created"], "2026-01-02 03:04:05.000006 +0000")
	want(t, "records", len(s.Records("user")), 2)
	if s.Find("user", "email", "c@x.org") != nil || s.Find("user", "givenName", "c") != nil {
		t.Error("found somebody who is not there")
	}
}
