package lawtest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/run"
)

type drop struct {
	name             string
	sqlite, postgres []string
	ends             []string // of records 1 to 4
	says             string   // empty: the wave is a success as far as its rows go
}

// dropping are ways in which a target loses rows that it took, with SQL for each
// kind of target.
var dropping = []drop{
	{
		name:   "a trigger passes over the row",
		sqlite: []string{"CREATE TRIGGER pass BEFORE INSERT ON t1 WHEN new.amt = 13 BEGIN SELECT raise(IGNORE); END"},
		postgres: []string{
			"CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.amt = 13 THEN RETURN NULL; END IF; RETURN new; END $$",
			"CREATE TRIGGER pass BEFORE INSERT ON t1 FOR EACH ROW EXECUTE FUNCTION pass()",
		},
		ends: []string{"created", "failed: not-written", "created", "created"},
	},
	{
		name:   "a trigger takes the row away again",
		sqlite: []string{"CREATE TRIGGER take AFTER INSERT ON t1 WHEN new.amt = 13 BEGIN DELETE FROM t1 WHERE id = new.id; END"},
		postgres: []string{
			"CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t1 WHERE id = new.id; RETURN NULL; END $$",
			"CREATE TRIGGER take AFTER INSERT ON t1 FOR EACH ROW WHEN (new.amt = 13) EXECUTE FUNCTION take()",
		},
		ends: []string{"created", "failed: not-written", "created", "created"},
	},
	{
		name: "a rule does nothing instead", // where rows come by INSERT, as they do once one was refused
		postgres: []string{
			"CREATE RULE nothing AS ON INSERT TO t1 WHERE new.amt = 13 DO INSTEAD NOTHING", "ALTER TABLE t1 ADD CHECK (amt <> 1)",
		},
		ends: []string{"failed: check in amt", "failed: not-written", "created", "created"},
	},
	{
		name:   "a later row takes an earlier one away",
		sqlite: []string{"CREATE TRIGGER take AFTER INSERT ON t1 WHEN new.amt = 3 BEGIN DELETE FROM t1 WHERE legacy = '1'; END"},
		postgres: []string{
			"CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t1 WHERE legacy = '1'; RETURN NULL; END $$",
			"CREATE TRIGGER take AFTER INSERT ON t1 FOR EACH ROW WHEN (new.amt = 3) EXECUTE FUNCTION take()",
		},
		ends: []string{"created", "created", "created", "created"},
		says: "t1 must have 4 rows and has 3: 1 rows that this run wrote are gone: t1:1 (row 1)",
	},
	{
		name:   "a row comes under another key",
		sqlite: []string{"CREATE TRIGGER other AFTER INSERT ON t1 WHEN new.amt = 13 BEGIN UPDATE t1 SET id = 1000 WHERE id = new.id; END"},
		postgres: []string{
			"CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.id = 1000; RETURN new; END $$",
			"CREATE TRIGGER other BEFORE INSERT ON t1 FOR EACH ROW WHEN (new.amt = 13) EXECUTE FUNCTION other()",
		},
		ends: []string{"created", "failed: not-written", "created", "created"},
	},
	{
		name:   "a row changes one that was there",
		sqlite: []string{"CREATE TRIGGER touch AFTER INSERT ON t1 WHEN new.amt = 13 BEGIN UPDATE t2 SET name = 'x' WHERE legacy = 'L1'; END"},
		postgres: []string{
			"CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE t2 SET name = 'x' WHERE legacy = 'L1'; RETURN NULL; END $$",
			"CREATE TRIGGER touch AFTER INSERT ON t1 FOR EACH ROW WHEN (new.amt = 13) EXECUTE FUNCTION touch()",
		},
		ends: []string{"created", "created", "created", "created"},
		says: "t2 has its 1 rows, and they are not what they were",
	},
}

// TestA08NoSilentDrop: every record is counted and has a reason, however the
// target loses its row, and a wave after which rows are not what they must be
// is no success.
func TestA08NoSilentDrop(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, c := range dropping {
			t.Run(c.name, func(t *testing.T) {
				statements := c.postgres
				if strings.HasPrefix(w.url, "sqlite:") {
					if statements = c.sqlite; statements == nil {
						t.Skip("SQLite has no rules")
					}
				}
				w := w.fresh(t, twoTables(true)...)
				w.do("INSERT INTO t2 (name, legacy) VALUES ('live', 'L1')")
				w.do(statements...)
				w.disturbed = true
				w.mapping(twoTablesMapping)
				w.file("t2.csv", "No,Name")
				w.file("t1.csv", "No,Ref,Amt", "1,,1", "2,,13", "3,,3", "4,,4")
				o := wave
				o.Records, o.Lanes = 2, 1
				result, err := w.try(o, run.Run)
				var unreconciled *run.UnreconciledError
				switch {
				case c.says == "" && err != nil:
					t.Fatal(err)
				case c.says != "" && (!errors.As(err, &unreconciled) || !strings.Contains(err.Error(), c.says)):
					t.Fatalf("it ended with %v", err)
				case c.says != "":
					same(t, "state", ledger.Unreconciled, result.Run.State)
				}
				out := w.outcome(result)
				for i, end := range out.ends {
					if want := c.ends[i]; !strings.HasSuffix(end, want) {
						t.Errorf("record %d: %s, wanted %s", i+1, end, want)
					}
				}
				same(t, "read", int64(4), out.counts["t1"].Total())
			})
		}
	})
}

// TestA08FailedReconciliation: people are told, and the exit code says so.
func TestA08FailedReconciliation(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(twoTables(true)...)
		later := dropping[slices.IndexFunc(dropping, func(d drop) bool { return d.name == "a later row takes an earlier one away" })]
		if strings.HasPrefix(w.url, "sqlite:") {
			w.do(later.sqlite...)
		} else {
			w.do(later.postgres...)
		}
		w.mapping(twoTablesMapping)
		w.file("t2.csv", "No,Name")
		w.file("t1.csv", "No,Ref,Amt", "1,,1", "2,,2", "3,,3")
		code, out, errs := w.cli("run", "--mode", "insert-only", "--batch", "2", "--lanes", "1")
		if code != 6 || !strings.Contains(out, "FAILED ITS RECONCILIATION") || !strings.Contains(out, "NO: somebody else changed the table while it ran: 3 rows expected, 2 found") ||
			!strings.Contains(errs, "1 rows that this run wrote are gone: t1:1 (row 1)") {
			t.Fatalf("exit %d\n%s%s", code, out, errs)
		}
		if code, out, errs := w.cli("resume"); code != 2 || !strings.Contains(errs, "no unfinished run") {
			t.Fatalf("resume: exit %d\n%s%s", code, out, errs)
		}
		if code, out, errs := w.cli("status"); code != 0 || !strings.Contains(out, "failed-reconciliation") {
			t.Fatalf("status: exit %d\n%s%s", code, out, errs)
		}
		// It may be undone, and another wave may follow.
		if code, out, errs := w.cli("rollback", "acme-0001", "--through-triggers"); code != 0 {
			t.Fatalf("rollback: exit %d\n%s%s", code, out, errs)
		}
		same(t, "rows", []string{"0"}, w.query("SELECT count(*) FROM t1"))
	})
}
