package lawtest

import (
	"fmt"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// TestOlderBooks: books of version 1 are brought forward by the next run, and
// nothing in them is forgotten.
func TestOlderBooks(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(staffTable)
		w.mapping(fmt.Sprintf(staffMapping, ""))
		w.file("staff.csv", "No,Boss,Name", "1,,a")
		w.run(run.Options{})
		own := w.db.Dialect().(sqldb.OwnTables)
		name := func(table string) string { return w.db.Dialect().QuoteName(own.OwnName(table)) }
		w.do("DROP TABLE "+name("pending"), "DROP TABLE "+name("alias_key"), "UPDATE "+name("version")+" SET version = 1")
		w.file("staff.csv", "No,Boss,Name", "1,2,a", "2,,b")
		same(t, "counts", ledger.Counts{record.Updated: 1, record.Created: 1}, w.run(run.Options{Records: 1}).counts["staff"])
		same(t, "bosses", []string{"a|b", "b|NULL"}, w.bosses())
		same(t, "versions", []string{"1", "2"}, w.query("SELECT version FROM "+name("version")+" ORDER BY version"))
	})
}
