package targettest

import (
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

func change(key []record.Value, values ...any) target.Change {
	return target.Change{Key: key, Values: row(values...)}
}

func (g *ground) update(lander target.Table, columns []sqldb.Column, changes ...target.Change) []string {
	g.t.Helper()
	var told []string
	g.within(func(tx sqldb.Tx) {
		landed, err := lander.Update(g.t.Context(), tx, columns, changes)
		if err != nil {
			g.t.Fatal(err)
		}
		g.keepsSecrets(landed)
		told = refusals(landed)
	})
	return told
}

func testUpdate(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE item (id bigint PRIMARY KEY, a varchar(20), b bigint, kept varchar(20))",
		"INSERT INTO item VALUES (1, 'a', 1, 'k'), (2, 'b', 2, 'k'), (3, 'c', 3, 'k')")
	lander, columns := g.lander("item", "id", "b a")
	told := g.update(lander, columns, change(row(3), 30, nil), change(row(99), 1, "x"), change(row(1), 10, "new"))
	g.same("refused", []string{"1 missing"}, told)
	g.same("rows", []string{"1|new|10|k", "2|b|2|k", "3|NULL|30|k"}, g.query("SELECT id, a, b, kept FROM item ORDER BY id"))
	g.same("nothing", []string{}, g.update(lander, columns, change(row(2), 2, "b")))
}

func testUpdateOfKeys(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE item (code varchar(10), part bigint, note varchar(20), PRIMARY KEY (code, part))",
		"INSERT INTO item VALUES ('a', 1, 'x'), ('b', 1, 'y'), ('c', 1, 'z')")
	lander, columns := g.lander("item", "code part", "code part note")
	g.same("refused", []string{"1 unique in code part"}, g.update(lander, columns,
		change(row("a", 1), "a", 2, "x2"), change(row("b", 1), "c", 1, "hush"), change(row("c", 1), "c", 1, "z2")))
	g.same("rows", []string{"a|2|x2", "b|1|y", "c|1|z2"}, g.query("SELECT code, part, note FROM item ORDER BY code"))
	// A key that another change of the batch sets free may be taken.
	g.same("refused", []string{}, g.update(lander, columns, change(row("b", 1), "c", 1, "y"), change(row("c", 1), "d", 1, "z")))
	g.same("rows", []string{"a|2|x2", "c|1|y", "d|1|z"}, g.query("SELECT code, part, note FROM item ORDER BY code"))
}

func testUpdateRefused(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE parent (id bigint PRIMARY KEY)", "INSERT INTO parent VALUES (1), (2)",
		"CREATE TABLE item (id bigint PRIMARY KEY, parent_id bigint REFERENCES parent (id), code varchar(20) UNIQUE, note varchar(20) NOT NULL)",
		"INSERT INTO item VALUES (1, 1, 'a', 'n'), (2, 1, 'b', 'n'), (3, 1, 'hush', 'n'), (4, 1, 'd', 'n'), (5, 1, 'e', 'n')")
	lander, columns := g.lander("item", "id", "parent_id code note")
	g.same("refused", []string{"0 unique in code", "1 not-null in note", "3 foreign-key in parent_id"}, g.update(lander, columns,
		change(row(1), 1, "hush", "m"), change(row(2), 1, "b", nil), change(row(3), 2, "hush", "m"), change(row(4), 99, "d", "m"), change(row(5), 1, "f", "m")))
	g.same("rows", []string{"1|1|a|n", "2|1|b|n", "3|2|hush|m", "4|1|d|n", "5|1|f|m"},
		g.query("SELECT id, parent_id, code, note FROM item ORDER BY id"))
}

// testUpdateDeferred: what would be refused at the commit is refused before.
func testUpdateDeferred(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE parent (id bigint PRIMARY KEY)", "INSERT INTO parent VALUES (1), (2)",
		"CREATE TABLE item (id bigint PRIMARY KEY, parent_id bigint REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
		"INSERT INTO item VALUES (1, 1), (2, 1), (3, 1)")
	lander, columns := g.lander("item", "id", "parent_id")
	g.same("refused", []string{"1 foreign-key in parent_id"}, g.update(lander, columns, change(row(1), 2), change(row(2), 99), change(row(3), nil)))
	g.same("rows", []string{"1|2", "2|1", "3|NULL"}, g.query("SELECT id, parent_id FROM item ORDER BY id"))
}
