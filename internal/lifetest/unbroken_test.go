package lifetest

import (
	"testing"
	"time"

	"landfall/internal/record"
	"landfall/internal/run"
)

// The unbroken life must show what the tests are about: every disposition,
// every role, every point passed often.
func TestUnbrokenLife(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			start := time.Now()
			seen := map[record.Disposition]bool{}
			for _, s := range stages(t, k) {
				for entity, counts := range s.after.Counts {
					t.Logf("%s, %s: %+v", s.name, entity, counts)
					for _, disposition := range record.Dispositions {
						if *counts.Of(disposition) > 0 {
							seen[disposition] = true
						}
					}
				}
				t.Log(s.name, s.passes)
				for _, point := range run.Points {
					if s.passes[point] == 0 {
						t.Errorf("%s never passes %s", s.name, point)
					}
				}
			}
			for _, disposition := range []record.Disposition{
				record.Created, record.Updated, record.Unchanged, record.Skipped, record.Failed, record.Blocked,
			} {
				if !seen[disposition] {
					t.Errorf("no record is %s", disposition)
				}
			}
			t.Log(time.Since(start))
		})
	}
}
