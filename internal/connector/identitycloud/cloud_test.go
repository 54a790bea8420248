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

// TestRefusalsNameTheAttribute: a value that another record has is told with the
// attribute, in a create and in an update, beside records that are taken.
func TestRefusalsNameTheAttribute(t *testing.T) {
	t.Parallel()
	c := open(t, basic, declared, "email", "loyalty.id", "givenName")
	out := c.send(t,
		target.Order{Deed: target.DeedCreate, Values: c.values(t, "a@x.org", "1", "Ann")},
		target.Order{Deed: target.DeedCreate, Values: c.values(t, "b@x.org", "1", "Bob")},
		target.Order{Deed: target.DeedCreate, Values: c.values(t, "A@x.org", "2", "Amy")},
		target.Order{Deed: target.DeedCreate, Values: c.values(t, "c@x.org", "-", strings.Repeat("x", 300))},
		target.Order{Deed: target.DeedCreate, Values: c.values(t, "d@x.org", "-", "Dee")},
	)
	for i, want := range []target.Outcome{
		{State: target.Done},
		{State: target.Refused, Code: record.CodeUnique, Columns: []string{"loyalty.id"}},
		{State: target.Refused, Code: record.CodeUnique, Columns: []string{"email"}},
		{State: target.Refused, Code: record.CodeTooLong, Columns: []string{"givenName"}},
		{State: target.Done},
	} {
		if got := out[i]; got.State != want.State || got.Code != want.Code || strings.Join(got.Columns, ",") != strings.Join(want.Columns, ",") {
			t.Errorf("%d: %+v, wanted %+v", i, got, want)
		}
	}
	o := c.send(t, target.Order{Deed: target.DeedUpdate, Key: out[4].Key, Values: c.values(t, "d@x.org", "1", "Dee")})[0]
	if o.State != target.Refused || o.Code != record.CodeUnique || strings.Join(o.Columns, ",") != "loyalty.id" {
		t.Errorf("updated: %+v", o)
	}
}

// TestAnswersByTheirCodes: what the service's codes mean for what was sent.
func TestAnswersByTheirCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault cloudemulator.Fault
		more  string
		state target.State
		there int
		calls int
	}{
		"510, then taken":           {fault: cloudemulator.Fault{Do: cloudemulator.APIError, Code: 510, Times: 1}, state: target.Done, there: 1, calls: 2},
		"500":                       {fault: cloudemulator.Fault{Do: cloudemulator.APIError, Code: 500, Times: 1}, state: target.Unknown, calls: 1},
		"504":                       {fault: cloudemulator.Fault{Do: cloudemulator.APIError, Code: 504, Times: 1}, state: target.Unknown, calls: 1},
		"599":                       {fault: cloudemulator.Fault{Do: cloudemulator.APIError, Code: 599, Times: 1}, state: target.Unknown, calls: 1},
		"HTTP 503 with a page":      {fault: cloudemulator.Fault{Do: cloudemulator.HTTPStatus, Status: 503, Times: 1}, state: target.Unknown, calls: 1},
		"not JSON":                  {fault: cloudemulator.Fault{Do: cloudemulator.BrokenJSON, Times: 1}, state: target.Unknown, there: 1, calls: 1},
		"no stat":                   {fault: cloudemulator.Fault{Do: cloudemulator.NoStat, Times: 1}, state: target.Unknown, there: 1, calls: 1},
		"short":                     {fault: cloudemulator.Fault{Do: cloudemulator.ShortResults, Times: 1}, state: target.Unknown, there: 1, calls: 1},
		"222":                       {fault: cloudemulator.Fault{Do: cloudemulator.APIError, Code: 222, Times: 1}, state: target.Refused, calls: 1},
		"404, which leaves it open": {fault: cloudemulator.Fault{Do: cloudemulator.HTTPStatus, Status: 404, Times: 1}, more: "\n    unknown: {statuses: [404]}", state: target.Unknown, calls: 1},
		"340, which leaves it open": {fault: cloudemulator.Fault{Do: cloudemulator.APIError, Code: 340, Times: 1}, more: "\n    unknown: {codes: [340-349]}", state: target.Unknown, calls: 1},
		"403, which leaves it open": {fault: cloudemulator.Fault{Do: cloudemulator.APIError, Code: 403, Times: 1}, more: "\n    unknown: {codes: [403]}", state: target.Unknown, calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := open(t, basic, declared+c.more, "email")
			c.fault.Operation = "entity.bulkCreate"
			cloud.AddFault(c.fault)
			o := cloud.send(t, target.Order{Deed: target.DeedCreate, Values: cloud.values(t, "a@x.org")})[0]
			if o.State != c.state || cloud.Emulator.Count("user") != c.there || cloud.calls("entity.bulkCreate") != c.calls {
				t.Errorf("%+v with %d records after %v", o, cloud.Emulator.Count("user"), cloud.Tally())
			}
		})
	}
}

// TestSettingsAreJudged: what cannot be is told with its place in the file.
func TestSettingsAreJudged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ auth, more, want string }{
		"two ways":       {`{token: "${TOKEN}", basic: {client_id: a, client_secret: "${SECRET}"}}`, "", "auth: expected one of basic, signature, token, form"},
		"no id":          {`{basic: {client_secret: "${SECRET}"}}`, "", "client_id is missing"},
		"unknown type":   {basic, "\n    types: {user: {attributes: {birthday: dat}}}", `types.user.attributes.birthday: expected one of boolean, date, dateTime`},
		"own attribute":  {basic, "\n    types: {user: {attributes: {uuid: uuid}}}", "keeps uuid by itself"},
		"unknown key":    {basic, "\n    batch: 3", `unknown key "batch"`},
		"long time-out":  {basic, "\n    timeout: 61s", "timeout: expected whole seconds from 1s to 60s"},
		"both of a path": {basic, "\n    types: {user: {attributes: {a: string, a.b: string}}}", "a.b lies in it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parse(t, "http://127.0.0.1:1", c.auth, c.more); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, wanted %s", err, c.want)
			}
		})
	}
	api, err := parse(t, "http://127.0.0.1:1/", basic, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.Table(t.Context(), "user", []string{"address", "address.city"}); err == nil || !strings.Contains(err.Error(), "address.city lies in it") {
		t.Errorf("%v", err)
	}
	if _, err := api.Table(t.Context(), "usr", nil); err == nil || !strings.Contains(err.Error(), "user") {
		t.Errorf("%v", err)
	}
}

// TestMarksTellOurs: with a marker, a record of the very same content that
// somebody else made is not taken for ours.
func TestMarksTellOurs(t *testing.T) {
	t.Parallel()
	c := open(t, basic, declared+"\n    marker: externalId", "email", "givenName")
	if err := c.Import("user", []map[string]any{{"email": "a@x.org", "givenName": "Ann"}}); err != nil {
		t.Fatal(err)
	}
	ours := target.Order{Deed: target.DeedCreate, Token: "mark-of-b", Columns: c.columns, Values: c.values(t, "b@x.org", "Bob")}
	if out := c.send(t, ours); out[0].State != target.Done || c.Emulator.Find("user", "email", "b@x.org")["externalId"] != "mark-of-b" {
		t.Fatalf("%+v", out[0])
	}
	theirs := target.Order{Deed: target.DeedCreate, Token: "mark-of-a", Columns: c.columns, Values: c.values(t, "a@x.org", "Ann")}
	settled, err := c.Settle(t.Context(), []target.Order{ours, theirs})
	if err != nil || settled[0].State != target.Done || settled[1].State == target.Done {
		t.Errorf("%+v %v", settled, err)
	}
}

// TestRulesAreMapping: every rule of a column reads as part of a mapping, and
// what its words do not mean rejects the record.
func TestRulesAreMapping(t *testing.T) {
	t.Parallel()
	var fields, attributes strings.Builder
	source := []record.Field{}
	for _, column := range []string{"email", "password", "birthday", "gender", "optIn.status", "clients", "givenName"} {
		rule := identitycloud.RuleOf(column)
		said := "from: " + column
		if rule.Field != "" {
			said += ", " + rule.Field
		}
		fields.WriteString("      " + column + ": {" + said + "}\n")
		if rule.Attribute != "" {
			attributes.WriteString("          " + column + ": " + rule.Attribute + "\n")
		}
		source = append(source, record.Field{Name: column})
	}
	c := open(t, basic, "\n    types:\n      user:\n        attributes:\n"+strings.TrimSuffix(attributes.String(), "\n"), "email", "password", "birthday", "gender", "optIn.status", "clients", "givenName")
	file, err := mapping.ParseBytes("landfall.yaml", []byte("version: 1\nname: acme\ntarget: cloud\nconnections: {cloud: {kind: identitycloud, url: \"http://127.0.0.1\"}}\nentities:\n  user:\n    from: {file: users.csv, key: email}\n    to: {table: user, key: {column: uuid, new: identity}}\n    fields:\n"+fields.String()))
	if err != nil {
		t.Fatal(err)
	}
	var columns []record.Field
	for _, column := range c.columns {
		columns = append(columns, record.Field{Name: column.Name, Type: column.Type, Nullable: column.Nullable, Hidden: column.Hidden, KeepsNull: column.KeepsNull})
	}
	program, problems := mapping.Compile(file.Entities[0], source, columns)
	if problems != nil {
		t.Fatal(problems)
	}
	for _, row := range []struct{ cells, want string }{
		{`a|secret|1/31/2000|M|T|[{"clientId":"1"}]|Ann`, `a|"secret"|2000-01-31|male|true|[{"clientId":"1"}]|Ann`},
		{`a|{"value":"v","type":"t"}|12/1/1999|Not Specified|0|[]|`, `a|{"type":"t","value":"v"}|1999-12-01|not specified|false|[]|NULL`},
		{`a|12345||||| `, `a|"12345"|NULL|NULL|NULL|NULL| `},
		{`a||||||`, `a|NULL|NULL|NULL|NULL|NULL|NULL`},
		{`a||2000-01-31||||`, `birthday: bad-date`},
		{`a||31/1/2000||||`, `birthday: bad-date`},
		{`a|||woman|||`, `gender: unknown-code`},
		{`a||||yes||`, `optIn.status: unknown-code`},
		{`a|||||{"clientId":"1"}|`, `clients: wrong-type`},
		{`a|||||oops|`, `clients: wrong-type`},
	} {
		rec := &record.Record{}
		for _, cell := range strings.Split(row.cells, "|") {
			rec.Values = append(rec.Values, record.Text(cell))
		}
		out := make([]record.Value, len(program.Columns))
		got := ""
		if rejection := program.Shape(rec, out); rejection != nil {
			got = rejection.Field + ": " + string(rejection.Code)
		} else {
			var texts []string
			for _, value := range out {
				if value.IsNull() {
					texts = append(texts, "NULL")
					continue
				}
				texts = append(texts, value.String())
			}
			got = strings.Join(texts, "|")
		}
		if got != row.want {
			t.Errorf("%s became %s, wanted %s", row.cells, got, row.want)
		}
	}
}

// TestAttributesThatAreNotNamed: where the service does not say which attribute
// another record holds, it is found out, in a create and in an update.
func TestAttributesThatAreNotNamed(t *testing.T) {
	t.Parallel()
	c := open(t, basic, declared, "email", "loyalty.id")
	out := c.send(t,
		target.Order{Deed: target.DeedCreate, Values: c.values(t, "a@x.org", "1")},
		target.Order{Deed: target.DeedCreate, Values: c.values(t, "b@x.org", "2")},
	)
	c.AddFault(cloudemulator.Fault{Operation: "entity.bulkCreate", Do: cloudemulator.APIError, Code: 361, Times: 1})
	if o := c.send(t, target.Order{Deed: target.DeedCreate, Values: c.values(t, "c@x.org", "1")})[0]; o.Code != record.CodeUnique || strings.Join(o.Columns, ",") != "loyalty.id" {
		t.Errorf("created: %+v", o)
	}
	c.AddFault(cloudemulator.Fault{Operation: "entity.update", Do: cloudemulator.APIError, Code: 361, Times: 1})
	if o := c.send(t, target.Order{Deed: target.DeedUpdate, Key: out[1].Key, Values: c.values(t, "b@x.org", "1")})[0]; o.Code != record.CodeUnique || strings.Join(o.Columns, ",") != "loyalty.id" {
		t.Errorf("updated: %+v", o)
	}
}
