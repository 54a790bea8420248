package lawtest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/entries"
	"landfall/internal/run"
)

const importMapping = `  customer:
    from: {file: customers.csv, key: No}
    to: {table: customers, key: {column: id, new: identity}}
    fields: {name: Name}
  order:
    from: {file: orders.csv, key: No}
    to: {table: orders, key: {column: id, new: identity}}
    fields: {customer_id: {from: Customer, ref: customer}, amount: Amount}
`

// loadedByOthers is a world whose customers another tool has loaded.
func loadedByOthers(t *testing.T, w *world) *world {
	w = w.fresh(t, "CREATE TABLE customers (id NUMBER, name varchar(20))",
		"CREATE TABLE orders (id NUMBER, customer_id bigint NOT NULL REFERENCES customers (id), amount integer)",
		"INSERT INTO customers (name) VALUES ('Ada'), ('Bob'), ('Cleo')")
	w.mapping(importMapping)
	w.file("customers.csv", "No,Name")
	w.file("orders.csv", "No,Customer,Amount", "7,C-2,10", "8,C-1,5", "9,C-77,1")
	w.file("keys.csv", "source_key,target_key", "C-1,1", "C-2,2")
	return w
}

func (w *world) imports(args ...string) (code int, said string) {
	w.t.Helper()
	code, out, errs := w.cli(append([]string{"crosswalk", "import", filepath.Join(w.dir, "keys.csv"), "--entity", "customer"}, args...)...)
	return code, out + errs
}

// TestImportedEntriesResolve: references find the rows that another tool loaded,
// a story tells where an entry came from, and undoing forgets entries and leaves
// rows.
func TestImportedEntriesResolve(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, role := range []string{"linked", "created"} {
			w := loadedByOthers(t, w)
			if code, said := w.imports("--role", role, "--dry-run"); code != 0 || !strings.Contains(said, "2 read, 2 would be added, 0 were known") {
				t.Fatalf("dry run: exit %d: %s", code, said)
			}
			if code, said := w.imports("--role", role); code != 0 || !strings.Contains(said, "2 read, 2 added, 0 were known\nRun acme-0001 tells of it") {
				t.Fatalf("exit %d: %s", code, said)
			}
			if code, said := w.imports("--role", role); code != 0 || !strings.Contains(said, "2 read, 0 added, 2 were known\n") {
				t.Fatalf("again: exit %d: %s", code, said)
			}
			same(t, "runs", []string{"acme-0001|import|completed"}, w.runsTold())
			account := w.account("acme-0001")
			out := w.run(run.Options{})
			same(t, "orders", []string{"order:7 created", "order:8 created", "order:9 failed: missing-parent in customer_id"}, out.ends)
			same(t, "references", []string{"2|10", "1|5"}, w.query("SELECT customer_id, amount FROM orders ORDER BY id"))
			if _, said, _ := w.cli("explain", "customer:C-2"); !strings.Contains(said, role) || !strings.Contains(said, "taken in as record 2 (line 3) of keys.csv, which another tool made") {
				t.Errorf("the story: %s", said)
			}
			for _, fault := range append(w.prove(account), w.prove(w.account("acme-0001"))...) {
				t.Error(fault)
			}
			if code, said, errs := w.cli("crosswalk", "verify"); code != 0 {
				t.Errorf("verify: exit %d: %s%s", code, said, errs)
			}

			// A later run reads the customers themselves.
			w.file("customers.csv", "No,Name", "C-1,Ada", "C-2,Robert", "C-3,Cleo")
			want := map[string][]string{"linked": {"customer:C-1 skipped", "customer:C-2 skipped", "customer:C-3 created"}, "created": {"customer:C-1 unchanged", "customer:C-2 updated", "customer:C-3 created"}}[role]
			same(t, role+": a run over the customers", want, w.run(run.Options{}).ends[:3])

			if code, said, errs := w.cli("rollback", "acme-0003"); code != 0 {
				t.Fatalf("rollback of the customers: exit %d: %s%s", code, said, errs)
			}
			if code, said, errs := w.cli("rollback", "acme-0001"); code != 0 || !strings.Contains(said, "everything was reversed") {
				t.Fatalf("rollback of the import: exit %d: %s%s", code, said, errs)
			}
			same(t, "rows after the rollback", []string{"1|Ada", "2|Bob", "3|Cleo"}, w.query("SELECT id, name FROM customers ORDER BY id"))
			same(t, "customers in the crosswalk", []string{"C-3"}, w.query("SELECT source_key FROM "+w.books("crosswalk")+" c JOIN "+w.books("entity")+" e ON e.id = c.entity_id WHERE e.name = 'customer'"))
			for _, fault := range append(w.prove(account), w.prove(w.account("acme-0001"))...) {
				t.Errorf("after the rollback: %s", fault)
			}
		}
	})
}

// TestImportRefusesAsAWhole: a line that is wrong is named with what is wrong, and
// nothing is written.
func TestImportRefusesAsAWhole(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = loadedByOthers(t, w)
		if code, said := w.imports(); code != 0 {
			t.Fatal(said)
		}
		before := w.wholeCrosswalk()
		w.file("keys.csv", "old,new,more", "C-1,1,", "C-3,3,", "C-2,3,", "C-9,2,", "C-9,3,", "C-8,3,", "C-7,99,", "C-6,one,", ",3,", "C-5,,")
		code, said := w.imports("--source-key", "old", "--target-key", "new")
		if code != 6 || !strings.Contains(said, "8 lines are wrong; nothing was written") {
			t.Errorf("exit %d: %s", code, said)
		}
		table := w.query("SELECT name FROM " + w.books("target_table"))[0]
		for _, want := range []string{
			"line 4: row 3 of TABLE is claimed by customer:C-3 in line 3 and by customer:C-2", "line 5: row 2 of TABLE is claimed by customer:C-2 and customer:C-9",
			"line 6: customer:C-9 stands in line 5 already", "line 7: row 3 of TABLE is claimed by customer:C-3 in line 3 and by customer:C-8",
			"line 8: row 99 of TABLE is not there", "line 9: new: id: ", "line 10: old is empty", "line 11: new is empty",
		} {
			if want = strings.ReplaceAll(want, "TABLE", table); !strings.Contains(said, want) {
				t.Errorf("not told: %s\n%s", want, said)
			}
		}
		w.file("keys.csv", "source_key,target_key", "C-3,3", "C-1,2")
		if code, said := w.imports(); code != 6 || !strings.Contains(said, "line 3: customer:C-1: 1 is not 2") {
			t.Errorf("another row: exit %d: %s", code, said)
		}
		w.file("keys.csv", "source_key,target_key", "C-3,3", `"C-4,1`)
		if code, said := w.imports(); code != 2 || !strings.Contains(said, "keys.csv: line ") {
			t.Errorf("no CSV: exit %d: %s", code, said)
		}
		for _, c := range []struct {
			args []string
			says string
		}{
			{[]string{"--source-key", "a,b"}, "the source key of customer has 1 columns, and 2 are named"},
			{[]string{"--target-key", "nothing"}, `line 1 names no column "nothing"`},
			{[]string{"--role", "adopted"}, "expected linked or created"},
		} {
			if code, said := w.imports(c.args...); code != 2 || !strings.Contains(said, c.says) {
				t.Errorf("%v: exit %d: %s", c.args, code, said)
			}
		}
		same(t, "the crosswalk", before, w.wholeCrosswalk())
		same(t, "runs", []string{"acme-0001|import|completed"}, w.runsTold())
	})
}

// TestKilledImport: whenever an import is killed, nothing of it is there, or all.
func TestKilledImport(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, point := range entries.Points {
			w := loadedByOthers(t, w)
			w.killedAt(point, 1, "crosswalk", "import", filepath.Join(w.dir, "keys.csv"), "--entity", "customer")
			want := 0
			if point == run.PointCommitted {
				want = 2
			}
			same(t, "entries after "+string(point), want, len(w.crosswalk()))
			if code, said := w.imports(); code != 0 || !strings.Contains(said, fmt.Sprintf("2 read, %d added, %d were known", 2-want, want)) {
				t.Errorf("after %s: exit %d: %s", point, code, said)
			}
			same(t, "runs", []string{"acme-0001|import|completed"}, w.runsTold())
		}
	})
}
