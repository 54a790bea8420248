package identitycloud_test

import (
	"strings"
	"testing"

	"landfall/internal/cloudemulator"
	"landfall/internal/record"
	"landfall/internal/target"
)

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
