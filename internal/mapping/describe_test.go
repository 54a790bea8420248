package mapping_test

import (
	"slices"
	"strings"
	"testing"
)

const described = top + `
  customer:
    from: {table: Customer, key: [A, B], where: "x = 1"}
    to: {table: customers, key: {column: id, new: uuid}, match: [email]}
    fields:
      email: {from: Email, do: [trim, lower]}
      status: {from: St, values: {A: active, U: null}}
    ignore: {Fax: old}
`

func TestDescribe(t *testing.T) {
	file := parse(t, described)
	want := []string{
		`customer.fields.email: from Email do trim,lower`,
		`customer.fields.status: from St values {A=active, U=NULL}`,
		`customer.from.key: A, B`,
		`customer.from.table: Customer`,
		`customer.from.where: "x = 1"`,
		`customer.ignore.Fax: ignored`,
		`customer.to.key: id new uuid version 7`,
		`customer.to.match: email`,
		`customer.to.table: customers`,
	}
	if got := file.Entity("customer").Describe(); !slices.Equal(got, want) {
		t.Errorf("got:\n%s", strings.Join(got, "\n"))
	}
}

func TestHash(t *testing.T) {
	file := parse(t, described)
	same := map[string][2]string{
		"comment":      {"fields:", "fields: # what goes where"},
		"quotes":       {"St,", `"St",`},
		"flow":         {"do: [trim, lower]", "do:\n          - trim\n          - lower\n        "},
		"order":        {"{A: active, U: null}", "{U: null, A: active}"},
		"single match": {"[email]", "email"},
		"reason":       {"Fax: old", "Fax: very old"},
		"default":      {"new: uuid", "new: uuid, version: 7"},
	}
	for name, change := range same {
		changed := parse(t, strings.Replace(described, change[0], change[1], 1))
		if changed.Hash != file.Hash || changed.Entities[0].Hash() != file.Entities[0].Hash() {
			t.Errorf("%s changes the hash:\n%s", name, strings.Join(changed.Describe(), "\n"))
		}
	}
	differ := map[string][2]string{
		"step":    {"[trim, lower]", "[lower, trim]"},
		"code":    {"A: active", "A: live"},
		"null":    {"U: null", `U: "NULL"`},
		"key":     {"[A, B]", "[B, A]"},
		"list":    {"[A, B]", `"A, B"`},
		"where":   {"x = 1", "x = 2"},
		"version": {"new: uuid", "new: uuid, version: 5"},
		"ignore":  {"Fax", "Telex"},
		"policy":  {"ignore:", "edited: keep\n    ignore:"},
		"setting": {"where:", "hint: nolock, where:"},
	}
	for name, change := range differ {
		changed := parse(t, strings.Replace(described, change[0], change[1], 1))
		if changed.Hash == file.Hash || changed.Entities[0].Hash() == file.Entities[0].Hash() {
			t.Errorf("%s does not change the hash", name)
		}
	}
	for _, change := range [][2]string{{"name: acme", "name: other"}, {"sqlite:old.db", "sqlite:older.db"}, {"target: new", "target: old"}} {
		changed := parse(t, strings.Replace(described, change[0], change[1], 1))
		if changed.Hash == file.Hash {
			t.Errorf("%v does not change the file's hash", change)
		}
		if changed.Entities[0].Hash() != file.Entities[0].Hash() {
			t.Errorf("%v changes the entity's hash", change)
		}
	}
}
