package lawtest

import (
	"slices"
	"strings"
	"testing"

	"landfall/internal/run"
)

// TestNumberedKeys: numbers come from the target's own counter, a number once
// given is never given again, and the target goes on behind them.
func TestNumberedKeys(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, c := range []struct{ name, table, key string }{
			{"identity", "CREATE TABLE persons (id NUMBER, email varchar(40), name varchar(40), legacy_id varchar(20))", "identity"},
			{"always", "CREATE TABLE persons (id ALWAYS, email varchar(40), name varchar(40), legacy_id varchar(20))", "identity"},
			{"serial", "CREATE TABLE persons (id SERIAL, email varchar(40), name varchar(40), legacy_id varchar(20))", "sequence"},
		} {
			t.Run(c.name, func(t *testing.T) {
				statement := c.table
				if w.db.Dialect().Placeholder(1) == "$1" {
					statement = strings.NewReplacer("ALWAYS", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "SERIAL", "bigserial PRIMARY KEY").Replace(statement)
				} else {
					statement = strings.NewReplacer("ALWAYS", "INTEGER PRIMARY KEY", "SERIAL", "INTEGER PRIMARY KEY AUTOINCREMENT").Replace(statement)
				}
				w := w.fresh(t, statement, "INSERT INTO persons (email) VALUES ('own 1'), ('own 2')")
				w.mapping(strings.Replace(personMapping("}"), "identity", c.key, 1))
				w.file("persons.csv", "No,Mail,Name", "1,a@x,n", "2,b@x,n", "3,c@x,n")
				w.run(run.Options{Records: 2})
				same(t, "ids", []string{"3", "4", "5"}, w.query("SELECT id FROM persons WHERE legacy_id IS NOT NULL ORDER BY id"))
				w.do("INSERT INTO persons (email) VALUES ('own 3')")
				same(t, "the target's own next", []string{"6"}, w.query("SELECT id FROM persons WHERE email = 'own 3'"))
				w.do("DELETE FROM persons WHERE id > 3")
				w.file("persons.csv", "No,Mail,Name", "1,a@x,n", "4,d@x,n")
				w.run(run.Options{})
				for _, id := range w.query("SELECT id FROM persons WHERE email = 'd@x'") {
					if slices.Contains([]string{"3", "4", "5"}, id) {
						t.Errorf("key %s is given out twice", id)
					}
				}
				w.do("INSERT INTO persons (email) VALUES ('own 4')")
			})
		}
	})
}

// TestNamedSequence: a sequence that the column does not know of.
func TestNamedSequence(t *testing.T) {
	w := postgresWorld(t)
	w.do("CREATE SEQUENCE numbers START 500", "CREATE TABLE persons (id bigint PRIMARY KEY, email varchar(40), name varchar(40), legacy_id varchar(20))")
	w.mapping(strings.Replace(personMapping("}"), "identity", "sequence, sequence: numbers", 1))
	w.file("persons.csv", "No,Mail,Name", "1,a@x,n", "2,b@x,n")
	w.run(run.Options{})
	same(t, "ids", []string{"500", "501"}, w.query("SELECT id FROM persons ORDER BY id"))
	same(t, "the next number", []string{"502"}, w.query("SELECT last_value + 1 FROM numbers"))
}

// TestUUIDKeys: version 5 gives one Ref one key wherever it lands; version 7
// gives new ones, in order.
func TestUUIDKeys(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		const schema = "CREATE TABLE persons (id uuid PRIMARY KEY, email varchar(40), name varchar(40), legacy_id varchar(20))"
		land := func(key string) []string {
			w := w.fresh(t, schema)
			w.mapping(strings.Replace(personMapping("}"), "identity", key, 1))
			w.file("persons.csv", "No,Mail,Name", "1,a@x,n", "2,b@x,n")
			w.run(run.Options{})
			ids := w.query("SELECT id FROM persons ORDER BY legacy_id")
			same(t, "a second run", []string{"person:1 unchanged", "person:2 unchanged"}, w.run(run.Options{}).ends)
			return ids
		}
		five := land("uuid, version: 5")
		same(t, "in another database", five, land("uuid, version: 5"))
		// For ever: these keys are in customers' databases.
		same(t, "version 5", []string{"446bf5ba-84c0-5ec4-a8c4-5b1ac34676d7", "e3f4cf7d-69a7-5ecf-a66b-732e7920b71c"}, five)
		seven, again := land("uuid"), land("uuid")
		if seven[0][14] != '7' || seven[0] >= seven[1] || slices.Contains(again, seven[0]) {
			t.Errorf("version 7: %v, %v", seven, again)
		}
	})
}

// TestNaturalKeys: the row's own fields are its key, and may change.
func TestNaturalKeys(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE tags (code varchar(10) PRIMARY KEY, name varchar(20))",
			"CREATE TABLE tag_uses (tag varchar(10) REFERENCES tags (code), place bigint, note varchar(20), PRIMARY KEY (tag, place))")
		w.mapping(`  tag:
    from: {file: tags.csv, key: No}
    to: {table: tags, key: {column: code, new: natural}}
    fields: {code: Code, name: Name}
  tag_use:
    from: {file: uses.csv, key: [No, Place]}
    to: {table: tag_uses, key: {columns: [tag, place], new: natural}}
    fields: {tag: {ref: tag, from: No}, place: Place, note: Note}
`)
		w.file("tags.csv", "No,Code,Name", "1,a,x", "2,b|c,y", "3,a,z")
		w.file("uses.csv", "No,Place,Note", "1,1,n", "1,2,n", "2,1,n", "3,1,n", "1,1,again")
		same(t, "ends", []string{
			"tag:1 created", "tag:2 created", "tag:3 failed: duplicate-key in code",
			"tag_use:1|1 created", "tag_use:1|2 created", "tag_use:2|1 created", "tag_use:3|1 blocked: parent-failed in tag", "tag_use:1|1 failed: duplicate-key",
		}, w.run(run.Options{Records: 2}).ends)
		same(t, "rows", []string{"a|1|n", "a|2|n", "b|c|1|n"}, w.query("SELECT tag, place, note FROM tag_uses ORDER BY tag, place"))
		w.file("uses.csv", "No,Place,Note", "1,1,n", "1,2,m", "2,1,n")
		w.file("tags.csv", "No,Code,Name", "1,a,x", "2,b|c,y2")
		same(t, "ends", []string{
			"tag:1 unchanged", "tag:2 updated", "tag_use:1|1 unchanged", "tag_use:1|2 updated", "tag_use:2|1 unchanged",
		}, w.run(run.Options{}).ends)
		// A key that changes takes its row along.
		w.do("DELETE FROM tag_uses WHERE tag = 'b|c'")
		w.file("tags.csv", "No,Code,Name", "1,a,x", "2,d,y2")
		w.file("uses.csv", "No,Place,Note", "1,1,n", "1,2,m")
		same(t, "renamed", []string{"tag:1 unchanged", "tag:2 updated", "tag_use:1|1 unchanged", "tag_use:1|2 unchanged"}, w.run(run.Options{}).ends)
		same(t, "tags", []string{"a|x", "d|y2"}, w.query("SELECT code, name FROM tags ORDER BY code"))
		same(t, "again", []string{"tag:1 unchanged", "tag:2 unchanged", "tag_use:1|1 unchanged", "tag_use:1|2 unchanged"}, w.run(run.Options{}).ends)
	})
}
