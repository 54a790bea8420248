package guard

import (
	"context"
	"fmt"

	"landfall/internal/sqldb"
)

// Hindrances tells what would refuse a run now though the target is armed: that
// it is outside of its windows, and that the backup is missing or too old.
func (g *Gate) Hindrances(ctx context.Context, db sqldb.DB, m *Mode) []string {
	var found []string
	if refusal := g.timely(m.Now); refusal != nil {
		text := refusal.Text
		next, known := g.calendar().next(m.Now)
		switch {
		case !known:
			text += "; when it is written to again is not known"
		case refusal.Code == CodeBlackout:
			text += "; it is written to again from " + g.local(next)
		}
		if known && !next.Before(m.Expires) {
			text += "; the arming ends before that, at " + g.local(m.Expires)
		}
		found = append(found, text)
	}
	text, err := g.TryBackup(ctx, db)
	if err != nil {
		text = fmt.Sprintf("the time of the last backup is not known: %v", err)
	}
	if text != "" {
		found = append(found, text)
	}
	return found
}
