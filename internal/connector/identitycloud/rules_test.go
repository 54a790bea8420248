package identitycloud_test

import (
	"strings"
	"testing"

	"landfall/internal/connector/identitycloud"
	"landfall/internal/mapping"
	"landfall/internal/record"
)

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
