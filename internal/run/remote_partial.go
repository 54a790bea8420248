package run

import (
	"context"
	"slices"

	"landfall/internal/crosswalk"
)

// rememberPartial writes the crosswalk of records that were changed in part: what
// is really there now.
func (l *landing) rememberPartial(ctx context.Context) error {
	var fresh, known []crosswalk.Row
	for i := range l.units {
		u := &l.units[i]
		if len(u.unwritten) == 0 || u.before == nil {
			continue
		}
		row := slices.Clone(u.row)
		for n := range l.Columns {
			if slices.Contains(u.unwritten, l.Columns[n].Name) {
				row[n] = u.before[n]
			}
		}
		entry := crosswalk.Row{
			SourceKey: l.batch.Items[i].Ref.Key, TargetKey: u.keyText, Role: crosswalk.RoleAdopted, State: crosswalk.StateLive,
			Hash: l.hasher.Sum(row), HasHash: true, ShapeID: l.shapeID,
			FirstRun: l.run.ID, LastRun: l.run.ID, RecordNo: l.batch.Items[i].Number,
		}
		if u.situation.Known {
			entry.Role, entry.Once = u.entry.Role, u.entry.Once
		}
		if u.inBooks {
			entry.FirstRun = u.entry.FirstRun
			entry.Moves = u.entry.TargetKey != entry.TargetKey
			known = append(known, entry)
			continue
		}
		fresh = append(fresh, entry)
	}
	return l.writeEntries(ctx, fresh, known)
}
