package guard

import (
	"strings"
	"testing"
	"time"

	"landfall/internal/mapping"
)

// TestHindrancesOfWindows: who arms learns that no window is open, when the next
// one begins, and whether the arming lasts until then.
func TestHindrancesOfWindows(t *testing.T) {
	t.Parallel()
	nights := Rules{Connection: "crm", Protected: true, Windows: []mapping.Window{{From: 22 * time.Hour, To: 23 * time.Hour, Zone: time.UTC}}}
	gate := NewGate(nil, nights, Asking{})
	at := func(hour int) time.Time { return time.Date(2026, 11, 27, hour, 0, 0, 0, time.UTC) }
	for _, test := range []struct {
		now, expires time.Time
		says         []string
		not          string
	}{
		{at(22), at(23), nil, "warning"},
		{at(20), at(23), []string{"in its windows alone, and it is 2026-11-27 20:00:00 UTC", "the next window begins at 2026-11-27 22:00:00 UTC"}, "ends before"},
		{at(20), at(21), []string{"the next window begins at 2026-11-27 22:00:00 UTC; the arming ends before that, at 2026-11-27 21:00:00 UTC"}, "not known"},
	} {
		told := gate.Hindrances(t.Context(), nil, &Mode{Now: test.now, Expires: test.expires})
		text := strings.Join(told, "\n")
		if (len(told) > 0) != (len(test.says) > 0) || strings.Contains(text, test.not) {
			t.Errorf("at %s: %q", test.now, told)
		}
		for _, says := range test.says {
			if !strings.Contains(text, says) {
				t.Errorf("at %s: %q says nothing of %q", test.now, text, says)
			}
		}
	}
}
