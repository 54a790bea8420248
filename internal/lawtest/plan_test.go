package lawtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"landfall/internal/guard"
	"landfall/internal/migration"
	"landfall/internal/plan"
	"landfall/internal/run"
	"landfall/internal/servertest"
	"landfall/internal/target"
)

// planned makes a plan in the world's folder.
func (w *world) planned(o run.Options) (*plan.Plan, string) {
	w.t.Helper()
	path := filepath.Join(w.dir, "plan.json")
	m := w.open(o)
	defer m.Close(context.Background())
	p, err := plan.Make(context.Background(), m, plan.Options{Options: o, Out: path})
	if err != nil {
		w.t.Fatalf("planning: %v", err)
	}
	return p, path
}

func (w *world) open(o run.Options) *migration.Migration {
	w.t.Helper()
	getenv := func(name string) string {
		if name == "LAWTEST_PASSWORD" { // of this world's role
			_, password := withoutPassword(w.t, w.url)
			return password
		}
		return os.Getenv(name)
	}
	m, err := migration.Open(context.Background(), migration.Options{Path: filepath.Join(w.dir, "landfall.yaml"), Inputs: o.Inputs, Getenv: getenv})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// carryOut runs a plan.
func (w *world) carryOut(path string) (*outcome, error) {
	w.t.Helper()
	p, err := plan.Read(path)
	if err != nil {
		return nil, err
	}
	m := w.open(run.Options{Inputs: p.Settings.Inputs})
	o, err := p.Hold(context.Background(), m, path, run.Options{})
	m.Close(context.Background())
	if err != nil {
		return nil, err
	}
	result, err := w.try(o, run.Run)
	if err != nil {
		return nil, err
	}
	return w.outcome(result), nil
}

// refusedPlan wants a refusal that names what moved.
func refusedPlan(t *testing.T, err error, words string) {
	t.Helper()
	var refusal *guard.Refusal
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Text, words) {
		t.Errorf("wanted a refusal that says %q, got %v", words, err)
	}
}

// firm is a random input: entities that refer to each other in every way.
type firm struct{ branches, staff, goods, tags []string }

func drawFirm(t *rapid.T) firm {
	cell := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	var f firm
	for range rapid.IntRange(0, 5).Draw(t, "branches") {
		f.branches = append(f.branches, fmt.Sprintf("%s,%s,%s", cell("branch", "1", "2", "3", "4", ""), cell("code", "A", "B", "C", "much too long", ""), cell("city", "x", "y")))
	}
	for range rapid.IntRange(0, 8).Draw(t, "staff") {
		f.staff = append(f.staff, fmt.Sprintf("%s,%s,%s,%s,%s,%s", cell("no", "1", "2", "3", "4", "5", "6"), cell("boss", "", "1", "2", "3", "4", "5", "9"),
			cell("at", "A", "B", "C", "Z"), cell("name", "ann", "bob", "cid", "dan", "eve", "bad"), cell("pay", "1", "2", "-1", "x"), cell("grade", "", "low", "mid", "top", "none")))
	}
	for range rapid.IntRange(0, 6).Draw(t, "goods") {
		f.goods = append(f.goods, fmt.Sprintf("%s,%s,%s,%s,%s", cell("good", "1", "2", "3", "4", "5"), cell("keeper", "1", "2", "3", "7"), cell("shelf", "s1", "s2", "s3"), cell("label", "a", "b", "c"), cell("kind", "low", "top", "none")))
	}
	for range rapid.IntRange(0, 4).Draw(t, "tags") {
		f.tags = append(f.tags, fmt.Sprintf("%s,%s,%s", cell("tag", "1", "2", "3"), cell("of", "1", "2", "3", "4"), cell("text", "t", "u")))
	}
	return f
}

const firmMapping = `  branch:
    from: {file: branches.csv, key: No}
    to: {table: branches, key: {column: code, new: natural}}
    fields: {code: Code, city: City}
  staff:
    from: {file: staff.csv, key: No}
    to: {table: staff, key: {column: id, new: identity}, match: [name]}
    on_match: %s
    edited: %s
    missing: %s
    fields: {boss_id: {ref: staff, from: Boss}, at: At, name: Name, pay: Pay, grade_id: {lookup: grades, where: {code: Grade}, take: id, missing: %s}}
  good:
    from: {file: goods.csv, key: No}
    to: {table: goods, key: {column: id, new: offset, base: 1000}}
    fields: {keeper_id: {ref: staff, from: Keeper}, shelf: Shelf, label: Label, kind_id: {lookup: grades, where: {code: Kind}, take: id}}
  tag:
    from: {file: tags.csv, key: No}
    to: {table: tags, key: {column: id, new: identity}}
    fields: {good_id: {ref: good, from: Good}, text: Text}
`

func (f firm) write(w *world) {
	w.file("branches.csv", append([]string{"No,Code,City"}, f.branches...)...)
	w.file("staff.csv", append([]string{"No,Boss,At,Name,Pay,Grade"}, f.staff...)...)
	w.file("goods.csv", append([]string{"No,Keeper,Shelf,Label,Kind"}, f.goods...)...)
	w.file("tags.csv", append([]string{"No,Good,Text"}, f.tags...)...)
}

// TestA02PlanOfRandomData: whatever the data, every record ends as planned, in a
// first load and in runs after it that are held to their plans, with changes of
// both sides in between: references, look-ups, links, keys that Landfall makes,
// and every mode.
func TestA02PlanOfRandomData(t *testing.T) {
	eachTarget(t, func(t *testing.T, like *world) {
		checks, most := 0, 14
		if !strings.HasPrefix(like.url, "sqlite:") {
			most = 5 // each takes longer
		}
		rapid.Check(t, func(rt *rapid.T) {
			if checks++; checks > most && !t.Failed() {
				return
			}
			w := like.fresh(t, "CREATE TABLE branches (code varchar(5) PRIMARY KEY, city varchar(5))",
				"CREATE TABLE grades (id integer PRIMARY KEY, code varchar(5) UNIQUE)", "INSERT INTO grades VALUES (1, 'low'), (2, 'mid'), (3, 'top')",
				"CREATE TABLE staff (id NUMBER, boss_id bigint REFERENCES staff (id), at varchar(5) REFERENCES branches (code), name varchar(9) UNIQUE CHECK (name <> 'bad'), pay integer CHECK (pay > 0), grade_id integer REFERENCES grades (id))",
				"CREATE TABLE goods (id bigint PRIMARY KEY, keeper_id bigint NOT NULL REFERENCES staff (id), shelf varchar(5), label varchar(5), kind_id integer, UNIQUE (keeper_id, shelf))",
				"CREATE TABLE tags (id NUMBER, good_id bigint NOT NULL REFERENCES goods (id), text varchar(5))",
				"INSERT INTO branches (code, city) VALUES ('C', 'z')", "INSERT INTO staff (name, pay) VALUES ('eve', 7)")
			w.unwatched = true
			w.mapping(fmt.Sprintf(firmMapping, rapid.SampledFrom([]string{"reject", "link", "update"}).Draw(rt, "on match"),
				rapid.SampledFrom([]string{"reject", "keep", "overwrite"}).Draw(rt, "edited"), rapid.SampledFrom([]string{"reject", "recreate"}).Draw(rt, "missing"), rapid.SampledFrom([]string{"reject", "null"}).Draw(rt, "no grade")))
			for round := range 3 {
				drawFirm(rt).write(w)
				o := run.Options{Records: rapid.IntRange(1, 4).Draw(rt, "batch"), Mode: rapid.SampledFrom([]target.Mode{target.Full, target.Delta, target.InsertOnly}).Draw(rt, "mode")}
				_, path := w.planned(o)
				out, err := w.carryOut(path)
				if err != nil {
					rt.Fatalf("round %d: %v", round, err)
				}
				agree(rt, fmt.Sprintf("round %d, planned and done", round), plannedEnds(t, path), out.ends)
				switch rapid.IntRange(0, 4).Draw(rt, "business") {
				case 0:
					w.do("UPDATE staff SET pay = 99 WHERE name = 'ann'")
				case 1:
					w.do("DELETE FROM tags", "DELETE FROM goods", "UPDATE staff SET boss_id = NULL", "DELETE FROM staff WHERE name IN ('bob', 'cid')")
				case 2:
					w.do("UPDATE staff SET grade_id = NULL", "DELETE FROM grades WHERE code = 'mid'", "UPDATE grades SET code = 'x' WHERE id = 1", "UPDATE grades SET code = 'low' WHERE id = 3")
				}
			}
		})
	})
}

// TestA02PlanIsCarriedOut: by the plan the run does what it would do without,
// and a second plan from equal input and target is equal.
func TestA02PlanIsCarriedOut(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(staffTable)
		w.mapping(fmt.Sprintf(staffMapping, ""))
		w.file("staff.csv", "No,Boss,Name", "1,2,ann", "2,3,bob", "3,,cid", "4,9,dan", "5,4,eve", "6,7,fay", "7,6,gus", "8,1,bad", "9,8,hal")
		_, path := w.planned(run.Options{Records: 2})
		first := readFile(t, plan.RecordsFile(path))
		p, path := w.planned(run.Options{Records: 2})
		if first != readFile(t, plan.RecordsFile(path)) {
			t.Error("equal input makes another file of records")
		}
		same(t, "circles", [][]string{{"staff", "staff"}}, p.Circles)
		out, err := w.carryOut(path)
		if err != nil {
			t.Fatal(err)
		}
		w.balanced(out)
		// 9 is the boss of 4, and does not land: what follows does not either.
		same(t, "ends", []string{
			"staff:1 created", "staff:2 created", "staff:3 created", "staff:4 blocked: parent-failed in boss_id", "staff:5 blocked: parent-failed in boss_id",
			"staff:6 created", "staff:7 created", "staff:8 failed: check in name", "staff:9 blocked: parent-failed in boss_id",
		}, out.ends)
		_, err = w.carryOut(path)
		refusedPlan(t, err, "has carried this plan out")
	})
}

// TestA02ResumedByItsPlan: what is left of a run that was stopped is held to the
// same plan, and to no other.
func TestA02ResumedByItsPlan(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.disturbed = true
		w.do(staffTable, "CREATE TABLE notes (id NUMBER, staff_id bigint REFERENCES staff (id), text varchar(9) UNIQUE)")
		w.mapping(fmt.Sprintf(staffMapping, "") + `  note:
    from: {file: notes.csv, key: No}
    to: {table: notes, key: {column: id, new: identity}}
    fields: {staff_id: {ref: staff, from: Staff}, text: Text}
`)
		w.file("staff.csv", "No,Boss,Name", "1,2,ann", "2,3,bob", "3,,cid", "4,9,dan", "5,4,eve", "6,7,fay", "7,6,gus", "8,1,bad", "9,8,hal")
		w.file("notes.csv", "No,Staff,Text", "1,1,a", "2,4,b", "3,7,c", "4,7,d")
		p, path := w.planned(run.Options{Records: 2})
		m := w.open(run.Options{})
		defer m.Close(context.Background())
		o, err := p.Hold(context.Background(), m, path, run.Options{})
		if err != nil {
			t.Fatal(err)
		}
		stop := make(chan struct{})
		first := o
		left := 3
		first.Stop, first.Observe = stop, func(e run.Event) {
			if e.Kind == run.EventBatch {
				if left--; left == 0 {
					close(stop)
				}
			}
		}
		if result, err := w.try(first, run.Run); err != nil || !result.Stopped {
			t.Fatalf("%+v, %v", result, err)
		}
		_, err = w.try(run.Options{}, run.Resume)
		refusedPlan(t, err, "is held to the plan "+p.Hash)
		if _, err = w.try(run.Options{}, run.Run); err == nil || !strings.Contains(err.Error(), "--plan") {
			t.Errorf("another run starts: %v", err)
		}
		w.do("INSERT INTO notes (text) VALUES ('d')")
		result, err := w.try(o, run.Resume)
		if err != nil {
			t.Fatal(err)
		}
		out := w.outcome(result)
		w.balanced(out)
		same(t, "ends", []string{
			"staff:1 created", "staff:2 created", "staff:3 created", "staff:4 blocked: parent-failed in boss_id", "staff:5 blocked: parent-failed in boss_id",
			"staff:6 created", "staff:7 created", "staff:8 failed: check in name", "staff:9 blocked: parent-failed in boss_id",
			"note:1 created", "note:2 blocked: parent-failed in staff_id", "note:3 created", "note:4 failed: plan-drift in text",
		}, out.ends)
	})
}

// TestA02PlanWritesNothing: not a byte of a file, and with a role that may only
// read; with books and without.
func TestA02PlanWritesNothing(t *testing.T) {
	prepare := func(w *world) {
		w.do("CREATE TABLE customers (id NUMBER, name varchar(9))",
			"CREATE TABLE phones (id NUMBER, customer_id bigint REFERENCES customers (id), kind varchar(9), number varchar(6), legacy varchar(9))")
		w.mapping(phoneMapping)
		w.file("customers.csv", "No,Name,Phone1,Phone2,Fax", "1,ann,11,12,", "2,bob,, ,", "3,far too long,31,,33")
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		w := sqliteWorld(t)
		prepare(w)
		for _, when := range []string{"without books", "with books"} {
			before := folder(t, w.dir)
			w.planned(run.Options{})
			if after := folder(t, w.dir); !bytes.Equal(before, after) {
				t.Errorf("%s: the file of the target is another", when)
			}
			w.run(run.Options{})
		}
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		w := postgresWorld(t)
		prepare(w)
		role, address := servertest.Role(t, w.url)
		w.do("REVOKE ALL ON SCHEMA public FROM public", "GRANT USAGE ON SCHEMA public TO "+role, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+role)
		reader := &world{t: t, dir: w.dir, db: open(t, address), url: address, number: w.number}
		tables := "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
		written := "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables WHERE schemaname IN ('public', 'landfall')"
		for range 2 {
			// The tables' owner, who could write, and a role that may only read.
			for _, planner := range []*world{w, reader} {
				w.do("SELECT pg_stat_force_next_flush()")
				rows, there := w.query(written), w.query(tables)
				planner.mapping(phoneMapping)
				planner.planned(run.Options{})
				w.do("SELECT pg_stat_force_next_flush()")
				same(t, "rows written", rows, w.query(written))
				same(t, "tables", there, w.query(tables))
			}
			w.mapping(phoneMapping)
			w.run(run.Options{})
			w.do("GRANT USAGE ON SCHEMA landfall TO "+role, "GRANT SELECT ON ALL TABLES IN SCHEMA landfall TO "+role)
		}
	})
}

// folder is the content of the target's file.
func folder(t *testing.T, dir string) []byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "target.db*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	var all []byte
	for _, name := range names {
		all = append(all, name+"\n"...)
		all = append(all, readFile(t, name)...)
	}
	return all
}

// TestA02DriftOfTheTarget: a record that moved on the target's side is not
// written over, and the others go on.
func TestA02DriftOfTheTarget(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.disturbed = true
		w.do("CREATE TABLE people (id NUMBER, name varchar(9) UNIQUE, town varchar(9), pay integer)",
			"CREATE TABLE visits (id NUMBER, person_id bigint NOT NULL REFERENCES people (id))", "INSERT INTO people (name, pay) VALUES ('held', 1)")
		w.mapping(`  person:
    from: {file: people.csv, key: No}
    to: {table: people, key: {column: id, new: identity}}
    edited: overwrite
    fields: {name: Name, town: Town}
  visit:
    from: {file: visits.csv, key: No}
    to: {table: visits, key: {column: id, new: identity}}
    fields: {person_id: {ref: person, from: Person}}
`)
		w.file("people.csv", "No,Name,Town", "1,ann,x", "2,bob,x")
		w.file("visits.csv", "No,Person", "1,1")
		w.run(run.Options{})
		w.file("people.csv", "No,Name,Town", "1,ann,y", "2,bob,y", "3,cid,x", "4,held,x", "5,dan,x")
		w.file("visits.csv", "No,Person", "1,1", "2,3", "3,5", "4,4")
		_, path := w.planned(run.Options{})
		w.do("UPDATE people SET town = 'z' WHERE name = 'ann'", "INSERT INTO people (name) VALUES ('cid')", "UPDATE people SET name = 'free' WHERE name = 'held'")
		out, err := w.carryOut(path)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "ends", []string{
			"person:1 failed: plan-drift", "person:2 updated", "person:3 failed: plan-drift in name", "person:4 failed: plan-drift", "person:5 created",
			"visit:1 unchanged", "visit:2 blocked: parent-failed in person_id", "visit:3 created", "visit:4 blocked: parent-failed in person_id",
		}, out.ends)
		for key, words := range map[string]string{
			"1": "planned: updated; found: updated: of a row of the target that is not what it was",
			"3": "planned: created; found: failed, unique in name", "4": "planned: failed, unique in name; found: created",
		} {
			if told := out.entry(t, key); !strings.Contains(told.Message, words) {
				t.Errorf("person:%s: %s", key, told.Message)
			}
		}
		same(t, "people", []string{"ann|z", "bob|y", "cid|NULL", "dan|x", "free|NULL"}, w.query("SELECT name, town FROM people ORDER BY name"))
	})
}

// TestA02DriftWhileFillingIn: a reference that is filled in later, and whose
// parent is there against the plan, or not.
func TestA02DriftWhileFillingIn(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.disturbed = true
		w.do(staffTable, "INSERT INTO staff (name) VALUES ('cid')")
		w.mapping(fmt.Sprintf(staffMapping, ""))
		w.file("staff.csv", "No,Boss,Name", "1,4,ann", "2,5,bob", "3,,dan", "4,,cid", "5,,eve")
		_, path := w.planned(run.Options{Records: 2})
		w.do("UPDATE staff SET name = 'eve'")
		out, err := w.carryOut(path)
		if err != nil {
			t.Fatal(err)
		}
		w.balanced(out)
		same(t, "ends", []string{
			"staff:1 blocked: parent-failed in boss_id", "staff:2 blocked: parent-failed in boss_id", "staff:3 created", "staff:4 failed: plan-drift", "staff:5 failed: plan-drift in name",
		}, out.ends)
	})
}

// TestA02ApprovalsAreVoidAfterChange: an approval is for one content.
func TestA02ApprovalsAreVoidAfterChange(t *testing.T) {
	w := sqliteWorld(t)
	w.do(staffTable)
	w.mapping(fmt.Sprintf(staffMapping, ""))
	w.file("staff.csv", "No,Boss,Name", "1,,ann")
	made, path := w.planned(run.Options{})
	approved, err := plan.Approve(path, "Ann Smith", "counts agreed")
	if err != nil || approved.Hash != made.Hash || len(approved.Approvals) != 1 || approved.Approvals[0].PlanHash != made.Hash || !strings.Contains(approved.Approvals[0].Actor, "@") {
		t.Fatalf("%+v, %v", approved, err)
	}
	m := w.open(run.Options{})
	defer m.Close(context.Background())
	o, err := approved.Hold(context.Background(), m, path, run.Options{})
	if err != nil || len(o.Approvals) != 1 || o.PlanAuthor != made.Author || o.PlanHash != made.Hash {
		t.Errorf("a run gets %v by %s, %v", o.Approvals, o.PlanAuthor, err)
	}
	// Somebody gives the plan another content and a hash that fits.
	approved.Mode = "delta"
	if approved.Hash, err = approved.ContentHash(); err != nil {
		t.Fatal(err)
	}
	if err := approved.Write(path); err != nil {
		t.Fatal(err)
	}
	if o, err = approved.Hold(context.Background(), m, path, run.Options{}); err != nil || len(o.Approvals) != 0 {
		t.Errorf("the approvals of another content count: %v, %v", o.Approvals, err)
	}
	approved.Hash = made.Hash
	if err := approved.Write(path); err != nil {
		t.Fatal(err)
	}
	_, err = plan.Approve(path, "Ann Smith", "again")
	refusedPlan(t, err, "was changed after it was made")
	// The records belong to the plan.
	_, path = w.planned(run.Options{})
	if err := os.WriteFile(plan.RecordsFile(path), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = w.carryOut(path)
	refusedPlan(t, err, "is not the file of")
}

// TestA02DriftOfSourceAndTable: what moved is named, and nothing is written.
func TestA02DriftOfSourceAndTable(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE people (id NUMBER, name varchar(9))")
		w.mapping("  person:\n    from: {file: people.csv, key: No}\n    to: {table: people, key: {column: id, new: identity}}\n    fields: {name: Name}\n")
		w.file("people.csv", "No,Name", "1,ann", "2,bob")
		_, path := w.planned(run.Options{})
		for words, lines := range map[string][]string{
			"the source's record is another: person:2 (people.csv, line 3)":                                  {"1,ann", "2,rob"},
			"the source has a new record: person:3 (people.csv, line 4)":                                     {"1,ann", "2,bob", "3,cid"},
			"the source does not hold a record any more: person:2 (people.csv, line 3)":                      {"1,ann"},
			"the source has person:2 (people.csv, line 2), where the plan has person:1 (people.csv, line 2)": {"2,bob", "1,ann"},
		} {
			w.file("people.csv", append([]string{"No,Name"}, lines...)...)
			_, err := w.carryOut(path)
			refusedPlan(t, err, words)
		}
		w.file("people.csv", "No,Name", "1,ann", "2,bob")
		w.do("ALTER TABLE people ADD COLUMN town varchar(9)")
		_, err := w.carryOut(path)
		refusedPlan(t, err, "declares the table")
		same(t, "people", []string{}, w.query("SELECT name FROM people"))
	})
}
