package targettest

import (
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

const staff = "CREATE TABLE item (id bigint PRIMARY KEY, boss bigint REFERENCES item (id), note varchar(20) UNIQUE)"

// testSelfReferences: rows may point at rows of the same batch, before or
// behind them, as long as those land.
func testSelfReferences(t *testing.T, h Harness) {
	landing{
		schema:  []string{staff},
		columns: "id boss note",
		rows: [][]record.Value{
			row(1, nil, "a"), row(2, 1, "b"), row(3, 4, "c"), row(4, nil, "d"), row(5, 99, "e"), row(6, 5, "f"), row(7, 7, "g"),
			row(8, 6, "h"), row(9, 10, "i"), row(10, 9, "j"),
		},
		refused: []string{"4 foreign-key in boss", "5 foreign-key in boss", "7 foreign-key in boss"},
		kept:    []string{"1", "2", "3", "4", "7", "9", "10"},
	}.run(t, h)
}

// testReferencesAndRefusals: a row that only the database itself can refuse
// makes the batch be taken apart; pointers across the parts still hold.
func testReferencesAndRefusals(t *testing.T, h Harness) {
	g := h.ground(t, append([]string{
		"CREATE TABLE item (id bigint PRIMARY KEY, note varchar(20), boss bigint REFERENCES item (id))", "CREATE TABLE audit (id bigint)",
	}, h.Triggers...)...)
	lander, columns := g.lander("item", "id", "id note boss")
	g.within(func(tx sqldb.Tx) {
		landed, err := lander.Insert(t.Context(), tx, columns, [][]record.Value{
			row(1, "a", 6), row(2, "refuse", 1), row(3, "b", 2), row(4, "c", 5), row(5, "d", 4), row(6, "e", 1), row(7, "f", nil), row(8, "g", 7),
		}, false)
		if err != nil {
			t.Fatal(err)
		}
		told := refusals(landed)
		if len(told) != 2 || told[0] != "1 refused" || landed.Refused[1].Row != 2 || landed.Refused[1].Code != record.CodeForeignKey {
			t.Errorf("refused: %v", told)
		}
	})
	g.same("kept", []string{"1", "4", "5", "6", "7", "8"}, g.query("SELECT id FROM item ORDER BY id"))
}

// testScattered refuses a few of many rows for different reasons.
func testScattered(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE parent (id bigint PRIMARY KEY)", "INSERT INTO parent VALUES (1)",
		"CREATE TABLE item (id bigint PRIMARY KEY, parent_id bigint REFERENCES parent (id), note varchar(20) NOT NULL)")
	var rows [][]record.Value
	want := []string{}
	for i := range 3000 {
		cells := row(i, 1, "n")
		switch {
		case i%500 == 123:
			cells[1], want = record.Int(2), append(want, place(i)+" foreign-key in parent_id")
		case i%700 == 55:
			cells[2], want = record.Null(), append(want, place(i)+" not-null in note")
		}
		rows = append(rows, cells)
	}
	lander, columns := g.lander("item", "id", "id parent_id note")
	g.within(func(tx sqldb.Tx) {
		landed, err := lander.Insert(t.Context(), tx, columns, rows, false)
		if err != nil {
			t.Fatal(err)
		}
		g.same("refused", want, refusals(landed))
	})
	g.same("kept", []string{place(3000 - len(want))}, g.query("SELECT count(*) FROM item"))
}

func place(i int) string { return record.Int(int64(i)).String() }
