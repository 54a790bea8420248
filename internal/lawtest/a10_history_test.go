package lawtest

import (
	"context"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// TestA10CrosswalkIsHistory: waves add entries and take none away, each record
// and each row is there once over all waves, and what was rolled back keeps its
// key for ever.
func TestA10CrosswalkIsHistory(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE persons (id NUMBER, email varchar(40), name varchar(40), legacy_id varchar(20))")
		w.mapping(personMapping("}"))
		w.file("persons.csv", "No,Mail,Name", "1,a@x,n", "2,b@x,n")
		w.run(run.Options{})
		first := w.wholeCrosswalk()
		w.file("persons.csv", "No,Mail,Name", "3,c@x,n", "4,d@x,n")
		w.run(run.Options{})
		both := w.wholeCrosswalk()
		same(t, "entries of the first wave", first, both[:2])
		same(t, "entries", 4, len(both))

		// A wave whose input holds none of the earlier records forgets none of them,
		// and one that reads them again gives them no second row.
		w.file("persons.csv", "No,Mail,Name", "1,a@x,n", "4,d@x,n")
		same(t, "read again", []string{"person:1 unchanged", "person:4 unchanged"}, w.run(run.Options{}).ends)
		same(t, "entries that were read again", both, w.wholeCrosswalk())

		// Neither a record nor a row can be there twice, whoever writes.
		for _, twice := range []string{
			"INSERT INTO CROSSWALK SELECT 0, entity_id, table_id, shape_id, first_run, last_run, source_key, '99', role, state, hash, survivor, scope FROM CROSSWALK WHERE source_key = '1'",
			"INSERT INTO CROSSWALK SELECT 0, entity_id, table_id, shape_id, first_run, last_run, '99', target_key, role, state, hash, survivor, scope FROM CROSSWALK WHERE source_key = '1'",
		} {
			err := w.within(func(ctx context.Context, tx sqldb.Tx) error {
				_, err := tx.Exec(ctx, strings.ReplaceAll(twice, "CROSSWALK", w.books("crosswalk")))
				return err
			})
			if fault := w.db.Dialect().Classify(err); fault.Code != record.CodeUnique {
				t.Errorf("%s: %v", twice, err)
			}
		}

		if code, _, errs := w.cli("rollback", "acme-0002"); code != 0 {
			t.Fatal(errs)
		}
		undone := w.crosswalk()
		same(t, "after the rollback", []string{"person|1|1|c|l", "person|2|2|c|l", "person|3|3|c|b", "person|4|4|c|b"}, undone)
		w.file("persons.csv", "No,Mail,Name", "5,e@x,n", "6,f@x,n")
		w.run(run.Options{})
		same(t, "keys of a wave after it", append(undone, "person|5|5|c|l", "person|6|6|c|l"), w.crosswalk())

		// Both ways, the short name of the table and its full one.
		full := w.query("SELECT name FROM " + w.books("target_table"))[0]
		for _, c := range []struct {
			args []string
			code int
			want string
		}{
			{[]string{"person:1", "person:5"}, 0, "person:1 → TABLE:1  (created, live, by acme-0001)\nperson:5 → TABLE:5  (created, live, by acme-0005)\n"},
			{[]string{"person:3"}, 0, "person:3 → TABLE:3  (created, rolled-back, by acme-0002): no longer so\n"},
			{[]string{"--row", "persons:2", full + ":4", "person:6"}, 0, "TABLE:2 → person:2  (created, live, by acme-0001)\nTABLE:4 → person:4  (created, rolled-back, by acme-0002): no longer so\nTABLE:6 → person:6  (created, live, by acme-0005)\n"},
			{[]string{"--row", "persons:7"}, 4, "persons:7 → not found\n"},
		} {
			code, out, errs := w.cli(append([]string{"crosswalk", "get"}, c.args...)...)
			if want := strings.ReplaceAll(c.want, "TABLE", full); code != c.code || out != want {
				t.Errorf("get %v: exit %d, %q, wanted %d, %q: %s", c.args, code, out, c.code, want, errs)
			}
		}
	})
}

// TestA10VerifyFindsWhatCannotBe: each way in which the crosswalk may be wrong
// is found, and named.
func TestA10VerifyFindsWhatCannotBe(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = mapped(t, w)
		path := w.backup("whole.crosswalk")
		if code, out, errs := w.cli("crosswalk", "verify"); code != 0 || !strings.Contains(out, "The crosswalk holds; 2 rows that it names are in the target") {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
		if code, out, errs := w.cli("crosswalk", "verify", path); code != 0 || !strings.Contains(out, "In the books 2 are the same, 0 are missing, 0 conflict; 0 of the same were written since, and 0 came since") {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
		table := w.query("SELECT name FROM " + w.books("target_table"))[0]
		for _, c := range []struct{ do, says, file string }{
			{"DELETE FROM things WHERE id = 1002", "thing:B: row 1002 of TABLE is not there", ""},
			{"UPDATE CROSSWALK SET state = 'x' WHERE source_key = 'B'", `thing:B has the role "c" and the state "x"`, "1 of the same were written since"},
			{"UPDATE CROSSWALK SET last_run = 77 WHERE source_key = 'B'", "thing:B names a table, a run or a list of columns that the books do not know", ""},
			{"UPDATE CROSSWALK SET state = 'p' WHERE source_key = 'B'", "thing:B still waits for a parent, and run acme-0001 has ended", ""},
			{"UPDATE CROSSWALK SET role = 's', survivor = 'A' WHERE source_key = 'B'", "thing:B is an alias of thing:A, which owns no row or another one", ""},
			{"UPDATE CROSSWALK SET target_key = '1001' WHERE source_key = 'B'", "thing:A row 1001 of TABLE is also owned by thing:B", "thing:B: 1001 is not 1002"},
			{"UPDATE CROSSWALK SET target_key = 'one' WHERE source_key = 'B'", "thing:B: row one cannot be a key of TABLE", "thing:B: one is not 1002"},
			{"DELETE FROM CROSSWALK WHERE source_key = 'B'", "", "thing:B: row 1002 of TABLE"},
		} {
			w := mapped(t, w)
			path := w.backup("whole.crosswalk")
			w.dropReverse()
			w.do(strings.ReplaceAll(c.do, "CROSSWALK", w.books("crosswalk")))
			check := func(says string, args ...string) {
				t.Helper()
				code, out, errs := w.cli(args...)
				want := 6
				if says == "" || strings.HasPrefix(says, "1 of the same") {
					want = 0
				}
				if says = strings.ReplaceAll(says, "TABLE", table); code != want || !strings.Contains(out, says) {
					t.Errorf("%s: %v: exit %d, wanted %d and %q:\n%s%s", c.do, args, code, want, says, out, errs)
				}
			}
			check(c.says, "crosswalk", "verify")
			check(c.file, "crosswalk", "verify", path)
		}
	})
}
