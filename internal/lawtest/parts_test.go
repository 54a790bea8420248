package lawtest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// legacy makes a source database beside the mapping.
func (w *world) legacy(statements ...string) {
	w.t.Helper()
	do(w.t, open(w.t, emptyFile(w.t, w.dir, "legacy.db")), "", statements...)
}

// TestOnly picks records by their names, from a table and from a file.
func TestOnly(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.legacy("CREATE TABLE site (code TEXT, no INTEGER, name TEXT, PRIMARY KEY (code, no))",
			`INSERT INTO site VALUES ('a', 1, 'n'), ('a', 2, 'n'), ('b|c', 1, 'n'), ('b,c', 1, 'n'), ('d''e', 1, 'n'), ('', 1, 'n'), (' a', 1, 'n')`)
		w.do("CREATE TABLE sites (id NUMBER, name varchar(20))", "CREATE TABLE persons (id NUMBER, name varchar(20))")
		w.mapping(`  site:
    from: {table: site, key: [code, no]}
    to: {table: sites, key: {column: id, new: identity}}
    fields: {name: name}
  person:
    from: {file: persons.csv, key: No}
    to: {table: persons, key: {column: id, new: identity}}
    fields: {name: Name}
`)
		w.file("persons.csv", "No,Name", "007,n", "7,n", "x:y,n", "8,n")
		for _, c := range []struct {
			only string
			code int
			ends []string
			says string
		}{
			{only: "site:a|2", ends: []string{"site:a|2 created"}},
			{only: `site:b\|c|1,person:x:y`, ends: []string{`site:b\|c|1 created`, "person:x:y created"}},
			{only: `site:b\,c|1`, ends: []string{"site:b,c|1 created"}},
			{only: "site:d'e|1,person:007,site:a|1", ends: []string{"site:a|1 created", "site:d'e|1 created", "person:007 created"}},
			{only: "site:a|1", ends: []string{"site:a|1 unchanged"}},
			{only: "site:a|9", code: 4, ends: []string{}, says: "site:a|9 is not in the source"},
			{only: "person:8,person:70", code: 4, ends: []string{"person:8 created"}, says: "person:70 is not in the source"},
			{only: "person", code: 2},
			{only: "persn:8", code: 2, says: "person"},
		} {
			before := w.query("SELECT count(*) FROM sites")
			code, out, errs := w.cli("run", "--runs", filepath.Join(w.dir, "runs"), "--only", c.only)
			if code != c.code || !strings.Contains(errs, c.says) {
				t.Errorf("--only %s: exit %d\n%s%s", c.only, code, out, errs)
			}
			if c.ends != nil {
				same(t, "--only "+c.only, c.ends, w.newest().ends)
			} else {
				same(t, "rows", before, w.query("SELECT count(*) FROM sites"))
			}
		}
		// A run over all lands the others and leaves these.
		out := w.run(run.Options{})
		if counts := out.counts["site"]; counts[record.Created] != 2 || counts[record.Unchanged] != 5 {
			t.Errorf("all: %v", out.ends)
		}
	})
}

// newest is the outcome of the last run.
func (w *world) newest() *outcome {
	w.t.Helper()
	result := &run.Result{}
	w.look(func(tx sqldb.Tx) error {
		runs, err := w.ledger().Runs(w.t.Context(), tx, "acme")
		if err == nil {
			result.Run = runs[0]
		}
		return err
	})
	return w.outcome(result)
}

// TestLimit: the first so many records, and the rest later.
func TestLimit(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(personTable)
		w.mapping(personMapping("}"))
		w.file("persons.csv", "No,Mail,Name", "1,a@x,n", "2,a@x,n", "3,c@x,n", "4,d@x,n")
		same(t, "limited", []string{"person:1 created", "person:2 failed: duplicate-key in email", "person:3 created"}, w.run(run.Options{Limit: 3, Records: 2}).ends)
		same(t, "all", []string{"person:1 unchanged", "person:2 failed: duplicate-key in email", "person:3 unchanged", "person:4 created"}, w.run(run.Options{}).ends)
		same(t, "more than there are", 4, len(w.run(run.Options{Limit: 40}).ends))
	})
}

// TestDryRun: nothing stays behind, not even a used number.
func TestDryRun(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(personTable)
		w.mapping(personMapping("}"))
		w.file("persons.csv", "No,Mail,Name", "1,a@x,n", "2,a@x,n", "3,c@x,n")
		tables := "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'landfall%'"
		if w.db.Dialect().Placeholder(1) == "$1" {
			tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'landfall'"
		}
		dry := func() {
			t.Helper()
			code, out, errs := w.cli("run", "--dry-run", "--limit", "3")
			if code != 4 || !strings.Contains(out, "nothing was written") || !strings.Contains(out, "person:3") {
				t.Errorf("exit %d\n%s%s", code, out, errs)
			}
			if code, out, errs = w.cli("run", "--dry-run", "--only", "person:3"); code != 0 {
				t.Errorf("exit %d\n%s%s", code, out, errs)
			}
		}
		dry()
		same(t, "books", []string{"0"}, w.query(tables))
		same(t, "rows", []string{"0"}, w.query("SELECT count(*) FROM persons"))
		if code, _, errs := w.cli("run", "--dry-run"); code != 2 {
			t.Errorf("over all: exit %d, %s", code, errs)
		}
		w.do("INSERT INTO persons (email) VALUES ('own')")
		same(t, "the target's first number", []string{"1"}, w.query("SELECT id FROM persons"))
		w.run(run.Options{Only: []record.Ref{ref("person:1")}})
		walk, goods := w.crosswalk(), w.query("SELECT * FROM persons ORDER BY id")
		runs := w.newest().Run.Name
		dry()
		same(t, "crosswalk", walk, w.crosswalk())
		same(t, "rows", goods, w.query("SELECT * FROM persons ORDER BY id"))
		same(t, "runs", runs, w.newest().Run.Name)
		w.run(run.Options{Only: []record.Ref{ref("person:3")}})
		same(t, "the next number", []string{"3"}, w.query("SELECT id FROM persons WHERE email = 'c@x'"))
	})
}

// TestShapes: what a hash is over decides what is an update.
func TestShapes(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE persons (id NUMBER, email varchar(40), name varchar(40), age bigint)")
		entity := func(fields ...string) string {
			return "  person:\n    from: {file: persons.csv, key: No}\n    to: {table: persons, key: {column: id, new: identity}}\n    fields:\n      " +
				strings.Join(fields, "\n      ") + "\n"
		}
		w.mapping(entity("email: Mail", "name: Name"))
		w.file("persons.csv", "No,Mail,Name,Age", "1,a@x,n,30", "2,b@x,n,")
		created, unchanged := []string{"person:1 created", "person:2 created"}, []string{"person:1 unchanged", "person:2 unchanged"}
		same(t, "first", created, w.run(run.Options{}).ends)
		w.mapping(entity("# a remark", "name: Name", "", "email: {from: Mail}"))
		same(t, "lines moved", unchanged, w.run(run.Options{}).ends)
		w.file("persons.csv", "Age,Name,No,Mail", "30,n,1,a@x", ",n,2,b@x")
		same(t, "source columns moved", unchanged, w.run(run.Options{}).ends)
		w.mapping(entity("email: Mail", "name: Name", "age: Age"))
		same(t, "a column more", []string{"person:1 updated", "person:2 unchanged"}, w.run(run.Options{}).ends)
		same(t, "again", unchanged, w.run(run.Options{}).ends)
		w.do("UPDATE persons SET name = 'by hand' WHERE id = 2")
		w.mapping(entity("email: Mail", "name: {from: Name, do: [upper]}", "age: Age"))
		same(t, "another way to fill", []string{"person:1 updated", "person:2 failed: edited"}, w.run(run.Options{}).ends)
		w.do("UPDATE persons SET name = 'n' WHERE id = 2")
		w.mapping(entity("email: Mail"))
		out := w.run(run.Options{})
		same(t, "columns fewer", unchanged, out.ends)
		w.file("persons.csv", "No,Mail,Name,Age", "1,a2@x,n,30", "2,b@x,n,")
		same(t, "and a change", []string{"person:1 updated", "person:2 unchanged"}, w.run(run.Options{}).ends)
		same(t, "rows", []string{"1|a2@x|N|30", "2|b@x|n|NULL"}, w.query("SELECT * FROM persons ORDER BY id"))
	})
}

// TestEveryTypeIsUnchanged: what was written compares equal for every type, so
// nothing counts as edited that nobody edited.
func TestEveryTypeIsUnchanged(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		columns := []struct{ name, kind, one, other string }{
			{"a", "boolean", "true", "false"},
			{"b", "smallint", "-5", "7"},
			{"c", "bigint", "9007199254740993", "-1"},
			{"d", "double precision", "0.1", "1e-7"},
			{"e", "decimal(12,3)", "1.5", "-0.25"},
			{"f", "varchar(30)", "  naïve", "007"},
			{"g", "date", "2024-02-29", "1999-12-31"},
			{"h", "timestamp", "2024-02-29 12:34:56.5", "1999-12-31 00:00:00"},
			{"i", "timestamp with time zone", "2024-02-29 12:34:56+02:00", "1999-12-31 00:00:00Z"},
			{"j", "uuid", "6EC0BD7F-11C0-43DA-975E-2A8AD9EBAE0B", "6ec0bd7f-11c0-43da-975e-2a8ad9ebae0c"},
			{"k", "json", `{"b":[1,null],"a":"x"}`, "[]"},
			{"l", "time", "12:34:56", "00:00:00.25"},
			{"m", "text", "", "x"},
		}
		schema, fields, header, rows := "CREATE TABLE persons (id NUMBER, touched varchar(5)", "", "No", make([]string, 3)
		quote := func(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }
		for i := range rows {
			rows[i] = fmt.Sprint(i + 1)
		}
		for _, c := range columns {
			schema += ", " + c.name + " " + c.kind
			fields += fmt.Sprintf("      %s: {from: %s, empty: keep}\n", c.name, c.name)
			if c.name != "m" && c.name != "f" {
				fields = strings.Replace(fields, c.name+": {from: "+c.name+", empty: keep}", c.name+": "+c.name, 1)
			}
			header += "," + c.name
			rows[0], rows[1], rows[2] = rows[0]+","+quote(c.one), rows[1]+","+quote(c.other), rows[2]+","
		}
		w.do(schema + ")")
		w.mapping("  person:\n    from: {file: persons.csv, key: No}\n    to: {table: persons, key: {column: id, new: identity}}\n    edited: reject\n    fields:\n" + fields)
		w.file("persons.csv", slices.Concat([]string{header}, rows)...)
		out := w.run(run.Options{})
		same(t, "first", []string{"person:1 created", "person:2 created", "person:3 created"}, out.ends)
		same(t, "second", []string{"person:1 unchanged", "person:2 unchanged", "person:3 unchanged"}, w.run(run.Options{}).ends)
		// The content of the rows moves on by one: each is read, found untouched
		// and updated, whatever its types are.
		moved := []string{header}
		for i := range rows {
			_, content, _ := strings.Cut(rows[(i+1)%3], ",")
			moved = append(moved, fmt.Sprintf("%d,%s", i+1, content))
		}
		w.file("persons.csv", moved...)
		same(t, "changed", []string{"person:1 updated", "person:2 updated", "person:3 updated"}, w.run(run.Options{}).ends)
		same(t, "last", []string{"person:1 unchanged", "person:2 unchanged", "person:3 unchanged"}, w.run(run.Options{}).ends)
	})
}
