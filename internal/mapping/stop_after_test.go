package mapping_test

import (
	"strings"
	"testing"

	"landfall/internal/mapping"
)

// TestStopAfter: what a file says comes back as ParseStopAfter reads it, and an
// entity's own stands beside the file's.
func TestStopAfter(t *testing.T) {
	bare := parse(t, described)
	for text, want := range map[string]mapping.StopAfter{
		"1%": {Percent: 1}, "0.25%": {Percent: 0.25}, "500": {Failures: 500}, "500/10000": {Failures: 500, Of: 10000},
		"{failures: 500, of: 10000}": {Failures: 500, Of: 10000}, "none": {Never: true},
	} {
		file := parse(t, strings.Replace(described, "entities:\n", "stop_after: "+text+"\nentities:\n", 1))
		if file.StopAfter == nil || *file.StopAfter != want {
			t.Errorf("%s: %+v", text, file.StopAfter)
			continue
		}
		again, err := mapping.ParseStopAfter(file.StopAfter.String())
		if err != nil || again != want {
			t.Errorf("%s is written as %s and read as %+v: %v", text, file.StopAfter, again, err)
		}
		// It says nothing about what lands, so an unfinished run goes on under another limit.
		if file.Hash != bare.Hash {
			t.Errorf("%s changes what the mapping means", text)
		}
		if file.Entities[0].StopAfter != nil {
			t.Errorf("%s became an entity's own", text)
		}
	}
	for _, wrong := range []string{"", "0", "0%", "101%", "1e3", "-5", "5/4", "1/", "%", "5 /10", "1000001", "NaN%"} {
		if s, err := mapping.ParseStopAfter(wrong); err == nil {
			t.Errorf("%q is read as %+v", wrong, s)
		}
	}
}
