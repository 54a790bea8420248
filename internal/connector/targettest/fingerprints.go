package targettest

import (
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// testFingerprint: parts add up to the whole, whatever their order, and any
// difference in any column of any row is one in the sum.
func testFingerprint(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE item (a integer NOT NULL, b varchar(10) NOT NULL, note text, other text, PRIMARY KEY (a, b))")
	lander, columns := g.lander("item", "a b", "a b note other")
	take := func(keys [][]record.Value, all bool) (f record.Fingerprint) {
		t.Helper()
		g.within(func(tx sqldb.Tx) {
			var err error
			if all {
				f, err = lander.FingerprintAll(t.Context(), tx)
			} else {
				f, err = lander.Fingerprint(t.Context(), tx, keys)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		return f
	}
	if f := take(nil, true); f != (record.Fingerprint{}) {
		t.Errorf("that of an empty table is %v", f)
	}
	rows := [][]record.Value{row(1, "x", "n", nil), row(1, "y", nil, "n"), row(2, "x", "", nil), row(2, "(1,", `"`, ","), row(3, "ü", "n", "n")}
	g.within(func(tx sqldb.Tx) {
		if landed, err := lander.Insert(t.Context(), tx, columns, rows, false); err != nil || len(landed.Refused) > 0 {
			t.Fatal(landed, err)
		}
	})
	key := func(places ...int) (keys [][]record.Value) {
		for _, at := range places {
			keys = append(keys, rows[at][:2])
		}
		return keys
	}
	all := take(nil, true)
	if all.Rows != 5 {
		t.Errorf("%d rows", all.Rows)
	}
	if parts := take(key(4, 0, 2), false).Plus(take(key(1, 3), false)); parts != all {
		t.Errorf("the parts are %v, all is %v", parts, all)
	}
	if twice := take(append(key(0, 1, 0), row(9, "gone")), false); twice != take(key(1, 0), false) {
		t.Errorf("keys that are listed twice or not there count: %v", twice)
	}
	if f := take(nil, false); f != (record.Fingerprint{}) {
		t.Errorf("that of no rows is %v", f)
	}
	seen := map[record.Fingerprint]string{all: "the rows"}
	for _, change := range []string{
		"UPDATE item SET note = '' WHERE b = 'y'",              // NULL becomes empty
		"UPDATE item SET note = other, other = note",           // values change places
		"UPDATE item SET other = 'N' WHERE a = 3",              // case
		"UPDATE item SET a = 4 - a WHERE b IN ('x', 'y')",      // keys change places
		"UPDATE item SET note = note || ' ' WHERE a = 3",       // a blank
		"DELETE FROM item WHERE a = 3",                         // a row goes
		"INSERT INTO item (a, b, note) VALUES (3, 'ü', 'n')",   // and comes again, not quite
		"UPDATE item SET note = '1,x', other = NULL WHERE a=2", // what might read like other columns
	} {
		g.do(change)
		f := take(nil, true)
		if before, again := seen[f]; again {
			t.Errorf("after %s the sum is that of %s", change, before)
		}
		seen[f] = change
	}
	g.do("UPDATE item SET note = note")
	if f := take(nil, true); seen[f] == "" {
		t.Error("the same rows have another sum")
	}
}
