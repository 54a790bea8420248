package lawtest

import (
	"strings"
	"testing"

	"landfall/internal/rollback"
	"landfall/internal/run"
)

// What is written only when a row is made is not compared by later runs, but a
// rollback keeps rows that somebody has edited there.
func TestRollbackKeepsEditsOfWhatIsWrittenOnce(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE things (id NUMBER, name text, status text, origin text, parent_id bigint)")
		w.mapping(`  thing:
    from: {file: things.csv, key: ID}
    to: {table: things, key: {column: id, new: identity}}
    fields:
      name: Name
      status: {from: Status, on: create}
      origin: {const: legacy, on: create}
      parent_id: {ref: thing, from: Parent, on: create}
`)
		// References go forward over batches, so they are filled in at the end.
		w.file("things.csv", "ID,Name,Status,Parent", "1,a,new,5", "2,b,new,", "3,c,,", "4,d,new,6", "5,e,new,", "6,f,,7", "7,g,new,")
		w.run(run.Options{Records: 1})
		w.file("things.csv", "ID,Name,Status,Parent", "1,a,new,5", "2,B,other,", "3,C,other,", "4,d,new,6", "5,e,new,", "6,f,,7", "7,g,new,")
		w.run(run.Options{Records: 2})
		w.do("UPDATE things SET status = 'edited' WHERE name IN ('B', 'd')", "UPDATE things SET origin = NULL WHERE name = 'C'",
			"UPDATE things SET parent_id = NULL WHERE name = 'f'")
		edited := w.query("SELECT lower(name), status, origin FROM things WHERE name IN ('B', 'C', 'd', 'f') ORDER BY 1")
		same(t, "a run that changed other columns", []string{"thing:2 reversed", "thing:3 reversed"}, w.rollback(rollback.Options{Run: "acme-0002"}).sorted())
		const once = " kept: edited in origin, parent_id, status"
		same(t, "ends", []string{"thing:1 reversed", "thing:2" + once, "thing:3" + once, "thing:4" + once, "thing:5 reversed", "thing:6" + once, "thing:7 reversed"},
			w.rollback(rollback.Options{Run: "acme-0001"}).sorted())
		same(t, "rows", edited, w.query("SELECT name, status, origin FROM things ORDER BY 1"))
		w.do("UPDATE things SET status = 'new' WHERE name IN ('b', 'd')", "UPDATE things SET origin = 'legacy' WHERE name = 'c'")
		same(t, "put back by hand", []string{"thing:2 reversed", "thing:3 reversed", "thing:4 reversed", "thing:6" + once},
			w.rollback(rollback.Options{Run: "acme-0001"}).sorted())
	})
}

// Where the target fills columns by itself, nobody can tell what people edited
// there: a rollback names those columns.
func TestRollbackNamesWhatItCannotJudge(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE things (id NUMBER, name text, made timestamp DEFAULT CURRENT_TIMESTAMP, note text)",
			"CREATE TABLE parts (id NUMBER, name text, size integer, colour text DEFAULT 'red')", "CREATE TABLE log (what text)")
		w.do(w.trigger("fill", "INSERT", "parts")...)
		w.mapping(`  thing:
    from: {file: things.csv, key: ID}
    to: {table: things, key: {column: id, new: identity}}
    fields: {name: Name}
  part:
    from: {file: things.csv, key: ID}
    to: {table: parts, key: {column: id, new: identity}}
    fields: {name: Name}
`)
		w.file("things.csv", "ID,Name", "1,a", "2,b")
		w.run(run.Options{})
		w.do("UPDATE things SET note = 'edited' WHERE name = 'a'")
		named := []string{
			"Not judged: rows that the run made go even where somebody edited these columns",
			"  thing: made (the target computes what it puts there)", "  part: size, colour (the trigger fill may have filled them)",
		}
		object := []string{
			`{"entity":"thing","columns":["made"],"why":"the target computes what it puts there"}`,
			`{"entity":"part","columns":["size","colour"],"why":"the trigger fill may have filled them"}`,
		}
		tells := func(what string, all []string, args ...string) {
			t.Helper()
			code, out, errs := w.cli(append([]string{"rollback", "acme-0001", "--runs", w.dir}, args...)...)
			if code != 4 {
				t.Errorf("%s: exit %d\n%s%s", what, code, out, errs)
			}
			for _, text := range all {
				if !strings.Contains(out, text) {
					t.Errorf("%s does not tell %s:\n%s", what, text, out)
				}
			}
		}
		tells("a dry run", named, "--dry-run")
		tells("a dry run as JSON", object, "--dry-run", "--json")
		tells("a rollback", named)
		same(t, "rows", []string{"a|edited"}, w.query("SELECT name, note FROM things"))
		tells("another as JSON", object[:1], "--json")
		// All parts are gone, so nothing is told of them.
		if code, out, _ := w.cli("rollback", "acme-0001", "--dry-run"); code != 4 || strings.Contains(out, "part: size") {
			t.Errorf("exit %d\n%s", code, out)
		}
	})
}
