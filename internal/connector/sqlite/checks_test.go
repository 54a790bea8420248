package sqlite

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/sqldb"
)

func TestChecksAreFoundInTheTablesText(t *testing.T) {
	table := &sqldb.Table{Columns: []sqldb.Column{{Name: "amount"}, {Name: "due on"}, {Name: "Length"}, {Name: "note"}}}
	readChecks(table, `CREATE TABLE t ( -- CHECK (note) in a comment
  amount REAL CHECK (amount >= 0 AND (amount < 100 OR note = 'a) CHECK (')),
  "due on" TEXT CONSTRAINT has_day CHECK (length("due on") = 10),
  Length INT, note TEXT DEFAULT 'CHECK (x)',
  CONSTRAINT [both of them] check([Length] > amount /* not note */)
)`)
	want := []sqldb.Check{
		{Name: "amount >= 0 AND (amount < 100 OR note = 'a) CHECK (')", Expression: "amount >= 0 AND (amount < 100 OR note = 'a) CHECK (')", Columns: []string{"amount", "note"}},
		{Name: "has_day", Expression: `length("due on") = 10`, Columns: []string{"due on"}},
		{Name: "both of them", Expression: "[Length] > amount /* not note */", Columns: []string{"amount", "Length"}},
	}
	if diff := cmp.Diff(want, table.Checks); diff != "" {
		t.Error(diff)
	}
}

func FuzzChecks(f *testing.F) {
	f.Add("CREATE TABLE t (a CHECK (a > 'x''y'), b)")
	f.Fuzz(func(_ *testing.T, sql string) {
		readChecks(&sqldb.Table{Columns: []sqldb.Column{{Name: "a"}}}, sql)
	})
}
