package sourcetest

import (
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/source"
)

// pairs has a key of two columns, with every strange text in it.
func pairs() Table {
	table := Table{
		Name:    "pairs",
		Columns: []Column{{"word", record.KindText}, {"nr", record.KindInt}, {"note", record.KindText}},
		Key:     []string{"word", "nr"},
		Unique:  true,
	}
	for _, text := range strangeTexts {
		if strings.TrimSpace(text) == "" {
			continue // in files it stands for NULL
		}
		for nr := range int64(2) {
			table.Rows = append(table.Rows, []record.Value{record.Text(text), record.Int(nr), record.Text("note")})
		}
	}
	return table
}

// messy has no unique key: keys are missing and come several times.
func messy(h Harness) Table {
	table := people(3, 1, 1, 2)
	table.Unique = false
	table.Rows[1][1] = record.Text("b")
	table.Rows[2][1] = record.Text("a")
	table.Rows = append(table.Rows,
		[]record.Value{record.Null(), record.Text("x")},
		[]record.Value{record.Int(1), record.Text("a")},
		[]record.Value{record.Null(), record.Text("y")},
		[]record.Value{record.Int(1), record.Text("")},
	)
	if h.Nulls {
		table.Rows = append(table.Rows, []record.Value{record.Int(1), record.Null()})
	}
	return table
}

func testMissingKeys(t *testing.T, h Harness) {
	table := messy(h)
	origin := h.open(t, table)
	got := readAll(t, origin, source.Position{})
	if len(got) != len(table.Rows) {
		t.Fatalf("%d records of %d rows: none may be skipped", len(got), len(table.Rows))
	}
	missing := 0
	for _, r := range got {
		if r.rec.Ref.Key != "" {
			if r.rejection != nil {
				t.Errorf("%s is rejected: %v", r.rec.Ref, r.rejection)
			}
			continue
		}
		missing++
		if r.rejection == nil || r.rejection.Code != record.CodeMissingKey || r.rejection.Step != record.StepRead {
			t.Errorf("a record without a key is rejected with %v", r.rejection)
		}
	}
	if missing != 2 {
		t.Errorf("%d records without a key instead of 2", missing)
	}
}

func testDuplicateKeys(t *testing.T, h Harness) {
	origin := h.open(t, messy(h))
	first := readAll(t, origin, source.Position{})
	for range 3 {
		same(t, "reading again", readAll(t, origin, source.Position{}), first)
	}
}

func testCompositeKeys(t *testing.T, h Harness) {
	table := pairs()
	got := readAll(t, h.open(t, table), source.Position{})
	if len(got) != len(table.Rows) {
		t.Fatalf("%d records of %d rows", len(got), len(table.Rows))
	}
	want := map[string]bool{}
	for _, row := range table.Rows {
		want[record.JoinKey(row[0].String(), row[1].String())] = true
	}
	for _, r := range got {
		if !want[r.rec.Ref.Key] {
			t.Errorf("key %q is of no row, or comes twice", r.rec.Ref.Key)
		}
		delete(want, r.rec.Ref.Key)
	}
}

func testKeyProven(t *testing.T, h Harness) {
	table := people(1, 2)
	if proven := h.open(t, table).KeyProven(); proven != h.Proves {
		t.Errorf("KeyProven is %v for a unique key", proven)
	}
	table.Unique = false
	if h.open(t, table).KeyProven() {
		t.Error("KeyProven is true although nothing keeps the key unique")
	}
	// Another column than the unique one.
	driver, from := h.Load(t, people(1, 2))
	from.Key = []string{"name"}
	if open(t, driver, from).KeyProven() {
		t.Error("KeyProven is true for a column that is not the unique one")
	}
}
