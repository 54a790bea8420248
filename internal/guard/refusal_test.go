package guard

import (
	"os"
	"strings"
	"testing"
)

// TestCodesAreTold: the page names every code, and no other.
func TestCodesAreTold(t *testing.T) {
	page, err := os.ReadFile("../../docs/guard.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Codes")
	section, _, _ = strings.Cut(section, "\n## ")
	if rows := strings.Count(section, "\n| `"); rows != len(Codes) {
		t.Errorf("docs/guard.md tells of %d codes, there are %d", rows, len(Codes))
	}
	for _, code := range Codes {
		if !strings.Contains(section, "| `"+string(code)+"` |") {
			t.Errorf("docs/guard.md says nothing of %s", code)
		}
	}
}
