package lawtest

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"landfall/internal/run"
	"landfall/internal/target"
)

// asLoader lets the world's commands speak to the target as a user who has these
// rights and all on the books.
func (w *world) asLoader(t *testing.T, grants ...string) {
	t.Helper()
	name := "loader_" + strings.ToLower(strings.ReplaceAll(w.query("SELECT current_database()")[0], "-", "_"))
	schema, _, _ := strings.Cut(w.ledger().Books().Table("run"), ".")
	w.do("CREATE ROLE " + name + " LOGIN PASSWORD 'loader'")
	w.do("GRANT ALL ON SCHEMA "+schema+" TO "+name, "GRANT ALL ON ALL TABLES IN SCHEMA "+schema+" TO "+name, "GRANT ALL ON ALL SEQUENCES IN SCHEMA "+schema+" TO "+name)
	for _, grant := range grants {
		w.do("GRANT " + grant + " TO " + name)
	}
	address, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword(name, "loader")
	w.url = address.String()
	t.Setenv("LAWTEST_PASSWORD", "loader")
	t.Cleanup(func() { w.do("DROP OWNED BY "+name, "DROP ROLE "+name) })
}

// TestA03RoleWithoutUpdateOrDelete: a user who may read and insert, and nothing
// else, is enough for a wave, whatever the database refuses of it.
func TestA03RoleWithoutUpdateOrDelete(t *testing.T) {
	w := postgresWorld(t)
	w.do(twoTables(true)...)
	w.do("INSERT INTO t2 (name, legacy) VALUES ('live', 'L1')", "CREATE TABLE tags (t1_id bigint REFERENCES t1 (id), tag varchar(5), PRIMARY KEY (t1_id, tag))")
	mapping := strings.Replace(twoTablesMapping, "{table: t2, key: {column: id, new: identity}}", "{table: t2, key: {column: id, new: identity}, match: [legacy]}\n    on_match: link", 1) + `  tag:
    from: {file: tags.csv, key: [No, Tag]}
    to: {table: tags, key: {columns: [t1_id, tag], new: natural}}
    fields: {t1_id: {ref: t1, from: No}, tag: Tag}
`
	w.mapping(mapping)
	w.file("t2.csv", "No,Name", "L1,x", "L2,b")
	w.file("t1.csv", "No,Ref,Amt", "1,L1,1")
	w.file("tags.csv", "No,Tag", "1,red")
	w.run(wave)
	w.asLoader(t, "SELECT, INSERT ON t1, t2, tags", "USAGE, SELECT ON SEQUENCE t1_id_seq, t2_id_seq")
	w.mapping(mapping)
	before := w.query("SELECT id, name, legacy, xmin FROM t2 ORDER BY id")
	w.file("t2.csv", "No,Name", "L1,x", "L2,other", "L3,c", "L4,d")
	w.file("t1.csv", "No,Ref,Amt", "1,L1,1", "2,L1,2", "3,L3,3", "4,L9,4", "5,L4,123456789.5")
	w.file("tags.csv", "No,Tag", "1,red", "1,blue", "3,too long")
	o := wave
	o.Records = 2
	out := w.run(o)
	same(t, "ends", []string{
		"t2:L1 skipped", "t2:L2 failed: already-converted", "t2:L3 created", "t2:L4 created",
		"t1:1 skipped", "t1:2 created", "t1:3 created", "t1:4 failed: missing-parent in ref", "t1:5 failed: out-of-range in amt",
		"tag:1|red skipped", "tag:1|blue created", "tag:3|too long failed: too-long in tag",
	}, out.ends)
	same(t, "rows that were there", before, w.query("SELECT id, name, legacy, xmin FROM t2 WHERE legacy IN ('L1', 'L2') ORDER BY id"))
	// The careful way, too: the database refuses a row of the batch.
	w.do("ALTER TABLE t1 ADD CONSTRAINT small CHECK (amt < 100)")
	w.file("t1.csv", "No,Ref,Amt", "6,L3,6", "7,L3,700", "8,,8")
	same(t, "careful", []string{"t1:6 created", "t1:7 failed: check in amt", "t1:8 created"}, w.run(run.Options{Mode: target.InsertOnly}).ends[4:7])
	// What the user may not do, a run in another mode cannot do either.
	w.file("t2.csv", "No,Name", "L2,other")
	if code, out, errs := w.cli("run"); code != 3 || !strings.Contains(errs, "permission denied") {
		t.Fatalf("a run that updates: exit %d\n%s%s", code, out, errs)
	}
}

// TestA03CountersOutOfReach: where the wave's user may not move the counter
// behind a column, it stays where it is, and the wave lands.
func TestA03CountersOutOfReach(t *testing.T) {
	w := postgresWorld(t)
	w.do(twoTables(true)...)
	mapping := strings.ReplaceAll(twoTablesMapping, "{column: id, new: identity}}\n    fields: {name: Name", "{column: id, new: natural}}\n    fields: {id: Id, name: Name")
	w.mapping(mapping)
	w.file("t2.csv", "No,Name,Id", "L1,a,1")
	w.file("t1.csv", "No,Ref,Amt")
	w.run(wave)
	w.asLoader(t, "SELECT, INSERT ON t1, t2", "USAGE, SELECT ON SEQUENCE t1_id_seq")
	w.mapping(mapping)
	w.file("t2.csv", "No,Name,Id", "L2,b,200")
	w.file("t1.csv", "No,Ref,Amt", "1,L2,1")
	// It is told before a wave, too.
	if code, out, errs := w.cli("check"); code != 0 || !strings.Contains(out, "public.t2.id: this user may not move the counter behind it (public.t2_id_seq)") || strings.Contains(out, "t1_id_seq") {
		t.Errorf("check: exit %d\n%s%s", code, out, errs)
	}
	var warned []string
	o := wave
	o.Observe = func(e run.Event) {
		if e.Kind == run.EventWarning {
			warned = append(warned, e.Message)
		}
	}
	same(t, "ends", []string{"t2:L2 created", "t1:1 created"}, w.run(o).ends)
	warned = slices.DeleteFunc(warned, func(text string) bool { return strings.HasPrefix(text, "the crosswalk has no index") })
	same(t, "warned", []string{"t2: the counter behind public.t2.id may be behind the highest key, and this user may not move it: the next row that the application inserts may be refused; have the counter's owner move it"}, warned)
}

// TestA03NothingButInserts: where every update and delete of business rows is
// refused, a wave lands what it has to, in batches that the target refuses rows
// of, too. SQLite has no roles; triggers stand in for them.
func TestA03NothingButInserts(t *testing.T) {
	w := sqliteWorld(t)
	w.do(twoTables(true)...)
	w.do("INSERT INTO t2 (name, legacy) VALUES ('live', 'L1')")
	for _, table := range []string{"t1", "t2"} {
		for _, deed := range []string{"UPDATE", "DELETE"} {
			w.do("CREATE TRIGGER no_" + table + "_" + deed + " BEFORE " + deed + " ON " + table + " BEGIN SELECT raise(ABORT, 'not in a wave'); END")
		}
	}
	w.mapping(strings.Replace(twoTablesMapping, "{table: t2, key: {column: id, new: identity}}", "{table: t2, key: {column: id, new: identity}, match: [legacy]}\n    on_match: update", 1))
	w.file("t2.csv", "No,Name", "L1,x", "L2,b", "L3,c")
	w.file("t1.csv", "No,Ref,Amt", "1,L1,1", "2,L2,2", "3,L9,3", "4,,4")
	o := wave
	o.Records = 2
	same(t, "ends", []string{
		"t2:L1 failed: key-in-production in legacy", "t2:L2 created", "t2:L3 created",
		"t1:1 blocked: parent-failed in ref", "t1:2 created", "t1:3 failed: missing-parent in ref", "t1:4 created",
	}, w.run(o).ends)
	w.file("t2.csv", "No,Name", "L2,other", "L3,c", "L4,d")
	same(t, "next", []string{"t2:L2 failed: already-converted", "t2:L3 skipped", "t2:L4 created"}, w.run(o).ends[:3])
}
