package identitycloud_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"landfall/internal/cloudemulator"
	"landfall/internal/connector/identitycloud"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

const declared = `
    types:
      user:
        attributes:
          email: {unique: true, required: true, length: 256}
          password: password
          birthday: date
          lastLogin: dateTime
          optIn.status: boolean
          visits: integer
          loyalty.id: {unique: true, case_sensitive: true}
          clients: plural`

// cloud is an emulator, and the API that a mapping makes of it.
type cloud struct {
	*cloudemulator.Emulator
	target.API
	target.Remote
	table   *sqldb.Table
	columns []sqldb.Column
}

func open(t *testing.T, auth, more string, fields ...string) *cloud {
	t.Helper()
	emulator := cloudemulator.New(cloudemulator.Options{Seed: "identitycloud", Clients: []cloudemulator.Client{
		{ID: "loader", Secret: "s3cret", Features: []string{"owner"}, Token: "t0ken"},
		{ID: "reader", Secret: "s3cret", Features: []string{"direct_access_read"}},
	}})
	server := httptest.NewServer(emulator)
	t.Cleanup(server.Close)
	api, err := parse(t, server.URL, auth, more)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	c := &cloud{Emulator: emulator, API: api}
	if c.table, err = api.Table(t.Context(), "user", fields); err != nil {
		t.Fatal(err)
	}
	key, _ := c.table.Column("uuid")
	if c.Remote, err = api.Remote(c.table, []sqldb.Column{*key}); err != nil {
		t.Fatal(err)
	}
	for _, name := range fields {
		column, ok := c.table.Column(name)
		if !ok {
			t.Fatalf("there is no column %s", name)
		}
		c.columns = append(c.columns, *column)
	}
	return c
}

// parse opens what a mapping says.
func parse(t *testing.T, url, auth, more string) (target.API, error) {
	t.Helper()
	text := `version: 1
name: acme
target: cloud
connections:
  cloud:
    kind: identitycloud
    url: ` + url + `
    limits: {rate: none}
    auth: ` + auth + more + `
entities:
  user: {from: {file: users.csv, key: email}, to: {table: user, key: {column: uuid, new: identity}}, fields: {email: email}}
`
	file, err := mapping.ParseBytes("landfall.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]string{"SECRET": "s3cret", "TOKEN": "t0ken", "WRONG": "hunter2"}
	conn := file.Connection("cloud")
	return identitycloud.Open(t.Context(), target.Address{
		URL: conn.URL, Settings: conn.Settings,
		Resolve: func(text string, at mapping.Position, subject string) (string, error) {
			return file.ResolveText(text, at, subject, func(name string) string { return secrets[name] })
		},
	})
}

const basic = `{basic: {client_id: loader, client_secret: "${SECRET}"}}`

// values fits texts to the columns; "-" is NULL.
func (c *cloud) values(t *testing.T, texts ...string) []record.Value {
	t.Helper()
	values := make([]record.Value, len(texts))
	for i, text := range texts {
		if text == "-" {
			continue
		}
		fit, misfit := c.columns[i].Type.Fit(record.Text(text))
		if misfit != nil {
			t.Fatalf("%s: %v", c.columns[i].Name, misfit)
		}
		values[i] = fit
	}
	return values
}

func (c *cloud) send(t *testing.T, orders ...target.Order) []target.Outcome {
	t.Helper()
	for i := range orders {
		if orders[i].Columns == nil {
			orders[i].Columns = c.columns
		}
	}
	outcomes, err := c.Send(t.Context(), orders)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

func (c *cloud) fetch(t *testing.T, key []record.Value) target.Fetched {
	t.Helper()
	fetched, err := c.Fetch(t.Context(), [][]record.Value{key}, c.columns)
	if err != nil {
		t.Fatal(err)
	}
	return fetched[0]
}

// calls counts the calls of an operation.
func (c *cloud) calls(operation string) int { return c.Tally()[operation] }

// TestFourWaysToAuthenticate: each of them is let in, and who is not is denied
// in words without the secret.
func TestFourWaysToAuthenticate(t *testing.T) {
	t.Parallel()
	for name, auth := range map[string]string{
		"basic": basic, "signature": `{signature: {client_id: loader, client_secret: "${SECRET}"}}`,
		"token": `{token: "${TOKEN}"}`, "form": `{form: {client_id: loader, client_secret: "${SECRET}"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t, auth, declared, "email", "givenName")
			out := c.send(t, target.Order{Deed: target.DeedCreate, Values: c.values(t, "a@x.org", "Zoë = ünder & co\n'x'")})
			if out[0].State != target.Done || c.Emulator.Count("user") != 1 {
				t.Errorf("%+v", out[0])
			}
			if err := c.Ask(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	for name, auth := range map[string]string{
		"wrong secret": `{signature: {client_id: loader, client_secret: "${WRONG}"}}`, "may only read": `{basic: {client_id: reader, client_secret: "${SECRET}"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t, auth, declared, "email")
			outcomes, err := c.Send(context.Background(), []target.Order{{Deed: target.DeedCreate, Columns: c.columns, Values: c.values(t, "a@x.org")}})
			if err == nil || outcomes[0].State != target.Unsent || strings.Contains(err.Error(), "hunter2") || c.Emulator.Count("user") != 0 {
				t.Errorf("%v, %+v", err, outcomes)
			}
		})
	}
}

// TestRoundTrip: whatever is written is read back in the form in which it was
// written, so that a second run finds nothing to do.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	c := open(t, basic, declared, "email", "givenName", "birthday", "lastLogin", "optIn.status", "visits", "loyalty.id", "primaryAddress.city", "emailVerified", "clients", "password")
	values := c.values(t, "O'Neill\\@x.org", "Zoë", "2000-01-31", "2020-02-03 04:05:06.5", "true", "42", "L-1", "Ålesund", "2020-02-03 04:05:06",
		`[{"clientId":"1","name":null,"firstLogin":"2020-01-01 00:00:00"},{"name":"b","clientId":"2"}]`, `{"type":"password-md5","value":"x"}`)
	out := c.send(t, target.Order{Deed: target.DeedCreate, Values: values})
	if out[0].State != target.Done {
		t.Fatalf("%+v", out[0])
	}
	fetched := c.fetch(t, out[0].Key)
	for i, column := range c.columns {
		if fetched.Values[i] != values[i] && !column.Hidden {
			t.Errorf("%s: %v was written, and %v read", column.Name, values[i], fetched.Values[i])
		}
	}
	matched, err := c.Match(t.Context(), c.columns[:1], [][]record.Value{{record.Text("o'neill\\@X.org")}, {record.Text("nobody")}})
	if err != nil || matched[0].Count != 1 || matched[0].Key[0] != out[0].Key[0] || matched[1].Count != 0 {
		t.Errorf("matched %+v: %v", matched, err)
	}
	byCard, err := c.Match(t.Context(), c.columns[6:7], [][]record.Value{{record.Text("L-1")}, {record.Text("l-1")}})
	if err != nil || byCard[0].Count != 1 || byCard[1].Count != 0 {
		t.Errorf("matched by card %+v: %v", byCard, err)
	}
	settled, err := c.Settle(t.Context(), []target.Order{{Deed: target.DeedCreate, Columns: c.columns, Values: values}})
	if err != nil || settled[0].State != target.Done || !settled[0].Verified {
		t.Errorf("settled %+v: %v", settled, err)
	}
	other := append([]record.Value(nil), values...)
	other[1] = record.Text("Ann")
	settled, err = c.Settle(t.Context(), []target.Order{{Deed: target.DeedCreate, Columns: c.columns, Values: other}})
	if err != nil || settled[0].State != target.Refused || settled[0].Code != record.CodeUnique {
		t.Errorf("somebody else's was settled as %+v: %v", settled, err)
	}
	none := c.values(t, "b@x.org", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-")
	out = c.send(t, target.Order{Deed: target.DeedCreate, Values: none})
	for i, value := range c.fetch(t, out[0].Key).Values {
		if want := c.columns[i].Nothing; i > 0 && value != want {
			t.Errorf("%s: nothing was written, and %v read", c.columns[i].Name, value)
		}
	}
}

// TestUpdates: an update sends what differs and nothing else, a plural goes in a
// call of its own, and a plural that is the same keeps the ids of its elements.
func TestUpdates(t *testing.T) {
	t.Parallel()
	c := open(t, basic, declared, "email", "givenName", "familyName", "clients")
	before := c.values(t, "a@x.org", "Ann", "Lee", `[{"clientId":"1"}]`)
	key := c.send(t, target.Order{Deed: target.DeedCreate, Values: before})[0].Key
	ids := func() any {
		return c.Emulator.Find("user", "email", "a@x.org")["clients"].([]any)[0].(map[string]any)["id"]
	}
	first := ids()
	update := func(version string, texts ...string) target.Outcome {
		seen := c.fetch(t, key)
		if version == "" {
			version = seen.Version
		}
		return c.send(t, target.Order{Deed: target.DeedUpdate, Key: key, Values: c.values(t, texts...), Before: seen.Values, Version: version})[0]
	}
	if o := update("", "a@x.org", "Ann", "Lee", `[{"clientId":"1","id":99}]`); o.State != target.Done || c.calls("entity.update")+c.calls("entity.replace") != 0 {
		t.Errorf("nothing differs: %+v after %v", o, c.Tally())
	}
	if o := update("", "a@x.org", "Eve", "Lee", `[{"clientId":"1"}]`); o.State != target.Done || c.calls("entity.update") != 1 || c.calls("entity.replace") != 0 || ids() != first {
		t.Errorf("an attribute differs: %+v after %v", o, c.Tally())
	}
	sent := c.Emulator.Calls()
	if value := sent[len(sent)-1].Parameters.Get("value"); value != `{"givenName":"Eve"}` {
		t.Errorf("sent %s", value)
	}
	if o := update("", "a@x.org", "Eve", "-", `[{"clientId":"1"},{"clientId":"2"}]`); o.State != target.Done || c.calls("entity.update") != 2 || c.calls("entity.replace") != 1 || ids() == first {
		t.Errorf("an attribute and a plural differ: %+v after %v", o, c.Tally())
	}
	if got := c.fetch(t, key).Values; !got[2].IsNull() || got[3].Raw() != `[{"clientId":"1"},{"clientId":"2"}]` {
		t.Errorf("it is %v", got)
	}
	stale := c.fetch(t, key).Version
	update("", "a@x.org", "Someone", "-", `[]`)
	if o := update(stale, "a@x.org", "Mine", "-", `[]`); o.State != target.Refused || o.Code != record.CodeEdited || c.fetch(t, key).Values[1].Raw() != "Someone" {
		t.Errorf("a record that was changed meanwhile: %+v", o)
	}
	c.AddFault(cloudemulator.Fault{Operation: "entity.replace", Do: cloudemulator.APIError, Code: 340, Times: 1})
	if o := update("", "a@x.org", "Whole", "-", `[{"clientId":"3"}]`); o.State != target.Refused || strings.Join(o.Unwritten, ",") != "clients" || c.fetch(t, key).Values[1].Raw() != "Whole" {
		t.Errorf("the plural was refused: %+v", o)
	}
	if o := c.send(t, target.Order{Deed: target.DeedDelete, Key: key})[0]; o.State != target.Done || o.Already {
		t.Errorf("deleted: %+v", o)
	}
	if o := c.send(t, target.Order{Deed: target.DeedDelete, Key: key})[0]; o.State != target.Done || !o.Already {
		t.Errorf("deleted twice: %+v", o)
	}
}
