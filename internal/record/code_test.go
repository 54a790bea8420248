package record

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestCodesListsThemAll: a code that the list lacks could not be asked for.
func TestCodesListsThemAll(t *testing.T) {
	text, err := os.ReadFile("code.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\tCode\w+ +Code = "([a-z-]+)"`).FindAllStringSubmatch(string(text), -1)
	if len(found) != len(Codes) || len(found) == 0 {
		t.Errorf("%d codes are declared, %d listed", len(found), len(Codes))
	}
	for _, code := range found {
		if !slices.Contains(Codes, Code(code[1])) {
			t.Errorf("Codes lacks %s", code[1])
		}
	}
}
