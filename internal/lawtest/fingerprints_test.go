package lawtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// meddled runs all with fingerprints, and lets somebody else do something once
// the first batch of an entity is committed.
func (w *world) meddled(o run.Options, statements ...string) *outcome {
	w.t.Helper()
	w.disturbed = true
	defer func() { w.disturbed = false }()
	other := open(w.t, w.url)
	o.Fingerprint, o.Lanes = true, 1
	o.Points = func(p run.Point) {
		if p == run.PointCommitted && statements != nil {
			now := statements
			statements = nil
			do(w.t, other, w.number, now...)
		}
	}
	return w.run(o)
}

// TestFingerprintsBreak: whatever somebody else does to a table while a run goes
// on is seen, be it to rows that were there, to new ones or to the run's own,
// in columns that the mapping knows or in others.
func TestFingerprintsBreak(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			name string
			do   []string
			held bool
			rows int64 // more or less than expected
		}{
			{name: "nothing", held: true},
			{name: "the same again", do: []string{"UPDATE persons SET note = note"}, held: true},
			{name: "a row changes", do: []string{"UPDATE persons SET name = 'other' WHERE id = 900"}},
			{name: "a column that nobody maps", do: []string{"UPDATE persons SET note = 'seen' WHERE id = 901"}},
			{name: "NULL becomes empty", do: []string{"UPDATE persons SET note = '' WHERE id = 902"}},
			{name: "a value moves into the next column", do: []string{"UPDATE persons SET name = note, note = name WHERE id = 900"}},
			{name: "two rows swap a value", do: []string{"UPDATE persons SET note = CASE id WHEN 900 THEN 'b' ELSE 'a' END WHERE id IN (900, 901)"}},
			{name: "a row goes", do: []string{"DELETE FROM persons WHERE id = 900"}, rows: -1},
			{name: "a row comes", do: []string{"INSERT INTO persons (id, name) VALUES (5000, 'new')"}, rows: 1},
			{name: "one goes and one comes", do: []string{"DELETE FROM persons WHERE id = 900", "INSERT INTO persons (id, name) VALUES (5000, 'new')"}},
			{name: "a row of the run", do: []string{"UPDATE persons SET note = 'mine' WHERE legacy_id = '1'"}},
			{name: "a row that the run will take over", do: []string{"UPDATE persons SET note = 'mine' WHERE email = 'd@x'"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := w.fresh(t, "CREATE TABLE persons (id NUMBER, email varchar(40) UNIQUE, name varchar(40), note varchar(20), legacy_id varchar(20))",
					"INSERT INTO persons (id, email, name, note) VALUES (900, 'z@x', 'there', 'a'), (901, NULL, 'too', 'b'), (902, 'd@x', 'to be adopted', NULL)")
				w.mapping(personMapping(", match: [email]}"))
				w.file("persons.csv", "No,Mail,Name", "1,a@x,a", "2,b@x,b", "3,c@x,c", "4,d@x,d")
				out := w.meddled(run.Options{Mode: target.Delta, Records: 2}, c.do...)
				same(t, "counts", ledger.Counts{record.Created: 3, record.Updated: 1}, out.counts["person"])
				f := w.fingerprints(out.Run)["person"]
				if f == nil || !f.Ended || f.Held() != c.held || f.After.Rows-f.Expected().Rows != c.rows {
					t.Fatalf("the fingerprint: %+v", f)
				}
				same(t, "rows before, taken, put", []int64{3, 1, 4}, []int64{f.Before.Rows, f.Taken.Rows, f.Put.Rows})
				code, said, _ := w.cli("run", "--fingerprint", "--runs", t.TempDir())
				if code != 0 || !strings.Contains(said, "person  yes (") {
					t.Errorf("a run in which nobody else did anything ends with %d and says %s", code, said)
				}
			})
		}
	})
}

// TestFingerprintsOfChildren: what the target does on its own to rows of other
// tables, by actions of foreign keys and by triggers, breaks the fingerprints
// there, whichever of the tables comes first.
func TestFingerprintsOfChildren(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		trigger := func(table, deed string) []string {
			if strings.HasPrefix(w.url, "sqlite:") {
				return []string{"CREATE TRIGGER touch AFTER INSERT ON " + table + " BEGIN " + deed + "; END"}
			}
			return []string{
				"CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + deed + "; RETURN NULL; END $$",
				"CREATE TRIGGER touch AFTER INSERT ON " + table + " FOR EACH ROW EXECUTE FUNCTION touch()",
			}
		}
		for _, c := range []struct {
			name   string
			action string
			do     []string
			broken []string
		}{
			{name: "nothing", action: "ON UPDATE CASCADE", do: []string{"DELETE FROM child WHERE code = 'old'"}},
			{name: "on update", action: "ON UPDATE CASCADE", broken: []string{"child"}},
			{name: "a trigger on what comes later", action: "ON UPDATE NO ACTION", do: append(trigger("parent", "UPDATE child SET note = 'touched'"), "DELETE FROM child WHERE code = 'old'"), broken: []string{"child"}},
			{name: "a trigger on what came before", action: "ON UPDATE NO ACTION", do: append(trigger("child", "UPDATE parent SET note = 'touched'"), "DELETE FROM child WHERE code = 'old'"), broken: []string{"parent"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := w.fresh(t, "CREATE TABLE parent (code varchar(10) PRIMARY KEY, note varchar(10))",
					"CREATE TABLE child (id NUMBER, code varchar(10) REFERENCES parent (code) "+c.action+", note varchar(10))")
				w.mapping(`  parent:
    from: {file: parents.csv, key: No}
    to: {table: parent, key: {column: code, new: natural}}
    fields: {code: Code}
  child:
    from: {file: children.csv, key: No}
    to: {table: child, key: {column: id, new: identity}}
    fields: {code: {ref: parent, from: Parent}}
`)
				w.file("parents.csv", "No,Code", "1,old", "2,stays")
				w.file("children.csv", "No,Parent", "1,2")
				w.run(run.Options{})
				w.do(append([]string{"INSERT INTO child (id, code, note) VALUES (900, 'old', 'business')", "INSERT INTO child (id, code) VALUES (901, 'stays')"}, c.do...)...)
				w.file("parents.csv", "No,Code", "1,new", "2,stays", "3,more")
				w.file("children.csv", "No,Parent", "1,2", "2,2")
				w.disturbed = true
				out := w.run(run.Options{})
				broken := []string{}
				for entity, f := range w.fingerprints(out.Run) {
					if !f.Held() {
						broken = append(broken, entity)
					}
				}
				slices.Sort(broken)
				same(t, "broken", append([]string{}, c.broken...), broken)
			})
		}
	})
}

// TestFingerprintsOfOneTable: entities that land in one table know of each
// other, also where they stand in a circle.
func TestFingerprintsOfOneTable(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(staffTable, "INSERT INTO staff (id, name) VALUES (900, 'there')")
		w.mapping(`  staff:
    from: {file: staff.csv, key: No}
    to: {table: staff, key: {column: id, new: identity}}
    fields: {boss_id: {ref: clerk, from: Boss}, name: Name}
  clerk:
    from: {file: clerks.csv, key: No}
    to: {table: staff, key: {column: id, new: identity}}
    fields: {boss_id: {ref: staff, from: Boss}, name: Name}
`)
		w.file("staff.csv", "No,Boss,Name", "1,1,a", "2,,b", "3,9,c")
		w.file("clerks.csv", "No,Boss,Name", "1,2,d", "2,3,e", "3,,f")
		out := w.run(run.Options{Records: 1})
		same(t, "counts", ledger.Counts{record.Created: 2, record.Failed: 1}, out.counts["staff"])
		for entity, f := range w.fingerprints(out.Run) {
			if !f.Held() || f.After.Rows != 5 {
				t.Errorf("%s: %+v", entity, f)
			}
		}
		w.file("staff.csv", "No,Boss,Name", "1,3,a", "2,,bb", "3,1,c")
		w.run(run.Options{Records: 2})
	})
}

// TestNothingIsMeasuredUnasked: without totals and fingerprints in the mapping
// or the command the books hold no measure, and a run over few records measures
// what it is about.
func TestNothingIsMeasuredUnasked(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(personTable)
		two := personMapping("}") + strings.NewReplacer("person:", "other:", "persons", "others").Replace(personMapping("}"))
		w.do(strings.Replace(personTable, "persons", "others", 1))
		w.mapping(two)
		w.file("persons.csv", "No,Mail,Name", "1,a@x,a", "2,b@x,a name that is far too long to fit its column in the target")
		w.file("others.csv", "No,Mail,Name", "1,a@x,a")
		measures := func() []string {
			own := w.db.Dialect().(sqldb.OwnTables)
			return w.query("SELECT count(*) FROM " + w.db.Dialect().QuoteName(own.OwnName("measure")))
		}
		w.unwatched = true
		w.run(run.Options{})
		same(t, "measures", []string{"0"}, measures())
		w.unwatched = false
		for _, o := range []run.Options{{Only: []record.Ref{ref("person:1")}}, {RetryOpen: true}} {
			found := w.fingerprints(w.run(o).Run)
			if found["person"] == nil || found["other"] != nil {
				t.Errorf("measured: %v", found)
			}
		}
		before := measures()
		w.rehearse(run.Options{Limit: 1, Fingerprint: true})
		same(t, "measures after a rehearsal", before, measures())
	})
}

// rehearse does all and writes nothing.
func (w *world) rehearse(o run.Options) {
	w.t.Helper()
	_, err := w.try(o, func(ctx context.Context, m *migration.Migration, o run.Options) (*run.Result, error) {
		return run.Rehearse(ctx, m, o, func(run.Trace) error { return nil })
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestFingerprintsHoldInAnyLife: random lives of a table in which others have
// rows: records that refer to each other, match rows that are there, change,
// fail and are mended; runs over all and over few, in batches and lanes of any
// number, stopped and resumed. Whatever happens, the fingerprints hold and the
// rows of others are as they were.
func TestFingerprintsHoldInAnyLife(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for seed := range uint64(3) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 7))
				w := w.fresh(t, `CREATE TABLE staff (id NUMBER, boss_id bigint REFERENCES staff (id), mail varchar(20) UNIQUE, name varchar(10) CHECK (name <> 'bad'),
  note varchar(20), worth numeric(10,2), at timestamp)`)
				for i := range 12 {
					w.do(fmt.Sprintf("INSERT INTO staff (id, boss_id, mail, name, note, worth, at) VALUES (%d, %s, 'm%d', 'there', '%s', %d.%d, '2024-0%d-01 10:00:00')",
						900+i, []string{"NULL", "900"}[min(i, 1)], i*3, []string{"", "a|b", "it''s"}[i%3], i, i%10, 1+i%9))
				}
				others := "SELECT id, boss_id, mail, name, note, worth, at FROM staff WHERE id >= 900 AND name = 'there' ORDER BY id"
				w.mapping(`  staff:
    from: {file: staff.csv, key: No}
    to: {table: staff, key: {column: id, new: identity}, match: [mail]}
    on_match: ` + []string{"link", "update", "reject"}[seed%3] + `
    edited: overwrite
    missing: recreate
    fields:
      boss_id: {ref: staff, from: Boss}
      mail: Mail
      name: Name
    totals: ["count()", "sum(worth) by name"]
`)
				for step := range 5 {
					rows := []string{"No,Boss,Mail,Name"}
					for no := range 20 + r.IntN(10) {
						boss := ""
						if r.IntN(2) == 0 {
							boss = fmt.Sprint(r.IntN(34))
						}
						rows = append(rows, fmt.Sprintf("%d,%s,m%d,%s", no, boss, no, []string{"a", "b", "c", "d", "e", "bad"}[r.IntN(6)]))
					}
					w.file("staff.csv", rows...)
					if step > 0 && r.IntN(3) == 0 { // between runs people do as they like
						w.do(fmt.Sprintf("UPDATE staff SET note = 'worked on' WHERE id %% 3 = %d", r.IntN(3)))
					}
					before := w.query(others)
					o := run.Options{Records: 1 + r.IntN(8), Lanes: 1 + r.IntN(3)}
					switch r.IntN(4) {
					case 0:
						o.RetryOpen = step > 0
					case 1:
						o.Only = []record.Ref{ref(fmt.Sprintf("staff:%d", r.IntN(20))), ref(fmt.Sprintf("staff:%d", 20+r.IntN(5)))}
					case 2:
						o.Mode = target.Delta
					}
					out := w.stopping(t, o, func() int { return 1 + r.IntN(9) })
					f := w.fingerprints(out.Run)["staff"]
					if f == nil || !f.Held() {
						if f != nil || !o.RetryOpen {
							t.Fatalf("step %d: %+v", step, f)
						}
					}
					if seed%3 != 1 && o.Mode != target.Delta { // else rows are taken over
						same(t, "rows of others", before, w.query(others))
					}
					w.totalsAreRight(out.Run)
				}
			})
		}
	})
}

// totalsAreRight holds what was measured last against the table.
func (w *world) totalsAreRight(r *ledger.Run) {
	w.t.Helper()
	var totals []ledger.Total
	w.look(func(tx sqldb.Tx) (err error) {
		totals, err = w.ledger().Totals(context.Background(), tx, r.ID)
		return err
	})
	for _, total := range totals {
		found := []string{}
		for _, group := range total.Groups {
			name := ""
			if total.Grouped {
				if name = "NULL"; group.Values[0] != nil {
					name = *group.Values[0]
				}
				name += "|"
			}
			if group.After != nil {
				found = append(found, name+*group.After)
			}
		}
		switch total.Name {
		case "count()":
			same(w.t, total.Name, w.query("SELECT count(*) FROM staff"), found)
		case "sum(worth) by name":
			want := []string{}
			for _, row := range w.query("SELECT name, CAST(coalesce(sum(worth * 100), 0) AS bigint) FROM staff GROUP BY name ORDER BY name") {
				name, cents, _ := strings.Cut(row, "|")
				n := 0
				fmt.Sscan(cents, &n)
				want = append(want, fmt.Sprintf("%s|%d.%02d", name, n/100, n%100))
			}
			same(w.t, total.Name, want, found)
		}
	}
}
