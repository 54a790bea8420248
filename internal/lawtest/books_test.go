package lawtest

import (
	"fmt"
	"strings"
	"testing"

	"landfall/internal/books"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// TestOlderBooks: books of every earlier version are brought forward by the
// next run, and nothing in them is forgotten.
func TestOlderBooks(t *testing.T) {
	brought := map[int][]string{
		2: {"pending", "alias_key"},
		3: {"former", "measure", "reconciliation", "reconciliation_entity", "difference"},
		4: {"guard", "audit", "key_space", "key_seat", "key_lot", "key_heir", "key_block", "index_work"},
		5: {"intent"},
	}
	for version := 1; version < books.Version; version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			eachTarget(t, func(t *testing.T, w *world) { bringForward(t, w, version, brought) })
		})
	}
}

func bringForward(t *testing.T, w *world, version int, brought map[int][]string) {
	w.do(staffTable)
	w.mapping(fmt.Sprintf(staffMapping, ""))
	w.file("staff.csv", "No,Boss,Name", "1,,a")
	w.run(run.Options{})
	own := w.db.Dialect().(sqldb.OwnTables)
	name := func(table string) string { return w.db.Dialect().QuoteName(own.OwnName(table)) }
	for later := version + 1; later <= books.Version; later++ {
		for _, table := range brought[later] {
			w.do("DROP TABLE " + name(table))
		}
	}
	w.do(fmt.Sprintf("UPDATE %s SET version = %d", name("version"), version))
	if code, said, errs := w.cli("status"); code != 0 || !strings.Contains(said, "acme-0001") {
		t.Errorf("status over older books: exit %d, %s%s", code, said, errs)
	}
	w.file("staff.csv", "No,Boss,Name", "1,2,a", "2,,b")
	same(t, "counts", ledger.Counts{record.Updated: 1, record.Created: 1}, w.run(run.Options{Records: 1}).counts["staff"])
	same(t, "bosses", []string{"a|b", "b|NULL"}, w.bosses())
	same(t, "versions", []string{fmt.Sprint(version), fmt.Sprint(books.Version)}, w.query("SELECT version FROM "+name("version")+" ORDER BY version"))
}
