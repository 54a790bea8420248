package httpapi_test

import (
	"errors"
	"strings"
	"testing"

	"landfall/internal/connector/httpapi"
	"landfall/internal/mapping"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// open reads a mapping file whose connection crm has the given keys, and opens
// its API.
func open(t testing.TB, url, settings string, env map[string]string) (target.API, error) {
	t.Helper()
	var b strings.Builder
	b.WriteString("version: 1\nname: acme\nconnections:\n  crm:\n    url: " + url + "\n")
	for line := range strings.Lines(settings) {
		b.WriteString("    " + line)
	}
	b.WriteString("\ntarget: crm\nentities:\n  contact:\n    from: {file: contacts.csv, key: ID}\n    to: {table: contact, key: {column: id, new: identity}}\n    fields: {email: Email}\n")
	file, err := mapping.ParseBytes("landfall.yaml", []byte(b.String()))
	if err != nil {
		return nil, err
	}
	conn := file.Connection("crm")
	getenv := func(name string) string { return env[name] }
	return httpapi.Open(t.Context(), target.Address{
		URL: url, Settings: conn.Settings,
		Resolve: func(text string, at mapping.Position, subject string) (string, error) {
			return file.ResolveText(text, at, subject, getenv)
		},
	})
}

const described = `
auth: {bearer: "${CRM_TOKEN}"}
limits: {rate: none, calls: 3, timeout: 5s}
headers: {Accept-Language: en}
answers:
  code: body.error.code
  message: body.error.message
  throttled: [429, {status: 503, when: 'headers["retry-after"] != nil'}]
  names: {101-199: wrong-type, 120: too-long}
types:
  contact:
    key: id
    open: true
    fields:
      id: {type: integer, given: true}
      email: {type: text, length: 200, required: true, unique: true, fold_case: true}
      password: text
      tags: {type: json}
    marker: reference
    create:
      path: /contacts
      headers: {Idempotency-Key: "{token}"}
      body: "{record}"
      idempotent: true
      key: body.id
    get: {path: "/contacts/{key}"}
    find: {path: /contacts, query: {"email": "{value}"}, found: body.items, fields: email}
    update: {method: PATCH, path: "/contacts/{key}", headers: {If-Match: "{version}"}, body: "{record}"}
    delete: {method: DELETE, path: "/contacts/{key}"}
    count: {path: /contacts/count, total: body.total}
`

func TestOpen(t *testing.T) {
	t.Parallel()
	_, err := open(t, "https://crm.example.com/v1", described, map[string]string{"CRM_TOKEN": "s3cret"})
	var problems mapping.Problems
	if !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(err.Error(), `landfall.yaml:24:17: connections.crm.types.contact.marker.field: contact has no field "reference"`) {
		t.Errorf("expected the marker to be asked for, got %v", err)
	}
	api, err := open(t, "https://crm.example.com/v1", strings.Replace(described, "password: text", "reference: text", 1), map[string]string{"CRM_TOKEN": "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	table, err := api.Table(t.Context(), "contact", []string{"email", "address.city"})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(table.ColumnNames(), " "); got != "id email reference tags address.city" {
		t.Error(got)
	}
	if api.Calls() != 3 || api.Identity() != "https://crm.example.com/v1" {
		t.Error(api.Calls(), api.Identity())
	}
	if _, err := api.Table(t.Context(), "contract", nil); !errors.Is(err, sqldb.ErrNoTable) || !strings.Contains(err.Error(), `did you mean "contact"`) {
		t.Error(err)
	}
}

// What is wrong is told with its place, and never with a secret.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	good := strings.Replace(described, "marker: reference", "", 1)
	for _, c := range []struct{ from, to, want string }{
		{"bearer:", "baerer:", `connections.crm.auth: unknown key "baerer", did you mean "bearer"?`},
		{`"${CRM_TOKEN}"`, "hunter2", "connections.crm.auth.bearer: a secret may not stand in the file; write a reference such as ${CRM_AUTH_BEARER}"},
		{"Accept-Language: en", "Authorization: hunter2", "connections.crm.headers.Authorization: a secret may not stand in the file"},
		{"rate: none", "rate: 0", "connections.crm.limits.rate: expected calls per second"},
		{"calls: 3", "calls: 0", "connections.crm.limits.calls: expected more than 0"},
		{"timeout: 5s", "timeout: 5", "connections.crm.limits.timeout: expected a duration"},
		{"calls: 3", "cals: 3", `unknown key "cals", did you mean "calls"?`},
		{"code: body.error.code", "code: boddy.error.code", `landfall.yaml:11:13: connections.crm.answers.code: there is no boddy here, expected status, body, headers, result, index, did you mean "body"?`},
		{"120: too-long", "120: to-long", `connections.crm.answers.names.120: expected one of wrong-type, too-long`},
		{"type: integer", "type: interger", `connections.crm.types.contact.fields.id.type: expected one of boolean, date, decimal, instant, integer, json, number, text, time, timestamp, uuid, found "interger", did you mean "integer"?`},
		{`{path: "/contacts/{key}"}`, `{path: "/contacts/{kay}"}`, `connections.crm.types.contact.get.path: there is no {kay} here, expected {type}, {key}, {key.}, {keys}, {fields}, did you mean "key"?`},
		{"method: PATCH", "method: PATHC", `connections.crm.types.contact.update.method: expected one of GET, POST, PUT, PATCH, DELETE, found "PATHC", did you mean "PATCH"?`},
		{"path: /contacts/count", "path: contacts/count", "connections.crm.types.contact.count.path: expected a path behind the url"},
		{", total: body.total", "", "connections.crm.types.contact.count.total: expected an expression for the number"},
		{`Idempotency-Key: "{token}"`, "X: y", "connections.crm.types.contact.create.idempotent: expected {token} in the request"},
		{"key: id\n", "key: ID\n", `connections.crm.types.contact.key: contact has no field "ID": declare it in ` + "`fields`" + `, did you mean "id"?`},
		{"tags: {type: json}", "tags: {type: json, alone: true}", "connections.crm.types.contact.fields.tags.alone: expected a request `replace`"},
		{"tags: {type: json}", "tags: {type: json}\n      tags.first: text", "tags is a field of its own, and tags.first lies in it"},
		{"idempotent: true", "records: 5", "connections.crm.types.contact.create.records: a call for 5 records needs {records}"},
		{"429,", "{},", "landfall.yaml:13:18: connections.crm.answers.throttled: expected status, codes or when"},
		{"headers: {Accept", "heders: {Accept", `connections.crm: unknown key "heders", did you mean "headers"?`},
	} {
		if !strings.Contains(good, c.from) {
			t.Fatalf("%q is not there to be replaced", c.from)
		}
		_, err := open(t, "https://crm.example.com/v1", strings.Replace(good, c.from, c.to, 1), map[string]string{"CRM_TOKEN": "s3cret"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: expected\n%s\ngot\n%v", c.to, c.want, err)
		} else if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: a secret is shown: %v", c.to, err)
		}
	}
	if _, err := open(t, "https://crm.example.com/v1", good, nil); err == nil || !strings.Contains(err.Error(), "connections.crm.auth.bearer: the environment variable CRM_TOKEN is not set") {
		t.Error(err)
	}
}
