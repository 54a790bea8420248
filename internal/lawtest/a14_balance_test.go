package lawtest

import (
	"fmt"
	"strings"
	"testing"

	"landfall/internal/reconcile"
	"landfall/internal/run"
	"landfall/internal/target"
	"landfall/internal/verdict"
)

const waveMapping = `  two:
    from: {file: two.csv, key: No}
    to: {table: t2, key: {column: id, new: identity}}
    fields: {name: Name}
  one:
    from: {file: one.csv, key: No}
    to: {table: t1, key: {column: id, new: identity}}
    fields: {two_id: {from: Two, ref: two}, amount: Amount}
    totals: [sum(amount)]
`

// beforeWave is a live target that holds what earlier waves brought: 5 rows of
// t2, and 40 rows of t1. The next wave has 2 records and 10 records, of which
// one refers to nothing.
func beforeWave(t *testing.T, w *world, references string) *world {
	w = w.fresh(t, "CREATE TABLE t2 (id NUMBER, name varchar(20))", "CREATE TABLE t1 (id NUMBER, two_id bigint NOT NULL "+references+", amount integer)")
	w.mapping(waveMapping)
	w.waveFiles(1, 5, 1, 40, "")
	w.run(run.Options{Mode: target.InsertOnly})
	w.waveFiles(6, 7, 41, 50, "L50,L99,1")
	return w
}

// waveFiles writes the records of a wave; instead takes the place of the last.
func (w *world) waveFiles(fromTwo, toTwo, fromOne, toOne int, instead string) {
	two, one := []string{"No,Name"}, []string{"No,Two,Amount"}
	for n := fromTwo; n <= toTwo; n++ {
		two = append(two, fmt.Sprintf("P%d,two %d", n, n))
	}
	for n := fromOne; n <= toOne; n++ {
		one = append(one, fmt.Sprintf("L%d,P%d,%d", n, 1+n%5, n))
	}
	if instead != "" {
		one[len(one)-1] = instead
	}
	w.file("two.csv", two...)
	w.file("one.csv", one...)
}

// balance is the line of a table, and what is told of it.
func (v *verdicts) balance(table string) string {
	for _, b := range v.Balances {
		if b.Table == table || strings.HasSuffix(b.Table, "."+table) {
			return fmt.Sprintf("%d+%d of %d (%d rejected) = %d, is %d: %s; business %d %v, gone %d %v", b.Before, b.Made, b.Read, b.Rejected, b.Expected, b.Actual, b.State, b.Business, b.BusinessRows, b.Gone, b.GoneRecords)
		}
	}
	return "none"
}

// TestA14Balance is the table of A-14: what was there before a wave, what the
// wave read, rejected and made, and what is there after it.
func TestA14Balance(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			name     string
			business []string // what happens after the wave
			two, one string
			differs  bool
		}{
			{"as planned", nil, "5+2 of 2 (0 rejected) = 7, is 7: ok; business 0 [], gone 0 []", "40+9 of 10 (1 rejected) = 49, is 49: ok; business 0 [], gone 0 []", false},
			{
				"rows by business",
				[]string{"INSERT INTO t1 (two_id, amount) VALUES (1, 7), (1, 8)"},
				"5+2 of 2 (0 rejected) = 7, is 7: ok; business 0 [], gone 0 []", "40+9 of 10 (1 rejected) = 49, is 51: ok; business 2 [50 51], gone 0 []", false,
			},
			{
				"a row is missing",
				[]string{"DELETE FROM t1 WHERE id = 43"},
				"5+2 of 2 (0 rejected) = 7, is 7: ok; business 0 [], gone 0 []", "40+9 of 10 (1 rejected) = 49, is 48: failed; business 0 [], gone 1 [one:L43 (row 43)]", true,
			},
			{
				"both",
				[]string{"DELETE FROM t1 WHERE id = 43", "INSERT INTO t1 (two_id, amount) VALUES (1, 7)"},
				"5+2 of 2 (0 rejected) = 7, is 7: ok; business 0 [], gone 0 []", "40+9 of 10 (1 rejected) = 49, is 49: failed; business 1 [50], gone 1 [one:L43 (row 43)]", true,
			},
		} {
			w := beforeWave(t, w, "REFERENCES t2 (id)")
			out := w.run(run.Options{Mode: target.InsertOnly})
			same(t, c.name+": the wave", "one:L50 failed: missing-parent in two_id", out.ends[len(out.ends)-1])
			w.do(c.business...)
			v := w.reconcile(reconcile.Options{Live: true})
			same(t, c.name+": t2", c.two, v.balance("t2"))
			same(t, c.name+": t1", c.one, v.balance("t1"))
			same(t, c.name+": differs", c.differs, v.Differs())
			code, said, errs := w.cli("reconcile", "--live", "--fresh")
			if want := map[bool]int{false: 0, true: 6}[c.differs]; code != want {
				t.Errorf("%s: exit %d, wanted %d: %s%s", c.name, code, want, said, errs)
			}
			if c.name == "rows by business" && !strings.Contains(said, "t1: 2 by business: rows 50, 51\n") || c.differs && !strings.Contains(said, "t1: gone since the run made them: one:L43 (row 43)\n") {
				t.Errorf("%s is not told:\n%s", c.name, said)
			}
		}
	})
}

// TestA14WhatElseIsHeld: sums, fields, references, doubles and untouched rows are
// held after a wave, too, and each difference keeps it from being accepted.
func TestA14WhatElseIsHeld(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = beforeWave(t, w, "")
		wave := w.run(run.Options{Mode: target.InsertOnly}).Run
		for entity, f := range w.fingerprints(wave) {
			if !f.Held() {
				t.Errorf("rows of %s that the wave did not write are not as they were", entity)
			}
		}
		before, after := w.told(wave)
		same(t, "totals before the wave", []string{"sum(amount): 820"}, before)
		same(t, "totals after it", []string{"sum(amount): 1225"}, after)
		if v := w.reconcile(reconcile.Options{Live: true}); v.Differs() {
			t.Fatalf("a wave that nobody has touched differs: %v", v.Entities)
		}
		for _, c := range []struct {
			do    string
			wants verdict.Verdict
		}{
			{"UPDATE t1 SET amount = amount + 1 WHERE id = 44", verdict.ChangedByBusiness},
			{"UPDATE t1 SET two_id = 999 WHERE id = 46", verdict.Orphan},
			{"INSERT INTO t1 (two_id, amount) SELECT two_id, amount FROM t1 WHERE id = 45", verdict.Duplicate},
		} {
			w.do(c.do)
			v := w.reconcile(reconcile.Options{Live: true, Fresh: true})
			found := int64(0)
			for _, e := range v.Entities {
				found += e.Counts[string(c.wants)]
			}
			if !v.Differs() || found == 0 {
				t.Errorf("%s is not found: %v", c.do, v.Entities)
			}
		}
	})
}
