package cloudemulator

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func (s *service) control(method, path, body string) (int, string) {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	return send(s.t, request)
}

func TestTheControlEndpointSteersTheEmulator(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{})
	wants := func(method, path, body string, status int, part string) {
		t.Helper()
		if got, text := s.control(method, path, body); got != status || !strings.Contains(text, part) {
			t.Errorf("%s %s: status %d, %s; want %d, %s", method, path, got, text, status, part)
		}
	}
	wants("POST", "/emulator/records?type=user", `[{"email":"a@x.org"},{"email":"b@x.org"}]`, 200, "")
	var lines strings.Builder
	for i := range 2500 {
		fmt.Fprintf(&lines, "{\"email\":\"u%d@x.org\"}\n", i)
	}
	wants("POST", "/emulator/records?type=user", lines.String(), 200, "")
	wants("POST", "/emulator/records?type=user", `{"email":"c@x.org"}{"email":"a@x.org"}`, 400, "record 2")
	wants("POST", "/emulator/records?type=user", `[{"email":"d@x.org"}`, 400, "behind record 1")
	wants("POST", "/emulator/records?type=pet", `[]`, 400, "pet")
	wants("GET", "/emulator", "", 200, `"records":{"user":2503}`)
	wants("GET", "/emulator/records?type=user", "", 200, `"email":"u2499@x.org"`)
	wants("POST", "/emulator/faults", `[{"operation":"entity.count","do":"http-status","status":502,"times":1,"delay":"1ms"}]`, 200, "")
	wants("POST", "/emulator/faults", `{"do":"explode"}`, 400, "explode")
	if status, _ := s.ask("entity.count", "type_name", "user"); status != 502 {
		t.Errorf("status %d", status)
	}
	wants("GET", "/emulator/faults", "", 200, `"played":1`)
	wants("DELETE", "/emulator/faults", "", 200, "")
	wants("GET", "/emulator/faults", "", 200, "[]")
	s.wantOK("entity.count", "type_name", "user")
	wants("GET", "/emulator/log", "", 200, `"fault":"http-status"`)
	if _, text := s.control("GET", "/emulator/log?after=1", ""); strings.Count(text, "\n") != 1 {
		t.Errorf("log: %s", text)
	}
	wants("GET", "/emulator/log?after=x", "", 400, "number")
	wants("POST", "/emulator/reset", "", 200, "")
	wants("GET", "/emulator", "", 200, `{"records":{"user":0},"calls":{}}`)
	wants("PUT", "/emulator", "", 404, "")
}

func TestPackedRequestsAndAnswers(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{})
	var packed bytes.Buffer
	packer := gzip.NewWriter(&packed)
	fmt.Fprint(packer, "type_name=user&attributes=%7B%22email%22%3A%22a%40x.org%22%2C%22aboutMe%22%3A%22"+strings.Repeat("x", 3000)+"%22%7D")
	if err := packer.Close(); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, s.url+"/entity.create", &packed)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(s.client.ID, s.client.Secret)
	request.Header.Set("Content-Encoding", "gzip")
	if status, body := send(t, request); status != 200 || !strings.Contains(body, `"stat":"ok"`) {
		t.Fatalf("status %d, %s", status, body)
	}
	request, err = http.NewRequest(http.MethodPost, s.url+"/entity.find", strings.NewReader("type_name=user"))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(s.client.ID, s.client.Secret)
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.Header.Get("Content-Encoding") != "gzip" || response.ContentLength > 2000 {
		t.Errorf("the answer is not packed: %v", response.Header)
	}
}

func TestSchemasAreReadAsTheServiceWritesThem(t *testing.T) {
	t.Parallel()
	types, err := ParseSchema([]byte(`{"stat":"ok","schema":{"name":"pet","attr_defs":[
		{"name":"id","type":"id","constraints":["unique"]},{"name":"created","type":"dateTime"},
		{"name":"tag","type":"string","length":10,"case-sensitive":true,"constraints":["required","unique"],"description":"of the collar"},
		{"name":"secret","type":"password-bcrypt"},
		{"name":"toys","type":"plural","attr_defs":[{"name":"id","type":"id"},{"name":"name","type":"string","constraints":["locally-unique"]}]}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Options{Types: types})
	s.wantOK("entity.create", "type_name", "pet", "attributes", `{"tag":"a","secret":"x","toys":[{"name":"ball"}]}`)
	s.wantCode(361, "entity.create", "type_name", "pet", "attributes", `{"tag":"b","toys":[{"name":"ball"},{"name":"Ball"}]}`)
	s.wantCode(363, "entity.create", "type_name", "pet", "attributes", `{"tag":"12345678901"}`)
	for _, text := range []string{
		`{}`, `[]`, `{"name":"a"}`, `[{"name":"a","attr_defs":[{"name":"x","type":"shoe"}]}]`,
		`[{"name":"a","attr_defs":[{"name":"x","type":"string"},{"name":"x","type":"string"}]}]`,
		`[{"name":"a","attr_defs":[{"name":"x","type":"object"}]}]`, `[{"name":"a","attr_defs":[{"name":"x","type":"string","constraints":["locally-unique"]}]}]`,
		`[{"name":"a","attr_defs":[{"name":"x","type":"string"}],"unique":[["x","y"]]}]`, `{`,
	} {
		if types, err := ParseSchema([]byte(text)); err == nil {
			t.Errorf("%s is taken for %v", text, types)
		}
	}
}
