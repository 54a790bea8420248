package mapping_test

import (
	"os"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

func FuzzParse(f *testing.F) {
	acme, err := os.ReadFile("testdata/acme.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(acme)
	for _, name := range []string{"testdata/problems.txtar", "testdata/fields.txtar"} {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := mapping.ParseBytes("landfall.yaml", text)
		if err != nil {
			if file != nil || err.Error() == "" {
				t.Errorf("an error that says nothing: %v", err)
			}
			return
		}
		file.Order(nil)
		for _, e := range file.Entities {
			file.Reason(e)
			mapping.Compile(e, nil, nil)
			shapeAnything(t, e)
		}
		again, err := mapping.ParseBytes("landfall.yaml", text)
		if err != nil || again.Hash != file.Hash {
			t.Errorf("read twice, another hash: %v", err)
		}
	})
}

// shapeAnything compiles an entity against ends that have all columns it wants,
// of any types, and shapes a record.
func shapeAnything(t *testing.T, e *mapping.Entity) {
	var from, to []record.Field
	var values []record.Value
	seen := map[string]bool{}
	for i, field := range e.Fields {
		for _, name := range field.From {
			if !seen[name] {
				seen[name] = true
				from = append(from, record.Field{Name: name, Type: record.Type{Kind: record.KindText}, Nullable: true})
				values = append(values, record.Text([]string{"A", "", "2006-01-02", " 7 ", "é\x00"}[i%5]))
			}
		}
		to = append(to, record.Field{Name: field.Target, Type: targetColumns[i%len(targetColumns)].Type, Nullable: true})
	}
	program, problems := mapping.Compile(e, from, to)
	if (program == nil) != (problems != nil) {
		t.Fatalf("compiled to %v with %v", program, problems)
	}
	if program != nil {
		program.Shape(&record.Record{Ref: record.Ref{Entity: e.Name, Key: "1"}, Values: values}, make([]record.Value, len(program.Columns)))
	}
}

// FuzzShape: shaping never panics, gives only what fits, and tells the same
// when asked to explain.
func FuzzShape(f *testing.F) {
	for _, text := range []string{"", " ", "007", "31/02/2019", "2020-03-29 02:30", "A", "é\xff", "a|b\\", "99999999999999999999", "-1"} {
		f.Add(text, text, int64(7))
	}
	program, problems := compile(f, `text: {from: A, do: [squeeze, title, one_line, no_controls]}, must: {from: [A, B], join: "-", do: trim},
      number: C, day: {from: A, date: ["02/01/2006", "2006-01-02 15:04 -0700"]}, moment: {from: B, zone: Europe/Berlin},
      wall: {from: B, zone: America/New_York}, any: {from: A, values: {A: x, "": y}}, ref: {ref: two, from: [A, B]}`)
	if problems != nil {
		f.Fatal(problems)
	}
	f.Fuzz(func(t *testing.T, a, b string, c int64) {
		rec := &record.Record{Ref: record.Ref{Entity: "e", Key: "1"}, Values: []record.Value{record.Text(a), record.Text(b), record.Int(c), record.Null(), record.Null()}}
		traces := program.Explain(rec, nil)
		out := make([]record.Value, len(program.Columns))
		rejection := program.Shape(rec, out)
		for i, trace := range traces {
			if trace.Rejection != nil {
				if rejection == nil || rejection.Error() != trace.Rejection.Error() {
					t.Fatalf("shaped %v, explained %v", rejection, trace.Rejection)
				}
				return
			}
			if program.Columns[i] == "ref" {
				continue
			}
			again, misfit := program.Types[i].Fit(out[i])
			if rejection == nil && (misfit != nil || again != out[i]) {
				t.Errorf("%s: %q does not fit", program.Columns[i], out[i])
			}
		}
		if rejection != nil {
			t.Errorf("shaped %v, explained nothing", rejection)
		}
		if rejection == nil && !utf8.ValidString(out[0].String()) {
			t.Error("broken text got through")
		}
	})
}

// BenchmarkShape shapes rows of twelve columns as a customer table has them;
// a million rows are meant to take about a second.
func BenchmarkShape(b *testing.B) {
	file := parse(b, top+`
  e:
    from: {table: T, key: K}
    to: {table: t, key: {column: id, new: identity}}
    fields:
      parent: {ref: e, from: c0}
      email: {from: c1, do: [trim, lower]}
      status: {from: c2, values: {A: active, C: closed}}
      born_on: {from: c3, date: ["02/01/2006", "2006-01-02"]}
      street: {from: [c4, c5], join: ", "}
      origin: {const: acme}
      name: c6
      count: c7
      price: c8
      note: c9
      seen: c10
      code: c11
`)
	cells := []string{"1042", " Jane@Example.org", "A", "29/02/2000", "1 High Street", "Leeds", "Jane Miller", "17", "12.50", "a longer text about nothing much at all", "2020-01-02 03:04:05", "007"}
	rec := &record.Record{Ref: record.Ref{Entity: "e", Key: "1"}}
	var source []record.Field
	for i, cell := range cells {
		source = append(source, record.Field{Name: "c" + string("0123456789"[i%10])})
		if i > 9 {
			source[i].Name = "c1" + string("0123456789"[i%10])
		}
		rec.Values = append(rec.Values, record.Text(cell))
	}
	text := record.Type{Kind: record.KindText, Length: 100}
	target := []record.Field{
		{Name: "parent", Type: record.Type{Kind: record.KindInt, Bits: 64}},
		{Name: "email", Type: text},
		{Name: "status", Type: record.Type{Kind: record.KindText, Enum: []string{"active", "closed"}}},
		{Name: "born_on", Type: record.Type{Kind: record.KindDate}},
		{Name: "street", Type: text},
		{Name: "origin", Type: text},
		{Name: "name", Type: text},
		{Name: "count", Type: record.Type{Kind: record.KindInt, Bits: 32}},
		{Name: "price", Type: record.Type{Kind: record.KindDecimal, Precision: 10, Scale: 2}},
		{Name: "note", Type: text},
		{Name: "seen", Type: record.Type{Kind: record.KindTimestamp, Fraction: 6}},
		{Name: "code", Type: text},
	}
	program, problems := mapping.Compile(file.Entity("e"), source, target)
	if problems != nil {
		b.Fatal(problems)
	}
	out := make([]record.Value, len(program.Columns))
	b.ReportAllocs()
	for b.Loop() {
		if rejection := program.Shape(rec, out); rejection != nil {
			b.Fatal(rejection)
		}
	}
}
