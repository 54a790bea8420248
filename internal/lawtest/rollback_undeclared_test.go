package lawtest

import (
	"fmt"
	"testing"

	"landfall/internal/rollback"
	"landfall/internal/run"
)

// What the mapping's fields refer to is needed, whether the database declares it
// or not.
func TestRollbackKeepsWhatTheMappingRefersTo(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE teams (id NUMBER, name text)", "CREATE TABLE colours (id NUMBER, name text UNIQUE, code text UNIQUE)",
			"CREATE TABLE people (id NUMBER, name text, team_id bigint, home text, colour text)")
		teams := `  team:
    from: {file: teams.csv, key: ID}
    to: {table: teams, key: {column: id, new: identity}}
    fields: {name: Name}
  colour:
    from: {file: colours.csv, key: ID}
    to: {table: colours, key: {column: id, new: identity}}
    fields: {name: Name, code: Code}
`
		w.file("teams.csv", "ID,Name", "1,A", "2,B", "3,C", "4,D")
		w.file("colours.csv", "ID,Name,Code", "1,red,r", "2,blue,b")
		w.mapping(teams)
		w.run(run.Options{Records: 2})
		// home is of another type than the key, and a look-up takes no key at all.
		w.mapping(teams + `  person:
    from: {file: people.csv, key: ID}
    to: {table: people, key: {column: id, new: identity}}
    fields: {name: Name, team_id: {ref: team, from: Team}, home: {ref: team, from: Home}, colour: {lookup: colours, where: {name: Colour}, take: code}}
`)
		w.file("people.csv", "ID,Name,Team,Home,Colour", "1,Ada,1,2,red")
		w.run(run.Options{Records: 2})
		w.do("INSERT INTO people (name, team_id) SELECT 'by hand', id FROM teams WHERE name = 'C'")
		same(t, "ends", []string{
			"colour:1 kept: referenced in code", "colour:2 reversed",
			"team:1 kept: referenced in id", "team:2 kept: referenced in id", "team:3 kept: referenced in id", "team:4 reversed",
		}, w.rollback(rollback.Options{Run: "acme-0001"}).sorted())
		same(t, "people", []string{"Ada|A|B|red"}, w.query(`SELECT p.name, t.name, h.name, c.name FROM people p JOIN teams t ON t.id = p.team_id
  JOIN teams h ON CAST(h.id AS text) = p.home JOIN colours c ON c.code = p.colour`))
		w.do("DELETE FROM people WHERE name = 'by hand'")
		w.rollback(rollback.Options{Run: "acme-0002"})
		w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "rows", []string{"0|0|0"}, w.query("SELECT (SELECT count(*) FROM teams), (SELECT count(*) FROM people), (SELECT count(*) FROM colours)"))
	})
}

// Rows that refer to each other by what the database does not declare wait for
// each other, and those above one that stays, stay.
func TestRollbackOfAnUndeclaredCircle(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE nodes (id NUMBER, parent_id bigint, name text NOT NULL)")
		w.mapping(`  node:
    from: {file: nodes.csv, key: ID}
    to: {table: nodes, key: {column: id, new: identity}}
    fields: {parent_id: {ref: node, from: Parent}, name: Name}
`)
		lines := []string{"ID,Parent,Name"}
		for i := 1; i <= 5; i++ {
			lines = append(lines, fmt.Sprintf("%d,%d,n%d", i, i%5+1, i)) // a ring of all five
		}
		w.file("nodes.csv", append(lines, "6,,free", "7,6,leaf", "8,7,leaf of leaf")...)
		w.run(run.Options{Records: 2})
		w.do("UPDATE nodes SET name = 'edited' WHERE name = 'leaf'")
		back := w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "ends", []string{
			"node:1 reversed", "node:2 reversed", "node:3 reversed", "node:4 reversed", "node:5 reversed",
			"node:6 kept: referenced in id", "node:7 kept: edited", "node:8 reversed",
		}, back.sorted())
		same(t, "rows", []string{"edited|free"}, w.query("SELECT n.name, p.name FROM nodes n JOIN nodes p ON p.id = n.parent_id"))
		w.do("UPDATE nodes SET name = 'leaf' WHERE name = 'edited'")
		w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "rows", []string{"0"}, w.query("SELECT count(*) FROM nodes"))
	})
}
