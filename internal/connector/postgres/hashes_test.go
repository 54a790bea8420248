package postgres_test

import (
	"testing"

	"landfall/internal/connector/table"
	"landfall/internal/record"
	"landfall/internal/servertest"
)

// TestFingerprintsAreTheSameInEverySession: a session's settings say how values
// print, and not what they are.
func TestFingerprintsAreTheSameInEverySession(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	exec(t, tx, `CREATE TABLE item (t integer PRIMARY KEY, line double precision, at timestamptz, day date, took interval, raw bytea, price money, "select" json, x xml)`)
	exec(t, tx, `INSERT INTO item VALUES (1, 0.1::double precision / 3, '2024-06-01 12:00+02', '2024-06-02', '1 day 02:03:04', '\x00ff', 12.5, '{"a": 1}', '<a/>'), (2, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL)`)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	about, err := db.Table(t.Context(), "item")
	if err != nil {
		t.Fatal(err)
	}
	lander := table.NewLander(db.Dialect(), about, about.Columns[:1])
	var first record.Fingerprint
	for i, setting := range []string{
		"SELECT 1", "SET TimeZone = 'Asia/Tokyo'", "SET DateStyle = 'German'", "SET IntervalStyle = 'iso_8601'", "SET bytea_output = 'escape'",
		"SET extra_float_digits = -3", "SET lc_monetary = 'C.UTF-8'",
	} {
		tx := begin(t, db)
		exec(t, tx, setting)
		all, err := lander.FingerprintAll(t.Context(), tx)
		if err != nil {
			t.Fatal(err)
		}
		part, err := lander.Fingerprint(t.Context(), tx, [][]record.Value{{record.Int(1)}, {record.Int(2)}})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = all
		}
		if all != first || part != first || all.Rows != 2 {
			t.Errorf("after %s: %v and %v instead of %v", setting, all, part, first)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
