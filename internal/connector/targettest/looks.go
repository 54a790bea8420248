package targettest

import (
	"fmt"
	"slices"
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// testReadBack: every value comes back as it was written, straight, carefully
// and by an update, or no second run would ever call a row unchanged.
func testReadBack(t *testing.T, h Harness) {
	for _, kind := range h.Kinds {
		t.Run(kind.Column, func(t *testing.T) { readBack(t, h, kind) })
	}
}

func readBack(t *testing.T, h Harness, kind Kind) {
	g := h.ground(t, "CREATE TABLE item (id bigint PRIMARY KEY, value "+kind.Column+")")
	lander, columns := g.lander("item", "id", "id value")
	values := []record.Value{record.Null()}
	for _, text := range kind.Texts {
		value, misfit := columns[1].Type.Fit(record.Text(text))
		if misfit != nil {
			t.Fatalf("%q: %v", text, misfit)
		}
		values = append(values, value)
	}
	width := len(values)
	var rows, keys [][]record.Value
	for i, value := range values {
		rows, keys = append(rows, row(i, value)), append(keys, row(i))
	}
	for i, value := range values {
		rows, keys = append(rows, row(width+i, value)), append(keys, row(width+i))
	}
	for i := range values {
		rows, keys = append(rows, row(2*width+i, nil)), append(keys, row(2*width+i))
	}
	g.within(func(tx sqldb.Tx) {
		for way, careful := range []bool{false, true, true} {
			if landed, err := lander.Insert(t.Context(), tx, columns, rows[way*width:(way+1)*width], careful); err != nil || len(landed.Refused) > 0 {
				t.Fatalf("careful %v: %v, %v", careful, landed.Refused, err)
			}
		}
	})
	for i, value := range values {
		if told := g.update(lander, columns[1:], change(keys[2*width+i], value)); len(told) > 0 {
			t.Fatal(told)
		}
	}
	g.within(func(tx sqldb.Tx) {
		found, err := lander.Fetch(t.Context(), tx, keys, columns[1:], true)
		if err != nil {
			t.Fatal(err)
		}
		for i := range keys {
			wrote := values[i%width]
			if len(found[i]) != 1 {
				t.Fatalf("row %d is not found", i)
			}
			if string(found[i][0].AppendBinary(nil)) != string(wrote.AppendBinary(nil)) {
				t.Errorf("way %d: wrote %s %q, read %s %q", i/width, wrote.Kind(), wrote, found[i][0].Kind(), found[i][0])
			}
		}
	})
}

func testFetch(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE item (a bigint, b varchar(20), note varchar(20), PRIMARY KEY (a, b))",
		`INSERT INTO item VALUES (1, 'x', 'one'), (1, 'y''"\{,}', 'two'), (2, '', NULL)`)
	lander, columns := g.lander("item", "a b", "note a")
	keys := [][]record.Value{row(2, ""), row(7, "x"), row(1, `y'"\{,}`), row(1, "x"), row(1, "x"), row(1, "X")}
	g.within(func(tx sqldb.Tx) {
		for _, lock := range []bool{false, true} {
			found, err := lander.Fetch(t.Context(), tx, keys, columns, lock)
			if err != nil {
				t.Fatal(err)
			}
			var told []string
			for _, values := range found {
				if values == nil {
					told = append(told, "none")
					continue
				}
				told = append(told, text(values))
			}
			g.same("found", []string{"NULL|2", "none", "two|1", "one|1", "one|1", "none"}, told)
		}
		present, err := lander.Fetch(t.Context(), tx, keys, nil, false)
		if err != nil || present[0] == nil || present[1] != nil {
			t.Errorf("presence alone: %v, %v", present, err)
		}
		if none, err := lander.Fetch(t.Context(), tx, nil, columns, false); err != nil || len(none) != 0 {
			t.Errorf("no keys: %v, %v", none, err)
		}
	})
}

// testFetchStretch: rows are found the same whether their keys are neighbours,
// which are read as one stretch, or far apart.
func testFetchStretch(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE item (id bigint PRIMARY KEY, note varchar(40))")
	far := []int{-9223372036854775808, -3, -2, 0, 1, 2, 4, 5, 9, 1000, 1001, 9223372036854775807}
	for _, id := range far {
		g.do(fmt.Sprintf("INSERT INTO item VALUES (%d, 'row %d')", id, id))
	}
	lander, columns := g.lander("item", "id", "note")
	for _, ids := range [][]int{
		{4, -3, 2, 3, 1, 2, -1, 0}, // twice the same, and two that are not there
		{2},
		{3},
		{6, 7, 8},
		{9223372036854775807, 9223372036854775806},
		{-9223372036854775808, -9223372036854775807},
		far,
	} {
		var keys [][]record.Value
		var want []string
		for _, id := range ids {
			keys = append(keys, row(id))
			if slices.Contains(far, id) {
				want = append(want, fmt.Sprintf("row %d", id))
			} else {
				want = append(want, "none")
			}
		}
		g.within(func(tx sqldb.Tx) {
			for _, lock := range []bool{false, true} {
				found, err := lander.Fetch(t.Context(), tx, keys, columns, lock)
				if err != nil {
					t.Fatal(err)
				}
				present, err := lander.Fetch(t.Context(), tx, keys, nil, lock)
				if err != nil {
					t.Fatal(err)
				}
				var told []string
				for i, values := range found {
					if (values == nil) != (present[i] == nil) {
						t.Errorf("row %d is there and is not", ids[i])
					}
					if values == nil {
						told = append(told, "none")
						continue
					}
					told = append(told, text(values))
				}
				g.same(fmt.Sprintf("found of %v", ids), want, told)
			}
		})
	}
}

func (g *ground) match(key, columns string, tuples ...[]record.Value) []string {
	g.t.Helper()
	lander, about := g.lander("item", key, columns)
	var told []string
	g.within(func(tx sqldb.Tx) {
		matched, err := lander.Match(g.t.Context(), tx, about, tuples)
		if err != nil {
			g.t.Fatal(err)
		}
		for _, m := range matched {
			line := fmt.Sprint(m.Count)
			if m.Count == 1 {
				line += " " + text(m.Key)
			}
			told = append(told, line)
		}
	})
	return told
}

func testMatch(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE item (id bigint, part varchar(5), email varchar(40), born date, PRIMARY KEY (id, part))",
		"INSERT INTO item VALUES (1, 'a', 'a@x', '2001-02-03'), (2, 'b', 'b@x', NULL), (10, 'b', 'b@x', '2001-02-03'), (4, 'c', NULL, NULL), (5, 'e', '', NULL)")
	g.same("by one column", []string{"0", "1 1|a", "2", "0", "1 1|a", "1 5|e"},
		g.match("id part", "email", row("nobody"), row("a@x"), row("b@x"), row(nil), row("a@x"), row("")))
	day := record.Date(2001, 2, 3)
	g.same("by two columns", []string{"1 1|a", "1 10|b", "0", "0", "0"},
		g.match("id part", "email born", row("a@x", day), row("b@x", day), row("b@x", nil), row(nil, day), row("A@X", day)))
	g.same("nothing", nil, g.match("id part", "email"))
}

func testMatchFolded(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE item (id bigint PRIMARY KEY, code "+h.FoldsCase+")", "CREATE UNIQUE INDEX item_code ON item (code)",
		"INSERT INTO item VALUES (1, 'Ab')")
	g.same("matched", []string{"1 1", "1 1", "0"}, g.match("id", "code", row("ab"), row("AB"), row("b")))
	about, err := g.db.Table(t.Context(), "item")
	if err != nil {
		t.Fatal(err)
	}
	if column, _ := about.Column("code"); !column.Type.FoldCase {
		t.Error("the catalogue does not say that the column folds case")
	}
	lander, columns := g.lander("item", "id", "id code")
	g.within(func(tx sqldb.Tx) {
		landed, err := lander.Insert(t.Context(), tx, columns, [][]record.Value{row(2, "AB"), row(3, "c"), row(4, "C")}, false)
		if err != nil {
			t.Fatal(err)
		}
		g.same("refused", []string{"0 unique in code", "2 unique in code"}, refusals(landed))
	})
}

// testNumbered: rows bring the keys that were reserved for them, and the
// database's own next number is past them.
func testNumbered(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE item ("+h.Numbered+", note varchar(20) UNIQUE)", "INSERT INTO item (note) VALUES ('first')")
	lander, columns := g.lander("item", "id", "id note")
	for i, careful := range []bool{false, true} {
		g.within(func(tx sqldb.Tx) {
			rows := [][]record.Value{row(1000*(i+1), fmt.Sprintf("a%d", i)), row(1000*(i+1)+1, fmt.Sprintf("b%d", i))}
			if landed, err := lander.Insert(t.Context(), tx, columns, rows, careful); err != nil || len(landed.Refused) > 0 {
				t.Fatalf("careful %v: %v, %v", careful, landed.Refused, err)
			}
			if err := lander.AdvanceSequences(t.Context(), tx); err != nil {
				t.Fatal(err)
			}
		})
		g.do(fmt.Sprintf("INSERT INTO item (note) VALUES ('own %d')", i))
	}
	ids := g.query("SELECT id FROM item ORDER BY id")
	if len(ids) != 7 || ids[3] != "1002" || ids[6] != "2002" {
		t.Errorf("ids: %v", ids)
	}
	// Advancing what is ahead already takes nothing back.
	g.do("DELETE FROM item WHERE id > 1000")
	g.within(func(tx sqldb.Tx) {
		if err := lander.AdvanceSequences(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
	})
}
