package sourcetest

import (
	"slices"
	"strings"
	"testing"

	"landfall/internal/source"
)

func testFingerprint(t *testing.T, h Harness) {
	facts := func(table Table) []source.Fact {
		origin := h.open(t, table)
		first, err := origin.Fingerprint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		second, err := origin.Fingerprint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(first, second) {
			t.Errorf("the same source is once %v and once %v", first, second)
		}
		names := map[string]bool{}
		for _, fact := range first {
			if fact.Name == "" || names[fact.Name] {
				t.Errorf("fact %q has no name of its own", fact.Name)
			}
			names[fact.Name] = true
		}
		return first
	}
	original := facts(people(1, 2, 3))
	for change, table := range map[string]Table{
		"a row more":         people(1, 2, 3, 4),
		"a row less":         people(1, 2),
		"another first key":  people(0, 2, 3),
		"another last key":   people(1, 2, 4),
		"no rows":            people(),
		"another column set": {Name: "people", Columns: people().Columns[:1], Key: []string{"id"}, Unique: true},
	} {
		if slices.Equal(facts(table), original) {
			t.Errorf("%s does not show in the fingerprint", change)
		}
	}
}

func testErrors(t *testing.T, h Harness) {
	driver, from := h.Load(t, people(1))
	wrong := from
	if from.Table != "" {
		wrong.Table += "x"
	} else {
		wrong.File += "x"
	}
	switch _, err := driver.Open(t.Context(), wrong); {
	case err == nil:
		t.Error("a table or file that does not exist is opened")
	case from.Table != "" && !strings.Contains(err.Error(), "did you mean "):
		t.Errorf("the error names nothing near: %v", err)
	case from.File != "" && !strings.Contains(err.Error(), wrong.File):
		t.Errorf("the error does not name the file: %v", err)
	}
	wrong = from
	wrong.Key = []string{"idd"}
	switch _, err := driver.Open(t.Context(), wrong); {
	case err == nil:
		t.Error("a key column that does not exist is taken")
	case !strings.Contains(err.Error(), "idd"), !strings.Contains(strings.ReplaceAll(err.Error(), `"`, ""), "did you mean id?"):
		t.Errorf("the error does not say what is missing and what is near: %v", err)
	}
	if driver.Identity() == "" && from.File == "" {
		t.Error("the source has no name")
	}
}
