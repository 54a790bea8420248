package sourcetest

import (
	"testing"

	"landfall/internal/record"
	"landfall/internal/source"
)

func testEmpty(t *testing.T, h Harness) {
	origin := h.open(t, people())
	if count := onlySlice(t, origin).Count; count > 0 {
		t.Errorf("an empty source counts %d records", count)
	}
	if got := readAll(t, origin, source.Position{}); len(got) != 0 {
		t.Errorf("an empty source yields %v", got)
	}
	if columns := origin.Columns(); len(columns) != 2 || columns[0].Name != "id" || columns[1].Name != "name" {
		t.Errorf("columns are %v", columns)
	}
	if _, err := origin.Fingerprint(t.Context()); err != nil {
		t.Errorf("Fingerprint: %v", err)
	}
}

func testValues(t *testing.T, h Harness) {
	table := people()
	for i, text := range strangeTexts {
		table.Rows = append(table.Rows, []record.Value{record.Int(int64(i + 1)), record.Text(text)})
	}
	got := readAll(t, h.open(t, table), source.Position{})
	if len(got) != len(strangeTexts) {
		t.Fatalf("%d records instead of %d", len(got), len(strangeTexts))
	}
	for i, text := range strangeTexts {
		if value := got[i].rec.Values[1]; value.String() != text {
			t.Errorf("%q is read as %q", text, value)
		}
	}
	if !h.Nulls {
		return
	}
	table = people()
	table.Rows = [][]record.Value{{record.Int(1), record.Null()}, {record.Int(2), record.Text("")}}
	got = readAll(t, h.open(t, table), source.Position{})
	if !got[0].rec.Values[1].IsNull() || got[1].rec.Values[1].IsNull() {
		t.Error("NULL and empty text are not told apart")
	}
}

func testOrder(t *testing.T, h Harness) {
	for _, unique := range []bool{true, false} {
		table := people(10, 9, 100, 2, 1, -5)
		table.Unique = unique
		origin := h.open(t, table)
		if count := onlySlice(t, origin).Count; count != -1 && count != 6 {
			t.Errorf("the slice counts %d records", count)
		}
		got := readAll(t, origin, source.Position{})
		want := "-5 1 2 9 10 100"
		if h.InputOrder {
			want = "10 9 100 2 1 -5"
		}
		if keys(got) != want {
			t.Errorf("keys come as %s instead of %s", keys(got), want)
		}
		for i, r := range got {
			if r.rec.Number != int64(i+1) || r.behind.Number != int64(i+1) {
				t.Errorf("record %d has number %d, and the place behind it %d", i+1, r.rec.Number, r.behind.Number)
			}
			if r.rec.Ref.Entity != "person" {
				t.Errorf("the record belongs to entity %q", r.rec.Ref.Entity)
			}
		}
		same(t, "a second reading", readAll(t, origin, source.Position{}), got)
	}
}

func testReaders(t *testing.T, h Harness) {
	origin := h.open(t, people(1, 2, 3, 4, 5))
	slice := onlySlice(t, origin)
	first, err := origin.Read(t.Context(), slice, source.Position{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := first.Read(); err != nil {
		t.Fatal(err)
	}
	// A second reader neither waits for the first nor disturbs it.
	all := readAll(t, origin, source.Position{})
	rest := drain(t, first)
	same(t, "the first reader", rest, all[1:])
}

func testFilter(t *testing.T, h Harness) {
	if h.Below == nil {
		return
	}
	driver, from := h.Load(t, people(1, 2, 3, 4, 5, 6))
	origin := open(t, driver, h.Below(from, "id", 4))
	if count := onlySlice(t, origin).Count; count != 3 {
		t.Errorf("the slice counts %d records", count)
	}
	got := readAll(t, origin, source.Position{})
	if keys(got) != "1 2 3" {
		t.Errorf("keys are %s", keys(got))
	}
	same(t, "the rest", readAll(t, origin, got[1].behind), got[2:])
	picked := pick(t, origin, "2", "5")
	if keys(picked) != "2" {
		t.Errorf("picked %s, although the filter keeps 5 out", keys(picked))
	}
}

func testQuery(t *testing.T, h Harness) {
	if h.Query == nil {
		return
	}
	driver, from := h.Load(t, people(3, 1, 2))
	origin := open(t, driver, h.Query(from))
	if origin.KeyProven() {
		t.Error("nothing proves the key of a query")
	}
	if columns := origin.Columns(); len(columns) != 2 || columns[0].Name != "id" || columns[1].Name != "name" {
		t.Errorf("columns are %v", columns)
	}
	got := readAll(t, origin, source.Position{})
	if keys(got) != "1 2 3" {
		t.Errorf("keys are %s", keys(got))
	}
	same(t, "the rest", readAll(t, origin, got[0].behind), got[1:])
	if picked := pick(t, origin, "3"); keys(picked) != "3" {
		t.Errorf("picked %s", keys(picked))
	}
}
