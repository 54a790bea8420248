package targettest

import (
	"slices"
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// testDelete: rows that refer to each other, and to themselves, go together.
func testDelete(t *testing.T, h Harness) {
	g := h.ground(t, staff, "INSERT INTO item VALUES (1, NULL, 'a')", "INSERT INTO item VALUES (2, 1, 'b'), (3, 3, 'c')",
		"INSERT INTO item VALUES (4, 2, 'd'), (5, 1, 'e')", "UPDATE item SET boss = 4 WHERE id = 2")
	lander, _ := g.lander("item", "id", "id")
	g.within(func(tx sqldb.Tx) {
		if err := lander.Delete(t.Context(), tx, [][]record.Value{row(2), row(3), row(4)}); err != nil {
			t.Fatal(err)
		}
		if err := lander.Delete(t.Context(), tx, nil); err != nil {
			t.Fatal(err)
		}
	})
	g.same("left", []string{"1", "5"}, g.query("SELECT id FROM item ORDER BY id"))
}

// testReferring lists rows by what one of their columns holds.
func testReferring(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE item (code varchar(10), part bigint, boss bigint, PRIMARY KEY (code, part))",
		"INSERT INTO item VALUES ('a|', 1, 7), ('a', 2, 8), ('b', 1, 7), ('c', 1, NULL), ('d', 1, 9)")
	lander, columns := g.lander("item", "code part", "boss")
	g.within(func(tx sqldb.Tx) {
		keys, err := lander.Referring(t.Context(), tx, columns[0], []record.Value{record.Int(7), record.Int(9), record.Int(99)})
		if err != nil {
			t.Fatal(err)
		}
		found := []string{}
		for _, key := range keys {
			found = append(found, text(key))
		}
		slices.Sort(found)
		g.same("referring", []string{"a||1", "b|1", "d|1"}, found)
		if keys, err := lander.Referring(t.Context(), tx, columns[0], nil); err != nil || len(keys) != 0 {
			t.Errorf("to nothing: %v, %v", keys, err)
		}
	})
}
