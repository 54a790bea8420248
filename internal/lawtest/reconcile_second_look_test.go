package lawtest

import (
	"fmt"
	"testing"

	"landfall/internal/reconcile"
	"landfall/internal/run"
)

// TestSecondLook: somebody edits rows that records own, deletes some and moves
// the keys of others, and puts all of it right while the comparison goes on.
// Nothing is accused but what stays wrong.
func TestSecondLook(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		const records, batch, spoilt = 240, 24, 100
		w.do("CREATE TABLE persons (id NUMBER, no bigint, name varchar(20), balance numeric(12,2), known_at timestamp)")
		w.mapping(`  person:
    from: {file: persons.csv, key: No}
    to: {table: persons, key: {column: id, new: identity}}
    totals: ["sum(balance)", "max(known_at)"]
    fields: {no: No, name: Name, balance: Balance, known_at: Known}
`)
		lines := []string{"No,Name,Balance,Known"}
		for no := range records {
			lines = append(lines, fmt.Sprintf("%d,name %d,%d.25,2024-03-01 10:15:30", no, no, no))
		}
		w.file("persons.csv", lines...)
		w.run(run.Options{})
		other := open(t, w.url)
		doubted := 0
		v := w.reconcile(reconcile.Options{Records: batch, Lanes: 1, Points: func(p run.Point) {
			switch p {
			case reconcile.PointStarted:
				do(t, other, w.number, "UPDATE persons SET name = 'zzz', balance = NULL, known_at = '2024-03-01 11:15:30'",
					fmt.Sprintf("DELETE FROM persons WHERE no %% %d = 7", batch), fmt.Sprintf("UPDATE persons SET id = id + 1000 WHERE no %% %d = 8", batch))
			case run.PointDoubted: // this batch was seen as it must not be
				from, to := doubted*batch, (doubted+1)*batch
				doubted++
				do(t, other, w.number,
					fmt.Sprintf("UPDATE persons SET id = id - 1000 WHERE id > 1000 AND no >= %d AND no < %d", from, to),
					fmt.Sprintf("INSERT INTO persons (id, no, known_at) VALUES (%d, %d, NULL)", from+8, from+7),
					fmt.Sprintf("UPDATE persons SET name = 'name ' || no, balance = no + 0.25, known_at = '2024-03-01 10:15:30' WHERE no >= %d AND no < %d", from, to),
					fmt.Sprintf("UPDATE persons SET name = 'spoilt' WHERE no = %d AND no >= %d AND no < %d", spoilt, from, to))
			}
		}})
		if doubted != records/batch {
			t.Fatalf("%d batches were in doubt", doubted)
		}
		same(t, "differences", []string{
			"changed-by-business person:100 row 101 name: 'name 100' -> 'spoilt' [name: from Name]",
		}, v.reasons())
	})
}
