package mapping_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

func parseWithCodes(t *testing.T, codes, field string) (*mapping.File, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "codes.csv"), []byte(codes), 0o600); err != nil {
		t.Fatal(err)
	}
	return mapping.ParseBytes(filepath.Join(dir, "landfall.yaml"), []byte(top+`
  e:
    from: {table: T, key: K}
    to: {table: t, key: {column: id, new: identity}}
    fields: {`+field+"}\n"))
}

func TestCodeFile(t *testing.T) {
	const field = `number: {from: A, values: codes.csv}`
	file, err := parseWithCodes(t, "\ufeffFrom,To\r\na,1\r\n\"b,c\",2\r\n,3\r\nnone,\r\n", field)
	if err != nil {
		t.Fatal(err)
	}
	program, problems := mapping.Compile(file.Entity("e"), sourceColumns, targetColumns)
	if problems != nil {
		t.Fatal(problems)
	}
	for from, want := range map[string]record.Value{"a": record.Int(1), "b,c": record.Int(2), "": record.Int(3), "none": record.Null()} {
		out := make([]record.Value, 1)
		rec := &record.Record{Values: []record.Value{record.Text(from), record.Null(), record.Null(), record.Null(), record.Null()}}
		if rejection := program.Shape(rec, out); rejection != nil || out[0] != want {
			t.Errorf("%q: %v %v", from, out[0], rejection)
		}
	}
	same, err := parseWithCodes(t, "from;to\nnone;\na;1\n;3\nb,c;2\n", field)
	if err != nil || same.Hash != file.Hash {
		t.Errorf("the order of codes changes the meaning: %v", err)
	}
	other, err := parseWithCodes(t, "from,to\na,9\n\"b,c\",2\n,3\nnone,\n", field)
	if err != nil || other.Hash == file.Hash {
		t.Errorf("the content of the file is no part of the mapping: %v", err)
	}
}

func TestCodeFileProblems(t *testing.T) {
	tests := []struct{ codes, want string }{
		{"", "codes.csv:1:1: e.number: values: codes.csv is empty; expected the header from,to"},
		{"a,1\n", "codes.csv:1:1: e.number: values: expected a file of two columns with the header from,to\n    1 | a,1"},
		{"from,to\na,1\na,2\n", "codes.csv:3:1: e.number: values: \"a\" is already given on line 2\n    3 | a,2"},
		{"from,to\na,1,x\n", "codes.csv:2:1: e.number: values: expected two cells, found 3"},
		{"from,to\n\"a,1\n", "codes.csv:2:6: e.number: values: "},
		{"from,to\na,\xff\n", "codes.csv:1:1: e.number: values: codes.csv is not text in UTF-8"},
	}
	for _, test := range tests {
		_, err := parseWithCodes(t, test.codes, `number: {from: A, values: codes.csv}`)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %s", test.codes, err, test.want)
		}
	}
	if _, err := parseWithCodes(t, "", `number: {from: A, values: other.csv}`); err == nil || !strings.Contains(err.Error(), "cannot read the file other.csv") {
		t.Error(err)
	}
	file, err := parseWithCodes(t, "from,to\na,1\nb,x\n", `number: {from: A, values: codes.csv}`)
	if err != nil {
		t.Fatal(err)
	}
	_, problems := mapping.Compile(file.Entity("e"), sourceColumns, targetColumns)
	for _, problem := range problems {
		file.Locate(problem)
	}
	if got := problems.Error(); !strings.Contains(got, "codes.csv:3:1: e.number: values: the value for \"b\" does not fit the column") || !strings.Contains(got, "3 | b,x") {
		t.Error(got)
	}
}
