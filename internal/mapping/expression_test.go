package mapping_test

import (
	"strings"
	"testing"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

var exprColumns = []record.Field{{Name: "First"}, {Name: "Last Name"}, {Name: "Qty"}, {Name: "Price"}, {Name: "len"}, {Name: "row"}, {Name: "On"}}

func exprProgram(t testing.TB, field string) (*mapping.Program, mapping.Problems) {
	t.Helper()
	file := parse(t, top+`
  e:
    from: {table: T, key: K}
    to: {table: t, key: {column: id, new: identity}}
    fields:
      `+field+"\n")
	return mapping.Compile(file.Entity("e"), exprColumns, targetColumns)
}

func TestExpression(t *testing.T) {
	values := []record.Value{
		record.Text(" Ann "), record.Null(), record.Int(7), record.Decimal("12.50"), record.Text("abc"), record.Text("whole"), record.Date(2020, 2, 29),
	}
	tests := []struct {
		field string
		want  record.Value
		wrong string
	}{
		{field: `text: {expr: 'trim(First)'}`, want: record.Text("Ann")},
		{field: `text: {expr: 'trim(First) + "!" + (row["Last Name"] ?? "?")'}`, want: record.Text("Ann!?")},
		{field: `text: {expr: 'upper(row["Last Name"])'}`, want: record.Null()},
		{field: `text: {expr: 'First | trim() | lower()'}`, want: record.Text("ann")},
		{field: `text: {expr: 'row["Last Name"] == nil ? "none" : "some"'}`, want: record.Text("none")},
		{field: `text: {expr: 'let n = trim(First); n + n'}`, want: record.Text("AnnAnn")},
		{field: `text: {expr: 'len + row["row"]'}`, want: record.Text("abcwhole")},
		{field: `text: {expr: 'len(First)'}`, want: record.Text("5")},
		{field: `text: {expr: 'Price'}`, want: record.Text("12.50")},
		{field: `text: {expr: 'On'}`, want: record.Text("2020-02-29")},
		{field: `number: {expr: 'Qty * 2 + 1'}`, want: record.Int(15)},
		{field: `number: {expr: 'round(float(Price) * 2)'}`, want: record.Int(25)},
		{field: `number: {expr: '3'}`, want: record.Int(3)},
		{field: `text: {expr: '""'}`, want: record.Null()},
		{field: `text: {expr: '""', empty: keep}`, want: record.Text("")},
		{field: `day: {expr: 'On', date: ["2006-01-02"]}`, want: record.Date(2020, 2, 29)},
		{field: `text: {expr: 'Qty > 5 ? "m" : "f"', values: {m: many, f: few}}`, want: record.Text("many")},
		{field: `text: {expr: 'join(map(split("a b", " "), upper(#)), "-")'}`, want: record.Text("A-B")},
		{
			field: `text: {expr: 'trim(First) + row["Last Name"]'}`,
			wrong: `bad-expression in text: expected values that the expression can be computed with; it fails at character 13 (+); NULL here: Last Name, which ` + "`??`" + ` gives another value`,
		},
		{field: `number: {expr: 'int(len)'}`, wrong: "it fails at character 1 (int)"},
		{field: `number: {expr: 'Qty / 0'}`, wrong: "bad-expression in number"},
		{field: `number: {expr: 'Qty * 10000'}`, wrong: "out-of-range in number"},
		{field: `number: {expr: 'len'}`, wrong: "wrong-type in number"},
		{field: `text: {expr: 'split(First, " ")[First == "" ? 0 : 7]'}`, wrong: "bad-expression in text"},
		{field: `text: {expr: 'true ? fromJSON("[1]") : 1'}`, wrong: "it gives something else"},
		{field: `number: {expr: 'count(1..1000000, # > 1)'}`, wrong: "bad-expression"},
		{field: `text: {expr: 'trim(Qty)'}`, wrong: "it fails at character 1 (trim)"},
		{field: `must: {expr: 'row["Last Name"]'}`, wrong: "not-null in must"},
	}
	for _, test := range tests {
		program, problems := exprProgram(t, test.field)
		if problems != nil {
			t.Errorf("%s: %v", test.field, problems)
			continue
		}
		rec := &record.Record{Ref: record.Ref{Entity: "e", Key: "1"}, Values: values}
		out := make([]record.Value, 1)
		for range 2 { // the second time on a machine that was used before
			rejection := program.Shape(rec, out)
			switch {
			case test.wrong != "":
				if rejection == nil || !strings.Contains(rejection.Error(), test.wrong) {
					t.Errorf("%s: %v, want %s", test.field, rejection, test.wrong)
				} else if strings.Contains(rejection.Error(), "abc") || strings.Contains(rejection.Error(), "Ann") {
					t.Errorf("%s shows a value: %v", test.field, rejection)
				}
			case rejection != nil:
				t.Errorf("%s: %v", test.field, rejection)
			case out[0] != test.want:
				t.Errorf("%s: %s %q, want %s %q", test.field, out[0].Kind(), out[0], test.want.Kind(), test.want)
			}
		}
	}
}

func TestExpressionColumns(t *testing.T) {
	file := parse(t, top+`
  e:
    from: {table: T, key: K}
    to: {table: t, key: {column: id, new: identity}}
    fields:
      text: {expr: 'let b = len(B); trim(A) + row["C c"] + string(b) + A'}
`)
	e := file.Entity("e")
	if got := strings.Join(e.Fields[0].From, ", "); got != "B, A, C c" {
		t.Errorf("read: %s", got)
	}
	if unused := e.Coverage([]record.Field{{Name: "K"}, {Name: "A"}, {Name: "B"}, {Name: "C c"}, {Name: "D"}}); len(unused) != 1 || unused[0] != "D" {
		t.Errorf("unused: %v", unused)
	}
	_, problems := mapping.Compile(e, []record.Field{{Name: "Aa"}, {Name: "B"}, {Name: "C C"}}, targetColumns)
	for i, want := range []string{
		`landfall.yaml:12:42: e.text: the source has no column "A"; it has Aa, B, C C`,
		`landfall.yaml:12:51: e.text: the source has no column "C c", did you mean "C C"?`,
	} {
		if len(problems) != 2 || !strings.HasPrefix(problems[i].Error(), want) {
			t.Fatalf("%v\nwant %s", problems, want)
		}
	}
}

func BenchmarkExpression(b *testing.B) {
	program, problems := exprProgram(b, `text: {expr: 'trim(First) + " " + trim(row["Last Name"])'}`)
	if problems != nil {
		b.Fatal(problems)
	}
	rec := &record.Record{Values: []record.Value{record.Text("Ann "), record.Text("Lee"), record.Null(), record.Null(), record.Null(), record.Null(), record.Null()}}
	out := make([]record.Value, 1)
	for b.Loop() {
		program.Shape(rec, out)
	}
}
