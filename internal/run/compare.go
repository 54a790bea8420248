package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/crosswalk"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// compare holds known records against what was last written and, where that
// differs, against the row itself. Rows that will be written are locked, so
// nobody edits them between the look and the write.
func (l *landing) compare(ctx context.Context) error {
	if err := l.keepKnown(ctx); err != nil {
		return err
	}
	var look, check, present []*unit
	var err error
	verify := l.To.Verify && !l.wave() && l.Remote != nil && l.Remote.Abilities().Fetch
	l.each(func(_ int, u *unit) *record.Rejection {
		if u.situation.Known {
			l.fillNothing(u)
		}
		u.hash, u.incomplete = l.hasher.Sum(u.row), len(u.within) > 0
		if !u.situation.Known || err != nil {
			return nil
		}
		var key []record.Value
		if key, err = l.keyValues(u.entry.TargetKey); err != nil {
			return nil
		}
		u.setKey(key)
		u.situation.SameSource = !u.incomplete && u.entry.HasHash && u.entry.ShapeID == l.shapeID && u.entry.Hash == u.hash
		if l.writesUnseen(u) {
			u.situation.SameSource, u.unseen = false, true
		}
		switch same := u.situation.SameSource || u.situation.Linked; {
		case same && verify && !u.situation.Linked && u.left == nil:
			look = append(look, u)
		case same && u.live != nil:
			if l.LogFull {
				u.before = u.live
			}
			present = append(present, u)
		case same:
			check = append(check, u)
		default:
			look = append(look, u)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var columns []sqldb.Column
	if l.LogFull {
		columns = l.Columns
	}
	// An API is not asked for every record that is as it was, unless it is said:
	// of each it may be a call.
	asked := check
	if l.Remote != nil && !verify {
		asked = nil
	}
	rows, err := l.lander.Fetch(ctx, l.tx, keysOf(asked), columns, false)
	if err != nil {
		return fmt.Errorf("looking for rows: %w", err)
	}
	for i, u := range asked {
		u.situation.RowGone = rows[i] == nil
		if l.LogFull {
			u.before = rows[i]
		}
	}
	if err := l.lookAt(ctx, look); err != nil || !l.wave() {
		return err
	}
	return l.nameRuns(ctx, slices.Concat(look, check, present))
}

// writesUnseen reports whether the record brings something that the target never
// gives back and that is written over what is there: whether it is there already,
// nobody can say, so it is written.
func (l *landing) writesUnseen(u *unit) bool {
	if l.Remote == nil || l.policy.Inserts || u.situation.Linked || u.left != nil {
		return false
	}
	generated := len(l.Columns) - len(l.Program.Columns)
	for slot, once := range l.Program.Once {
		if !once && l.Program.Hidden[slot] && !u.row[generated+slot].IsNull() {
			return true
		}
	}
	return false
}

func keysOf(units []*unit) [][]record.Value {
	keys := make([][]record.Value, len(units))
	for i, u := range units {
		keys[i] = u.key
	}
	return keys
}

// lookAt reads the rows of records whose source differs: the before-images.
func (l *landing) lookAt(ctx context.Context, units []*unit) error {
	if len(units) == 0 || l.Remote != nil && !l.Remote.Abilities().Fetch {
		return nil
	}
	columns := slices.Clone(l.Columns)
	asked := make([]*unit, 0, len(units))
	for _, u := range units {
		if u.entry.ShapeID != l.shapeID || u.live == nil {
			asked = append(asked, u)
		}
		if u.entry.ShapeID == l.shapeID {
			continue
		}
		shape, err := l.shape(ctx, u.entry.ShapeID)
		if err != nil {
			return err
		}
		for _, column := range shape.Columns {
			if columnPlace(columns, column.Name) < 0 {
				columns = append(columns, column)
			}
		}
	}
	rows, err := l.lander.Fetch(ctx, l.tx, keysOf(asked), columns, !l.wave())
	if err != nil {
		return fmt.Errorf("reading rows before their update: %w", err)
	}
	for _, u := range units {
		row := u.live
		if len(asked) > 0 && u == asked[0] {
			row, asked, rows = rows[0], asked[1:], rows[1:]
		}
		if row == nil {
			u.situation.RowGone = true
			continue
		}
		u.before = row[:len(l.Columns)]
		u.situation.SameRow = !u.incomplete && !u.unseen && l.hasher.Sum(row) == u.hash
		if u.left != nil && u.left.HasHash && u.left.ShapeID == l.shapeID && l.hasher.Sum(row) == u.left.Hash {
			continue // it was our own call that changed it
		}
		if u.entry.ShapeID == l.shapeID {
			u.situation.RowEdited = l.hasher.Sum(row) != u.entry.Hash
			continue
		}
		shape := l.shapes[u.entry.ShapeID]
		u.situation.RowEdited = shape.Known && shape.Sum(row, columns) != u.entry.Hash
	}
	return nil
}

// nameRuns finds out which runs wrote the rows of records that come again.
func (l *landing) nameRuns(ctx context.Context, units []*unit) error {
	names := map[int64]string{}
	for _, u := range units {
		if u.situation.SameSource && !u.situation.RowGone {
			continue
		}
		name, known := names[u.entry.LastRun]
		if !known {
			var err error
			if name, err = l.ledger.NameOf(ctx, l.tx, u.entry.LastRun); err != nil {
				return err
			}
			names[u.entry.LastRun] = name
		}
		u.situation.LandedIn = name
	}
	return nil
}

// shape reads an earlier shape from the books. Where it is not known any more,
// an edit cannot be told from a missing column, and the row counts as ours.
func (l *landing) shape(ctx context.Context, id int64) (*crosswalk.Shape, error) {
	if shape, ok := l.shapes[id]; ok {
		return shape, nil
	}
	shape, err := crosswalk.ReadShape(ctx, l.tx, l.books, id, func(name string) (*sqldb.Column, bool) {
		if column, ok := l.Table.Column(name); ok {
			return column, true
		}
		return l.Table.Column(l.RenamedColumn(name))
	})
	l.shapes[id] = shape
	return shape, err
}

// match asks the target for rows that are the same thing as records that the
// crosswalk does not know.
func (l *landing) match(ctx context.Context) error {
	defer l.fillNew()
	columns := l.matchColumns()
	if len(columns) == 0 {
		return nil
	}
	places := make([]int, len(columns))
	for i := range columns {
		places[i] = columnPlace(l.Columns, columns[i].Name)
	}
	var asked []*unit
	var refs []record.Ref
	var tuples [][]record.Value
	l.each(func(i int, u *unit) *record.Rejection {
		if u.situation.Known && !l.mayHaveComeBack(u) || u.inDoubt() {
			return nil // what matches one that is in doubt may be what it became
		}
		tuple := make([]record.Value, len(places))
		for i, place := range places {
			if tuple[i] = u.row[place]; tuple[i].IsNull() || tuple[i].IsEmptyText() {
				return nil // blank match values never match each other
			}
		}
		asked, tuples, refs = append(asked, u), append(tuples, tuple), append(refs, l.batch.Items[i].Ref)
		return nil
	})
	matched, err := l.lander.Match(ctx, l.tx, columns, tuples)
	if err != nil {
		return fmt.Errorf("looking for rows that match: %w", err)
	}
	var single []*unit
	var keys []string
	// Where the target compares regardless of case, records of one batch that
	// look different may match one row: the first in order takes it over. Several
	// may point at it.
	takers := map[string]record.Ref{}
	notLookedFor := map[*unit]string{}
	for i, u := range asked {
		if matched[i].Refused != "" {
			notLookedFor[u] = matched[i].Refused
			continue
		}
		u.situation.Matches = matched[i].Count
		if matched[i].Count == 1 {
			u.setKey(matched[i].Key)
			single, keys = append(single, u), append(keys, u.keyText)
			if first, taken := takers[u.keyText]; taken && l.policy.OnMatch != "link" {
				u.situation.Claimed = &first
			} else {
				takers[u.keyText] = refs[i]
			}
		}
	}
	l.each(func(i int, u *unit) *record.Rejection {
		why := notLookedFor[u]
		if why == "" {
			return nil
		}
		return &record.Rejection{
			Ref: l.batch.Items[i].Ref, Step: record.StepDecide, Code: record.CodeRefused, Field: fieldList(columns),
			Err: fmt.Errorf("the API does not look for what the record is matched by, so that nobody knows whether it is there (%s): mend the value", why),
		}
	})
	// The rows are locked before it is asked whose they are: a lane that is just
	// taking one over is waited for.
	if takeover := l.policy.OnMatch == "update"; (takeover || l.LogFull) && len(single) > 0 {
		rows, err := l.lander.Fetch(ctx, l.tx, keysOf(single), l.Columns, takeover)
		if err != nil {
			return fmt.Errorf("reading rows that match: %w", err)
		}
		for i, u := range single {
			u.before = rows[i]
			if l.keepNulls(u, rows[i]) && !u.incomplete {
				u.hash = l.hasher.Sum(u.row)
			}
		}
	}
	owners, err := l.store.Owners(ctx, l.tx, keys)
	if err == nil && l.Remote != nil {
		err = l.claimedByCalls(ctx, l.tx, keys, owners)
	}
	if err != nil {
		return err
	}
	var claimed []string
	for _, u := range single {
		if owner, owned := owners[u.keyText]; owned {
			u.situation.Claimed = &owner
			claimed = append(claimed, u.keyText)
		}
	}
	others, err := l.store.OthersOwners(ctx, l.tx, claimed)
	for _, u := range single {
		u.situation.ClaimedIn = others[u.keyText]
	}
	return err
}

// mayHaveComeBack reports whether a record whose row is gone may be there under
// another key: somebody made it anew. Of a database that is not asked, whose rules
// tell when it is written.
func (l *landing) mayHaveComeBack(u *unit) bool {
	return u.situation.RowGone && l.Remote != nil && !l.policy.Inserts && l.policy.Missing == string(mapping.MissingRecreate)
}

func fieldList(columns []sqldb.Column) string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].Name
	}
	return strings.Join(names, ", ")
}
