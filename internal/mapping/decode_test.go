package mapping_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"landfall/internal/mapping"
)

type settings struct {
	Delimiter string            `yaml:"delimiter"`
	Header    bool              `yaml:"header"`
	Skip      int               `yaml:"skip"`
	Small     uint8             `yaml:"small"`
	Ratio     float64           `yaml:"ratio"`
	Wait      time.Duration     `yaml:"wait"`
	Nulls     []string          `yaml:"nulls"`
	Names     map[string]string `yaml:"names"`
	Quote     *string           `yaml:"quote"`
	Since     time.Time         `yaml:"since"`
	Nested    struct {
		Depth int `yaml:"depth"`
	} `yaml:"nested"`
	Untagged string
}

func settingsNode(t *testing.T, settings string) *mapping.Node {
	t.Helper()
	file := parse(t, top+`
  e:
    from: {file: a.csv, key: K, `+settings+`}
    to: {table: t, key: {column: id, new: identity}}
    fields: {a: A}
`)
	return file.Entities[0].From.Settings
}

func TestDecode(t *testing.T) {
	node := settingsNode(t, `delimiter: ";", header: true, skip: 2, small: 255, ratio: 1.50, wait: 5m, nulls: 'N/A', names: {a: 01}, quote: "", since: 2020-01-02T03:04:05Z, nested: {depth: 3}`)
	got := settings{Untagged: "stays", Delimiter: ","}
	if err := node.Decode(&got); err != nil {
		t.Fatal(err)
	}
	empty := ""
	want := settings{
		Delimiter: ";", Header: true, Skip: 2, Small: 255, Ratio: 1.5, Wait: 5 * time.Minute, Nulls: []string{"N/A"},
		Names: map[string]string{"a": "01"}, Quote: &empty, Since: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), Untagged: "stays",
	}
	want.Nested.Depth = 3
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if err := (*mapping.Node)(nil).Decode(&got); err != nil {
		t.Error(err)
	}
	if err := node.Decode(got); err == nil {
		t.Error("expected a pointer to be demanded")
	}
}

func TestDecodeProblems(t *testing.T) {
	node := settingsNode(t, `delimeter: ";", header: yes, skip: two, small: 256, ratio: x, wait: 5, nulls: [[a]], names: a, since: never, nested: {dept: 1}, other: 1`)
	var into settings
	err := node.Decode(&into)
	if err == nil {
		t.Fatal("expected problems")
	}
	for _, want := range []string{
		`landfall.yaml:9:33: e.from: unknown key "delimeter", did you mean "delimiter"?`,
		`e.from.header: expected true or false`,
		`e.from.skip: expected a whole number`,
		`e.from.small: expected a whole number that is not negative`,
		`e.from.ratio: expected a number`,
		`e.from.wait: expected a duration`,
		`e.from.nulls: expected a single value, found a list`,
		`e.from.names: expected a mapping`,
		`e.from.since: `,
		`e.from.nested: unknown key "dept", did you mean "depth"?`,
		`e.from: unknown key "other", expected delimiter, header`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %s in\n%v", want, err)
		}
	}
	if got := node.Problem("skip", "expected at most 1").Error(); !strings.HasPrefix(got, "landfall.yaml:9:68: e.from: skip: expected at most 1") {
		t.Error(got)
	}
}

func TestNear(t *testing.T) {
	candidates := []string{"fields", "from", "to", "CustomerID", "on_match"}
	for word, want := range map[string]string{
		"feilds": "fields", "form": "from", "customerid": "CustomerID", "fields": "", "xyzzy": "", "": "", "ot": "to", "onmatch": "on_match",
	} {
		if got := mapping.Near(word, candidates); got != want {
			t.Errorf("Near(%q) = %q, want %q", word, got, want)
		}
	}
	if got := mapping.Hint("feilds", candidates); got != `, did you mean "fields"?` {
		t.Error(got)
	}
}
