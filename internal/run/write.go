package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/crosswalk"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// write lands new rows and changed rows, and turns the database's refusals
// into rejections.
func (l *landing) write(ctx context.Context, careful bool) (refused bool, err error) {
	var creates, updates []int
	for i := range l.units {
		u := &l.units[i]
		if u.rejection != nil {
			continue
		}
		switch u.action {
		case target.Create:
			creates = append(creates, i)
		case target.Update, target.Adopt:
			updates = append(updates, i)
		}
	}
	rows := make([][]record.Value, len(creates))
	for n, i := range creates {
		rows[n] = l.units[i].row
	}
	landed, err := l.rows.Insert(ctx, l.tx, l.Columns, rows, careful)
	if err != nil {
		return false, fmt.Errorf("writing to %s: %w", l.Table.Name, err)
	}
	if err := l.refuse(ctx, landed.Refused, creates); err != nil {
		return false, err
	}
	columns, changes := l.changes(updates)
	if len(columns) == 0 {
		return len(landed.Refused) > 0, nil
	}
	table, able := l.rows.(target.Table)
	if !able && len(changes) > 0 {
		return false, fmt.Errorf("%s: a wave was about to change %d rows: this is a fault of Landfall's, and nothing was changed", l.Table.Name, len(changes))
	}
	if !able {
		return len(landed.Refused) > 0, nil
	}
	changed, err := table.Update(ctx, l.tx, columns, changes)
	if err != nil {
		return false, fmt.Errorf("updating %s: %w", l.Table.Name, err)
	}
	return len(landed.Refused) > 0, l.refuse(ctx, changed.Refused, updates)
}

// changes are the updates of rows, and the columns that they write. What is
// written only when a row is made stays as the row has it.
func (l *landing) changes(updates []int) ([]sqldb.Column, []target.Change) {
	generated := len(l.Columns) - len(l.Program.Columns)
	var columns []sqldb.Column
	for slot, once := range l.Program.Once {
		if !once {
			columns = append(columns, l.Columns[generated+slot])
		}
	}
	changes := make([]target.Change, len(updates))
	for n, i := range updates {
		u := &l.units[i]
		changes[n].Key, changes[n].Values = u.key, make([]record.Value, 0, len(columns))
		for slot, once := range l.Program.Once {
			switch place := generated + slot; {
			case !once:
				changes[n].Values = append(changes[n].Values, u.row[place])
			case u.before != nil:
				u.row[place] = u.before[place]
			}
		}
	}
	return columns, changes
}

// refuse makes rejections of refusals; places gives the record for each row.
func (l *landing) refuse(ctx context.Context, refusals []target.Refusal, places []int) error {
	var holders []string
	for _, refusal := range refusals {
		if refusal.Holder != "" {
			holders = append(holders, refusal.Holder)
		}
	}
	owners, err := l.ownersOf(ctx, holders)
	if err != nil {
		return err
	}
	for _, refusal := range refusals {
		i := places[refusal.Row]
		if l.keyTaken(refusal) {
			l.taken[i] = true
			continue
		}
		message, code := refusal.Message, refusal.Code
		if refusal.Holder != "" {
			message += owners.words(refusal.Holder)
		}
		if l.wave() && code == record.CodeUnique && l.isKey(refusal.Columns) {
			code = record.CodeKeyInProduction
		}
		l.units[i].rejection = &record.Rejection{
			Ref: l.batch.Items[i].Ref, Step: record.StepLand, Field: strings.Join(refusal.Columns, ", "),
			Code: code, Err: errors.New(message),
		}
	}
	return nil
}

// isKey reports whether the columns are those of the target key.
func (e *entityRun) isKey(columns []string) bool {
	return len(columns) == len(e.Key) && !slices.ContainsFunc(e.Key, func(c sqldb.Column) bool { return !slices.Contains(columns, c.Name) })
}

// rowOwners are the records that rows of the target belong to.
type rowOwners struct {
	records    map[string]record.Ref
	migrations map[string]string // where it is another one
}

func (l *landing) ownersOf(ctx context.Context, keys []string) (owners rowOwners, err error) {
	if owners.records, err = l.store.Owners(ctx, l.tx, keys); err != nil {
		return owners, err
	}
	owners.migrations, err = l.store.OthersOwners(ctx, l.tx, keys)
	return owners, err
}

// words name a row, behind what is said of it, and the record that it belongs to.
func (o rowOwners) words(key string) string {
	words := ": row " + key
	if owner, known := o.records[key]; known {
		words += ", which is " + owner.String()
		if migration := o.migrations[key]; migration != "" {
			words += " of migration " + migration
		}
	}
	return words
}

// remember writes the crosswalk of what landed.
func (l *landing) remember(ctx context.Context) error {
	var fresh, known []crosswalk.Row
	var taking []int // they have a natural key that they did not have before
	var waits []crosswalk.Pending
	l.each(func(i int, u *unit) *record.Rejection {
		row := crosswalk.Row{
			SourceKey: l.batch.Items[i].Ref.Key, TargetKey: u.keyText, State: crosswalk.StateLive,
			Hash: u.hash, HasHash: true, ShapeID: l.shapeID,
			FirstRun: l.runner.run.ID, LastRun: l.runner.run.ID, RecordNo: l.batch.Items[i].Number,
		}
		waits = append(waits, l.waiting(u, &row)...)
		switch u.action {
		case target.Create:
			row.Role = crosswalk.RoleCreated
			if l.onceID != 0 {
				row.Once = crosswalk.OnceOf(l.onceID, l.lane.once.Sum(u.row))
			}
		case target.Adopt, target.Own:
			row.Role = crosswalk.RoleAdopted
		case target.Link:
			row.Role, row.HasHash = crosswalk.RoleLinked, false
		case target.Update:
			row.Role, row.Once = u.entry.Role, u.entry.Once
			if l.To.NewKey == "natural" {
				u.setKey(l.naturalKey(u.row))
				row.TargetKey = u.keyText
			}
		case target.Alias:
			if u.inBooks && u.entry.OnTarget() && u.entry.Survivor == u.survivor && u.entry.TargetKey == u.keyText {
				return nil
			}
			row.Role, row.HasHash, row.Survivor = crosswalk.RoleAlias, false, u.survivor
		case target.Remember:
			row.Role, row.RecordNo, row.Once = u.entry.Role, u.entry.RecordNo, u.entry.Once
		default:
			return nil
		}
		row.Moves = u.inBooks && u.entry.TargetKey != row.TargetKey
		owns := row.Role == crosswalk.RoleCreated || row.Role == crosswalk.RoleAdopted
		if l.owned && owns && (row.Moves || u.action == target.Create) {
			taking = append(taking, i)
		}
		if u.inBooks {
			row.FirstRun = u.entry.FirstRun
			known = append(known, row)
			return nil
		}
		if fresh == nil {
			fresh = make([]crosswalk.Row, 0, len(l.units)) // on a first load all are
		}
		fresh = append(fresh, row)
		return nil
	})
	if err := l.supersede(ctx, known, taking); err != nil {
		return fmt.Errorf("writing the crosswalk: %w", err)
	}
	if err := l.store.Insert(ctx, l.tx, fresh); err != nil {
		return fmt.Errorf("writing the crosswalk: %w", err)
	}
	if err := l.store.Replace(ctx, l.tx, known); err != nil {
		return fmt.Errorf("writing the crosswalk: %w", err)
	}
	if err := l.store.Postpone(ctx, l.tx, l.runner.run.ID, waits); err != nil {
		return fmt.Errorf("writing what waits for its parent: %w", err)
	}
	return l.call(ctx)
}

// supersede ends what the crosswalk says of others whose keys the batch's rows
// have now. The target took the rows, so those that the others became are gone.
func (l *landing) supersede(ctx context.Context, known []crosswalk.Row, taking []int) error {
	if len(taking) == 0 {
		return nil
	}
	keys := make([]string, len(taking))
	for n, i := range taking {
		keys[n] = l.units[i].keyText
	}
	owners, err := l.store.Supersede(ctx, l.tx, known, keys)
	for _, i := range taking {
		if owner := owners[l.units[i].keyText]; owner != l.batch.Items[i].Ref {
			l.units[i].superseded = owner
		}
	}
	return err
}

// waiting are the references of a landed record that wait for their parents;
// rows that are only pointed at or kept as they are wait for nothing. What is
// written only once is not waited for where the row was there already.
func (l *landing) waiting(u *unit, row *crosswalk.Row) []crosswalk.Pending {
	if u.action != target.Create {
		u.waits = slices.DeleteFunc(u.waits, func(p crosswalk.Pending) bool {
			return l.Program.Once[slices.Index(l.Program.Columns, p.Field)]
		})
	}
	switch u.action {
	case target.Create, target.Update, target.Adopt:
		if len(u.waits) > 0 {
			row.State = crosswalk.StatePending
		}
	case target.Leave, target.Remember:
		if u.situation.Linked {
			return nil
		}
	default:
		return nil
	}
	for i := range u.waits {
		u.waits[i].Disposition = u.disposition()
	}
	return u.waits
}
