package mapping_test

import (
	"strings"
	"testing"
	"time"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

var sourceColumns = []record.Field{{Name: "A"}, {Name: "B"}, {Name: "C"}, {Name: "Twice"}, {Name: "Twice"}}

var targetColumns = []record.Field{
	{Name: "text", Type: record.Type{Kind: record.KindText, Length: 10}, Nullable: true},
	{Name: "must", Type: record.Type{Kind: record.KindText}, HasDefault: true},
	{Name: "number", Type: record.Type{Kind: record.KindInt, Bits: 16}, Nullable: true},
	{Name: "day", Type: record.Type{Kind: record.KindDate}, Nullable: true},
	{Name: "wall", Type: record.Type{Kind: record.KindTimestamp, Fraction: 6}, Nullable: true},
	{Name: "moment", Type: record.Type{Kind: record.KindTimestampTZ, Fraction: 6}, Nullable: true},
	{Name: "any", Nullable: true},
	{Name: "ref", Type: record.Type{Kind: record.KindInt, Bits: 64}, Nullable: true},
	{Name: "must_ref", Type: record.Type{Kind: record.KindInt, Bits: 64}},
	{Name: "computed", Type: record.Type{Kind: record.KindText}, Generated: true},
}

func compile(t testing.TB, fields string) (*mapping.Program, mapping.Problems) {
	t.Helper()
	file := parse(t, top+`
  two:
    from: {table: Two, key: [X, Y]}
    to: {table: two, key: {column: id, new: identity}}
    fields: {text: A}
  e:
    from: {table: T, key: K}
    to: {table: t, key: {column: id, new: identity}}
    fields: {`+fields+`}
`)
	return mapping.Compile(file.Entity("e"), sourceColumns, targetColumns)
}

func TestShape(t *testing.T) {
	null, text := record.Null(), record.Text
	at := func(s string) record.Value {
		moment, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return record.TimestampTZ(moment)
	}
	wall := record.Timestamp(time.Date(2020, 7, 1, 12, 30, 0, 0, time.UTC))
	tests := []struct {
		field string
		a, b  record.Value
		want  record.Value
		wrong string
	}{
		{field: `text: A`, a: text("x"), want: text("x")},
		{field: `text: A`, a: null, want: null},
		{field: `text: A`, a: text(""), want: null},
		{field: `text: {from: A, empty: keep}`, a: text(""), want: text("")},
		{field: `text: A`, a: record.Int(7), want: text("7")},
		{field: `any: A`, a: record.Int(7), want: record.Int(7)},
		{field: `any: {from: A, do: trim}`, a: record.Int(7), want: text("7")},
		{field: `text: A`, a: text("12345678901"), wrong: "e:1: too-long in text: expected at most 10 characters"},
		{field: `must: A`, a: null, wrong: "e:1: not-null in must: expected a value"},
		{field: `must: A`, a: text(""), wrong: "not-null in must"},
		{field: `must: {from: A, do: trim}`, a: text("  "), wrong: "not-null in must"},
		{field: `number: A`, a: text("70000"), wrong: "out-of-range in number"},
		{field: `number: A`, a: text("x"), wrong: "wrong-type in number"},

		{field: `text: {from: A, do: [trim, lower]}`, a: text(" Jane\u00a0"), want: text("jane")},
		{field: `text: {from: A, do: squeeze}`, a: text("a \t b"), want: text("a b")},
		{field: `text: {from: A, do: squeeze}`, a: text("a b"), want: text("a b")},
		{field: `text: {from: A, do: digits}`, a: text("(07) 1-2"), want: text("0712")},
		{field: `text: {from: A, do: digits}`, a: text("none"), want: null},
		{field: `text: {from: A, do: title}`, a: text("ann-MARY o"), want: text("Ann-Mary O")},
		{field: `text: {from: A, do: upper}`, a: text("é"), want: text("É")},
		{field: `text: {from: A, do: null_if_blank}`, a: text(" \t"), want: null},
		{field: `text: {from: A, do: null_if_blank}`, a: text(" x"), want: text(" x")},
		{field: `text: {from: A, do: no_controls}`, a: text("a\tb\nc"), want: text("a b c")},
		{field: `text: {from: A, do: one_line}`, a: text(" a\r\n b "), want: text("a b")},
		{field: `text: {from: A, do: trim}`, a: text("\xff"), wrong: "bad-encoding in text"},

		{field: `text: {from: [A, B], join: ", "}`, a: text("x"), b: text("y"), want: text("x, y")},
		{field: `text: {from: [A, B], join: ", "}`, a: text(" "), b: text("y"), want: text("y")},
		{field: `text: {from: [A, B], join: ", "}`, a: text(" "), b: null, want: null},
		{field: `text: {from: [A, B], join: ", ", empty: keep}`, a: text(" "), b: null, want: text("")},
		{field: `text: {from: [A, B], join: ", ", empty: keep}`, a: null, b: null, want: null},
		{field: `text: {from: [A, B], join: "-", do: trim}`, a: text(" 1 "), b: record.Int(2), want: text("1-2")},

		{field: `text: {from: A, values: {A: active, 01: "007"}}`, a: text("01"), want: text("007")},
		{field: `number: {from: A, values: {1: 10}}`, a: record.Int(1), want: record.Int(10)},
		{field: `text: {from: A, do: upper, values: {A: active}}`, a: text("a"), want: text("active")},
		{field: `text: {from: A, values: {A: active, U: null}}`, a: text("U"), want: null},
		{field: `text: {from: A, values: {A: active}}`, a: null, want: null},
		{field: `text: {from: A, values: {A: active}}`, a: text(""), want: null},
		{field: `text: {from: A, values: {A: active, "": unknown}}`, a: text(""), want: text("unknown")},
		{field: `must: {from: A, values: {A: active}}`, a: null, wrong: "not-null in must"},
		{field: `text: {from: A, values: {C: c, A: a}}`, a: text("x"), wrong: "unknown-code in text: expected a code that `values` lists (A, C)"},

		{field: `day: {from: A, date: ["02/01/2006", "2006-01-02"]}`, a: text("29/02/2000"), want: record.Date(2000, 2, 29)},
		{field: `day: {from: A, date: ["02/01/2006", "2006-01-02"]}`, a: text("2000-02-29"), want: record.Date(2000, 2, 29)},
		{field: `day: {from: A, date: ["02/01/2006", "2006-01-02"]}`, a: text("31/02/2019"), wrong: "bad-date in day: expected a date written dd/mm/yyyy or yyyy-mm-dd"},
		{field: `day: {from: A, date: "02/01/2006"}`, a: text("1/2/2000"), wrong: "bad-date in day"},
		{field: `day: {from: A, date: "20060102"}`, a: record.Int(20000229), want: record.Date(2000, 2, 29)},
		{field: `day: {from: A, date: "02/01/2006"}`, a: record.Date(2000, 1, 2), want: record.Date(2000, 1, 2)},
		{field: `day: {from: A, date: "02/01/2006"}`, a: null, want: null},
		{field: `day: A`, a: text("31/02/2019"), wrong: "bad-date in day"},
		{field: `any: {from: A, date: "02/01/2006"}`, a: text("01/07/2020"), want: record.Date(2020, 7, 1)},
		{field: `any: {from: A, date: "02/01/2006 15:04"}`, a: text("01/07/2020 12:30"), want: wall},
		{field: `any: {from: A, date: "02/01/2006 15:04 -0700"}`, a: text("01/07/2020 12:30 +0200"), want: at("2020-07-01T10:30:00Z")},
		{field: `any: {from: A, date: "02/01/2006 15:04", zone: Europe/Berlin}`, a: text("01/07/2020 12:30"), want: at("2020-07-01T10:30:00Z")},
		{field: `moment: {from: A, zone: Europe/Berlin}`, a: text("2020-07-01 12:30:00"), want: at("2020-07-01T10:30:00Z")},
		{field: `moment: {from: A, zone: Europe/Berlin}`, a: text("2020-07-01 12:30:00Z"), want: at("2020-07-01T12:30:00Z")},
		{field: `moment: {from: A, zone: Europe/Berlin}`, a: wall, want: at("2020-07-01T10:30:00Z")},
		{field: `moment: {from: A, zone: Europe/Berlin}`, a: record.Date(2020, 7, 1), want: at("2020-06-30T22:00:00Z")},
		{field: `moment: {from: A, zone: Europe/Berlin}`, a: text("soon"), wrong: "bad-date in moment"},
		{field: `moment: {from: A, zone: Europe/Berlin}`, a: text("2020-03-29 02:30"), wrong: "bad-date in moment: expected a time that exists in Europe/Berlin"},
		{field: `moment: {from: A, zone: Europe/Berlin}`, a: text("2020-10-25 02:30"), want: at("2020-10-25T00:30:00Z")},
		{field: `moment: {from: A, zone: America/New_York}`, a: text("2020-11-01 01:30"), want: at("2020-11-01T05:30:00Z")},
		{field: `moment: A`, a: text("2020-07-01 12:30:00"), wrong: "wrong-type in moment"},
		{field: `wall: {from: A, zone: Europe/Berlin}`, a: at("2020-07-01T10:30:00Z"), want: wall},
		{field: `wall: {from: A, zone: Europe/Berlin}`, a: text("2020-07-01 10:30:00Z"), want: wall},
		{field: `wall: {from: A, zone: Europe/Berlin}`, a: wall, want: wall},

		{field: `text: {const: 1.50}`, want: text("1.50")},
		{field: `text: {const: 007}`, want: text("007")},
		{field: `text: {const: true}`, want: text("true")},
		{field: `text: {const: ""}`, want: text("")},
		{field: `text: {const: null}`, want: null},
		{field: `number: {const: 007}`, want: record.Int(7)},

		{field: `ref: {ref: e, from: A}`, a: text("007"), want: text("007")},
		{field: `ref: {ref: e, from: A}`, a: record.Int(7), want: text("7")},
		{field: `ref: {ref: e, from: A}`, a: text("a|b"), want: text(`a\|b`)},
		{field: `ref: {ref: e, from: A}`, a: text("  "), want: null},
		{field: `ref: {ref: e, from: A}`, a: null, want: null},
		{field: `ref: {ref: e, from: A, do: [trim, upper]}`, a: text(" x "), want: text("X")},
		{field: `must_ref: {ref: e, from: A}`, a: null, wrong: "not-null in must_ref"},
		{field: `ref: {ref: two, from: [A, B]}`, a: text("1"), b: text("2"), want: text("1|2")},
		{field: `ref: {ref: two, from: [A, B]}`, a: null, b: text(" "), want: null},
		{field: `ref: {ref: two, from: [A, B]}`, a: null, b: text("2"), wrong: "missing-key in ref: expected all of A, B or none"},
	}
	for _, test := range tests {
		program, problems := compile(t, test.field)
		if problems != nil {
			t.Errorf("%s: %v", test.field, problems)
			continue
		}
		rec := &record.Record{Ref: record.Ref{Entity: "e", Key: "1"}, Values: []record.Value{test.a, test.b, null, null, null}}
		out := make([]record.Value, len(program.Columns))
		rejection := program.Shape(rec, out)
		trace := program.Explain(rec, nil)[0]
		switch {
		case test.wrong != "":
			if rejection == nil || !strings.Contains(rejection.Error(), test.wrong) || rejection.Step != record.StepShape {
				t.Errorf("%s: %v, want %s", test.field, rejection, test.wrong)
			} else if trace.Rejection == nil || trace.Rejection.Error() != rejection.Error() {
				t.Errorf("%s: explained as %v", test.field, trace.Rejection)
			}
		case rejection != nil:
			t.Errorf("%s: %v", test.field, rejection)
		case out[0] != test.want:
			t.Errorf("%s: %s %q, want %s %q", test.field, out[0].Kind(), out[0], test.want.Kind(), test.want)
		}
	}
}

func TestCompileProblems(t *testing.T) {
	tests := []struct{ fields, want string }{
		{`text: Aa`, `landfall.yaml:15:20: e.text: the source has no column "Aa", did you mean "A"?`},
		{`text: {from: [A, Quantity], join: " "}`, `15:31: e.text: the source has no column "Quantity"; it has A, B, C, Twice, Twice`},
		{`text: Twice`, `the source has several columns "Twice"`},
		{`txet: A`, `15:14: e.txet: t has no column "txet", did you mean "text"?`},
		{`computed: A`, `e.computed: the column is computed by the target`},
		{`number: {const: x}`, `15:30: e.number: the constant does not fit the column: expected a whole number`},
		{`must: {const: null}`, `the constant NULL does not fit the column`},
		{`number: {from: A, values: {a: 1, b: x}}`, `15:50: e.number: values: the value for "b" does not fit the column`},
		{`must: {from: A, values: {a: 1, b: null}}`, `values: NULL for "b" does not fit the column`},
		{`must_ref: {ref: e, from: A, missing: null}`, `e.must_ref: missing: null cannot be, as the column is NOT NULL`},
		{`number: {from: A, zone: UTC}`, `e.number: zone is for dates and times, and the column holds integer`},
		{`text: A}
    ignore: {Bb: x`, `16:14: e.ignore: the source has no column "Bb", did you mean "B"?`},
	}
	for _, test := range tests {
		program, problems := compile(t, test.fields)
		if program != nil || !strings.Contains(problems.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.fields, problems, test.want)
		}
	}
	_, problems := compile(t, `txet: A, text: Z1, number: {const: x}`)
	if len(problems) != 3 {
		t.Errorf("expected all problems at once, found %v", problems)
	}
}

func TestExplain(t *testing.T) {
	program, problems := compile(t, `text: {from: [A, B], do: [trim, lower], join: ", "}, number: C, ref: {ref: e, from: A}`)
	if problems != nil {
		t.Fatal(problems)
	}
	rec := &record.Record{Ref: record.Ref{Entity: "e", Key: "1"}, Values: []record.Value{record.Text(" X"), record.Null(), record.Text("many"), record.Null(), record.Null()}}
	traces := program.Explain(rec, []string{"A", "B", "C", "D", "E"})
	text := traces[0]
	if strings.Join(text.From, "+") != "A+B" || strings.Join(text.Input, "+") != " X+NULL" || text.Steps != `trim, lower, join ", "` || text.Output != "x" {
		t.Errorf("%+v", text)
	}
	if traces[1].Rejection == nil || traces[1].Rejection.Code != record.CodeWrongType || traces[1].Output != "" {
		t.Errorf("%+v", traces[1])
	}
	if traces[2].Ref != "e" || traces[2].Output != " X" {
		t.Errorf("%+v", traces[2])
	}
}
