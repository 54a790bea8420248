package lawtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"landfall/internal/rollback"
	"landfall/internal/run"
)

// tree is a table whose rows refer to others of it, in an order in which
// parents come last: batches of two.
func tree(w *world, parentRule string) {
	w.do("CREATE TABLE nodes (id NUMBER, parent_id bigint REFERENCES nodes (id)"+parentRule+", name text NOT NULL)",
		"INSERT INTO nodes (name) VALUES ('there before')")
	w.mapping(`  node:
    from: {file: nodes.csv, key: ID}
    to: {table: nodes, key: {column: id, new: identity}}
    fields:
      parent_id: {ref: node, from: Parent}
      name: Name
`)
	lines := []string{"ID,Parent,Name"}
	for i := 1; i <= 9; i++ {
		lines = append(lines, fmt.Sprintf("%d,%d,n%d", i, i%9+1, i)) // a ring of all nine
	}
	w.file("nodes.csv", append(lines, "10,,free", "11,10,leaf", "12,12,itself", "13,5,on the ring")...)
}

func TestRollbackOfRowsThatReferToEachOther(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, rule := range []string{"", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON DELETE RESTRICT"} {
			if rule == " ON DELETE RESTRICT" && strings.HasPrefix(w.url, "sqlite:") {
				continue // there, a row that refers to itself can never go
			}
			w := w.fresh(t)
			tree(w, rule)
			w.run(run.Options{Records: 2})
			back := w.rollback(rollback.Options{Run: "acme-0001"})
			same(t, "reversed with"+rule, 13, int(back.counts["node"]["reversed"]))
			same(t, "rows with"+rule, []string{"1|NULL|there before"}, w.query("SELECT id, parent_id, name FROM nodes"))
		}
	})
}

// Whoever is above a row that stays, stays as well; nobody else does.
func TestRollbackKeepsParentsOfKeptRows(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		tree(w, "")
		w.run(run.Options{Records: 2})
		w.do("UPDATE nodes SET name = 'edited' WHERE name = 'on the ring'")
		back := w.rollback(rollback.Options{Run: "acme-0001"})
		ends := []string{}
		for i := 1; i <= 9; i++ {
			ends = append(ends, fmt.Sprintf("node:%d kept: referenced in id", i))
		}
		ends = append(ends, "node:10 reversed", "node:11 reversed", "node:12 reversed", "node:13 kept: edited")
		slices.Sort(ends)
		same(t, "ends", ends, back.sorted())
		same(t, "rows", "11", w.query("SELECT count(*) FROM nodes")[0])
		w.do("UPDATE nodes SET name = 'on the ring' WHERE name = 'edited'")
		same(t, "then all", 10, int(w.rollback(rollback.Options{Run: "acme-0001"}).counts["node"]["reversed"]))
		same(t, "rows", []string{"1|NULL|there before"}, w.query("SELECT id, parent_id, name FROM nodes"))
	})
}

func TestRollbackOfACircleOfTables(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE teams (id NUMBER, name text)",
			"CREATE TABLE people (id NUMBER, team_id bigint NOT NULL REFERENCES teams (id), name text)",
			"CREATE TABLE badges (id NUMBER, person_id bigint NOT NULL REFERENCES people (id), number integer)",
			"ALTER TABLE teams ADD COLUMN boss_id bigint REFERENCES people (id)")
		w.mapping(`  team:
    from: {file: teams.csv, key: ID}
    to: {table: teams, key: {column: id, new: identity}}
    fields: {name: Name, boss_id: {ref: person, from: Boss}}
  person:
    from: {file: people.csv, key: ID}
    to: {table: people, key: {column: id, new: identity}}
    fields: {name: Name, team_id: {ref: team, from: Team}}
  badge:
    from: {file: badges.csv, key: ID}
    to: {table: badges, key: {column: id, new: identity}}
    fields: {number: Number, person_id: {ref: person, from: Person}}
`)
		teams, people, badges := []string{"ID,Name,Boss"}, []string{"ID,Name,Team"}, []string{"ID,Number,Person"}
		for i := 1; i <= 10; i++ {
			teams = append(teams, fmt.Sprintf("%d,T%d,%d", i, i, i+1))
			people = append(people, fmt.Sprintf("%d,P%d,%d", i, i, i), fmt.Sprintf("%d,P%d,%d", i+10, i+10, i))
			badges = append(badges, fmt.Sprintf("%d,%d,%d", i, i, i))
		}
		w.file("teams.csv", teams...)
		w.file("people.csv", people...)
		w.file("badges.csv", badges...)
		w.run(run.Options{Records: 3})
		w.do("UPDATE badges SET number = 99 WHERE number = 10", "UPDATE teams SET name = 'edited' WHERE name = 'T4'")
		back := w.rollback(rollback.Options{Run: "acme-0001"})
		// Badge 10 keeps person 10, who keeps team 10, whose boss is person 11, of
		// team 1, whose boss is person 2, and so on.
		if n := back.counts["person"]["reversed"]; n == 0 || n != 20-back.counts["person"]["kept"] {
			t.Errorf("people: %v", back.counts["person"])
		}
		same(t, "badges", int64(9), back.counts["badge"]["reversed"])
		same(t, "left", fmt.Sprintf("%d|%d", back.counts["team"]["kept"], back.counts["person"]["kept"]),
			w.query("SELECT (SELECT count(*) FROM teams), (SELECT count(*) FROM people)")[0])
		w.do("UPDATE badges SET number = 10 WHERE number = 99", "UPDATE teams SET name = 'T4' WHERE name = 'edited'")
		w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "rows", []string{"0|0|0"}, w.query("SELECT (SELECT count(*) FROM teams), (SELECT count(*) FROM people), (SELECT count(*) FROM badges)"))
	})
}

// What the target would go on to change by itself is not undone.
func TestRollbackBlocksWhatCarriesOn(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, action := range []string{"CASCADE", "SET NULL", "SET DEFAULT"} {
			w := w.fresh(t, "CREATE TABLE things (id NUMBER, name text)",
				"CREATE TABLE notes (id NUMBER, thing_id bigint REFERENCES things (id) ON DELETE "+action+")")
			things(w)
			w.run(run.Options{})
			w.do("INSERT INTO notes (thing_id) SELECT id FROM things WHERE name = 'b'")
			same(t, action, []string{"thing:1 reversed", "thing:2 blocked: cascade in id"}, w.rollback(rollback.Options{Run: "acme-0001"}).sorted())
			same(t, "notes after "+action, []string{"1|2"}, w.query("SELECT id, thing_id FROM notes"))
		}
	})
}

func things(w *world) {
	w.mapping("  thing:\n    from: {file: things.csv, key: ID}\n    to: {table: things, key: {column: id, new: identity}}\n    fields: {name: Name}\n")
	w.file("things.csv", "ID,Name", "1,a", "2,b")
}

func (w *world) trigger(name, when, table string) []string {
	if strings.HasPrefix(w.url, "sqlite:") {
		return []string{"CREATE TRIGGER " + name + " AFTER " + when + " ON " + table + " BEGIN INSERT INTO log VALUES ('" + name + "'); END"}
	}
	return []string{
		"CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (TG_NAME); RETURN NULL; END'",
		"CREATE TRIGGER " + name + " AFTER " + when + " ON " + table + " FOR EACH ROW EXECUTE FUNCTION note()",
	}
}

func TestRollbackBlocksTriggers(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE things (id NUMBER, name text, colour text)", "CREATE TABLE log (what text)")
		things(w)
		w.run(run.Options{})
		w.file("things.csv", "ID,Name", "1,a", "2,B", "3,c")
		w.run(run.Options{})
		w.do(w.trigger("on_colour", "UPDATE OF colour", "things")...) // does not go off
		w.do(w.trigger("on_delete", "DELETE", "things")...)
		same(t, "deleting", []string{"thing:2 reversed", "thing:3 blocked: trigger"}, w.rollback(rollback.Options{Run: "acme-0002"}).sorted())
		same(t, "log", []string{}, w.query("SELECT what FROM log"))
		same(t, "through", []string{"thing:3 reversed"}, w.rollback(rollback.Options{Run: "acme-0002", ThroughTriggers: true}).sorted())
		same(t, "log", []string{"on_delete"}, w.query("SELECT what FROM log"))
		w.run(run.Options{})
		w.do(w.trigger("on_update", "UPDATE", "things")...)
		same(t, "updating", []string{"thing:2 blocked: trigger", "thing:3 blocked: trigger"}, w.rollback(rollback.Options{Run: "acme-0005"}).sorted())
	})
}

func TestRollbackOfNaturalKeysThatMoved(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE places (code varchar(9) PRIMARY KEY, name text)")
		w.mapping("  place:\n    from: {file: places.csv, key: ID}\n    to: {table: places, key: {columns: [code], new: natural}}\n    missing: recreate\n    fields: {code: Code, name: Name}\n")
		w.file("places.csv", "ID,Code,Name", "1,A,one", "2,B,two", "3,C,three", "4,D,four")
		w.run(run.Options{})
		w.do("DELETE FROM places WHERE code = 'D'")
		rows, crosswalk := w.query("SELECT * FROM places ORDER BY 1"), w.wholeCrosswalk()
		// Five takes the key of a row that is gone, whose record is made anew under
		// another.
		w.file("places.csv", "ID,Code,Name", "1,G,one", "2,H,two", "3,E,three", "4,F,four", "5,D,five")
		w.run(run.Options{})
		moved := w.query("SELECT * FROM places ORDER BY 1")
		same(t, "moved", []string{"D|five", "E|three", "F|four", "G|one", "H|two"}, moved)
		back := w.rollback(rollback.Options{Run: "acme-0002"})
		same(t, "ends", []string{"place:1 reversed", "place:2 reversed", "place:3 reversed", "place:4 reversed", "place:5 reversed"}, back.sorted())
		same(t, "rows", rows, w.query("SELECT * FROM places ORDER BY 1"))
		same(t, "crosswalk", crosswalk, slices.DeleteFunc(w.wholeCrosswalk(), func(row string) bool { return strings.HasPrefix(row, "1|5|") }))
	})
}

func TestRollbackOfCollapsedRecords(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE pairs (a varchar(9), b varchar(9), note text, PRIMARY KEY (a, b))")
		w.mapping("  pair:\n    from: {file: pairs.csv, key: ID}\n    to: {table: pairs, key: {columns: [a, b], new: natural}, collapse: true}\n    fields: {a: A, b: B, note: Note}\n")
		w.file("pairs.csv", "ID,A,B,Note", "1,x,y,first", "2,x,y,second", "3,x,z,third")
		w.run(run.Options{Records: 1})
		back := w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "ends", []string{"pair:1 reversed", "pair:2 reversed", "pair:3 reversed"}, back.sorted())
		same(t, "rows", []string{}, w.query("SELECT * FROM pairs"))
		same(t, "crosswalk", []string{"pair|1|x|y|c|b", "pair|3|x|z|c|b"}, w.crosswalk())
	})
}

// A run that wrote over what people had edited gives it back, and knows again
// that it was edited.
func TestRollbackGivesEditsBack(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE things (id NUMBER, name varchar(20) UNIQUE CHECK (name <> 'b'), size integer)")
		w.mapping("  thing:\n    from: {file: things.csv, key: ID}\n    to: {table: things, key: {column: id, new: identity}}\n    edited: overwrite\n    missing: recreate\n    fields: {name: Name, size: Size}\n")
		w.file("things.csv", "ID,Name,Size", "1,a,1", "2,c,2", "3,d,3", "4,e,4")
		w.run(run.Options{})
		w.do("UPDATE things SET size = 77 WHERE name = 'a'", "DELETE FROM things WHERE name = 'e'")
		rows, crosswalk := w.query("SELECT name, size FROM things ORDER BY 1"), w.wholeCrosswalk()
		w.file("things.csv", "ID,Name,Size", "1,a,5", "2,c,6", "3,x,7", "4,e,4")
		w.run(run.Options{})
		same(t, "dry", []string{"thing|4"}, func() []string {
			code, out, errs := w.cli("rollback", "acme-0002", "--dry-run")
			if code != 0 || !strings.Contains(out, "4         4     0        0       0") || !strings.Contains(out, "Dry run") {
				t.Errorf("exit %d\n%s%s", code, out, errs)
			}
			return []string{"thing|" + w.query("SELECT count(*) FROM things")[0]}
		}())
		same(t, "ends", []string{"thing:1 reversed", "thing:2 reversed"}, w.rollback(rollback.Options{Run: "acme-0002", Only: refsOf("thing:1", "thing:2")}).sorted())
		w.do("INSERT INTO things (name) VALUES ('d')") // the name that thing 3 gave up
		back := w.rollback(rollback.Options{Run: "acme-0002"})
		holder := w.query("SELECT id FROM things WHERE name = 'd'")[0]
		same(t, "told", "the target refuses what the row held: a row of the target holds the value already: row "+holder, back.entry(t, "3").Message)
		same(t, "ends", []string{"thing:3 failed: unique in name", "thing:4 reversed"}, back.sorted())
		w.do("DELETE FROM things WHERE name = 'd'")
		w.rollback(rollback.Options{Run: "acme-0002"})
		same(t, "rows", rows, w.query("SELECT name, size FROM things ORDER BY 1"))
		same(t, "crosswalk", crosswalk, w.wholeCrosswalk())
	})
}

// A row that was changed and one that was made may each stand in the other's
// way: what the one held, the other holds now, and the one refers to the other.
func TestRollbackOfRowsInEachOthersWay(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE nodes (id NUMBER, parent_id bigint REFERENCES nodes (id), code text UNIQUE)")
		w.mapping("  node:\n    from: {file: nodes.csv, key: ID}\n    to: {table: nodes, key: {column: id, new: identity}}\n    fields: {parent_id: {ref: node, from: Parent}, code: Code}\n")
		w.file("nodes.csv", "ID,Parent,Code", "1,,a", "2,,b")
		w.run(run.Options{Records: 1})
		rows, crosswalk := w.query("SELECT * FROM nodes ORDER BY id"), w.wholeCrosswalk()
		w.file("nodes.csv", "ID,Parent,Code", "1,3,c", "2,4,d", "3,,a", "4,,b")
		w.run(run.Options{Records: 1})
		w.do("UPDATE nodes SET code = 'edited' WHERE code = 'b'", "INSERT INTO nodes (code) VALUES ('b')")
		same(t, "ends", []string{"node:1 reversed", "node:2 failed: unique in code", "node:3 reversed", "node:4 kept: edited"},
			w.rollback(rollback.Options{Run: "acme-0002"}).sorted())
		w.do("DELETE FROM nodes WHERE code = 'b'", "UPDATE nodes SET code = 'b' WHERE code = 'edited'")
		same(t, "ends", []string{"node:2 reversed", "node:4 reversed"}, w.rollback(rollback.Options{Run: "acme-0002"}).sorted())
		same(t, "rows", rows, w.query("SELECT * FROM nodes ORDER BY id"))
		same(t, "crosswalk", crosswalk, burnt(crosswalk, w.wholeCrosswalk()))
	})
}
