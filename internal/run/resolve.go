package run

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// resolve finds the parents of all records, one query per parent entity, and
// makes the rows that will be written.
func (l *landing) resolve(ctx context.Context) error {
	generated := len(l.Columns) - len(l.Program.Columns)
	slab := l.rowsFor(len(l.units), len(l.Columns))
	l.each(func(i int, u *unit) *record.Rejection {
		u.row = slab[i*len(l.Columns) : (i+1)*len(l.Columns) : (i+1)*len(l.Columns)]
		copy(u.row[generated:], l.batch.values[i])
		return nil
	})
	for _, ref := range l.Program.Refs {
		if err := l.resolveField(ctx, ref, generated+ref.Slot); err != nil {
			return fmt.Errorf("finding the %s of records: %w", strings.Join(ref.Entities, " or "), err)
		}
	}
	for i := range l.Lookups {
		if err := l.lookUp(ctx, i, generated+l.Lookups[i].Slot); err != nil {
			return fmt.Errorf("looking rows of %s up: %w", l.Lookups[i].Table.Name, err)
		}
	}
	return nil
}

func (l *landing) resolveField(ctx context.Context, ref mapping.RefField, place int) error {
	parents := make([]record.Ref, len(l.units)) // that are referred to
	l.each(func(i int, u *unit) *record.Rejection {
		if u.row[place].IsNull() {
			return nil
		}
		parents[i] = ref.Parent(u.row[place].Raw())
		return l.storable(i, place, parents[i].Key, "the key of the "+parents[i].Entity)
	})
	if ref.Field.By != nil {
		if err := l.findBy(ctx, ref, place, parents); err != nil {
			return err
		}
	}
	l.meansParents(parents)
	for _, entity := range ref.Entities {
		if err := l.resolveAmong(ctx, ref, place, entity, parents); err != nil {
			return err
		}
	}
	return nil
}

// storable refuses what no database could even be asked for.
func (l *landing) storable(i, place int, text, what string) *record.Rejection {
	if storableText(text) {
		return nil
	}
	return &record.Rejection{
		Ref: l.batch.Items[i].Ref, Step: record.StepResolve, Field: l.Columns[place].Name, Code: record.CodeBadEncoding,
		Err: fmt.Errorf("%s holds bytes that are not text (NUL or broken UTF-8): mend the source", what),
	}
}

// storableText reports whether a database can be asked for the text.
func storableText(text string) bool { return strings.IndexByte(text, 0) < 0 && utf8.ValidString(text) }

// resolveAmong finds those of the parents that are of one entity.
func (l *landing) resolveAmong(ctx context.Context, ref mapping.RefField, place int, entity string, meant []record.Ref) error {
	own := entity == l.Name
	keys := make([]string, 0, len(l.units))
	l.each(func(i int, u *unit) *record.Rejection {
		if meant[i].Entity != entity {
			return nil
		}
		key := meant[i].Key
		if own && !l.expects {
			if parent, here := l.places()[key]; here && (!l.units[parent].situation.Known || l.units[parent].situation.RowGone) {
				u.within = append(u.within, inBatch{ref: ref, place: place, parent: parent, key: key})
				u.row[place], meant[i] = record.Null(), record.Ref{}
				return nil
			}
		}
		keys = append(keys, key)
		return nil
	})
	parents, err := l.parents[entity].Resolve(ctx, l.tx, keys)
	if err != nil {
		return err
	}
	gone, err := l.goneParents(ctx, entity, parents)
	if err != nil {
		return err
	}
	missing := map[string]bool{}
	for _, key := range keys {
		if _, found := parents[key]; !found {
			missing[key] = true
		}
	}
	causes, err := l.causes(ctx, entity, missing)
	if err != nil {
		return err
	}
	vanished, err := l.vanishedParents(ctx, place, entity, meant, parents)
	if err != nil {
		return err
	}
	l.each(func(i int, u *unit) *record.Rejection {
		parent := meant[i]
		if parent.Entity != entity {
			return nil
		}
		key, found := parents[parent.Key]
		if gone[parent.Key] && (!u.situation.Known || u.situation.RowGone) {
			// A row that is there keeps the key that it holds until the next run: it
			// is not to be written twice where the parent is not written again.
			return l.postpone(i, u, ref, place, parent)
		}
		if found && vanished[parent.Key] && u.isNew() {
			return l.vanished(i, u, ref, place, parent, key)
		}
		if found {
			return l.refer(i, u, place, parent, key)
		}
		if l.later[entity] && !(own && causes[parent.Key].RunName == l.runner.run.Name) {
			return l.postpone(i, u, ref, place, parent)
		}
		return l.orphan(i, u, ref, place, parent, causes)
	})
	return nil
}

// refer writes the key of a parent's row into a field.
func (l *landing) refer(i int, u *unit, place int, parent record.Ref, key string) *record.Rejection {
	value, misfit := referred(l.Columns[place], key)
	if misfit != nil {
		return &record.Rejection{
			Ref: l.batch.Items[i].Ref, Step: record.StepResolve, Field: l.Columns[place].Name, Code: misfit.Code,
			Err: fmt.Errorf("the key of %s in the target: %w", parent, misfit),
		}
	}
	u.row[place] = value
	return nil
}

// referred is a parent's key as the column takes it. It is one column, escaped
// like all keys.
func referred(column sqldb.Column, key string) (record.Value, *record.Misfit) {
	return column.Type.Fit(record.Text(record.SplitKey(key)[0]))
}

// postpone leaves a reference empty whose parent is not on the target and may
// still come: it is filled in at the end. A wave fills in nothing, and rejects
// the record until its parent is there.
func (l *landing) postpone(i int, u *unit, ref mapping.RefField, place int, parent record.Ref) *record.Rejection {
	column, item := l.Columns[place], &l.batch.Items[i]
	if l.wave() {
		return &record.Rejection{
			Ref: item.Ref, Step: record.StepResolve, Field: column.Name, Code: record.CodeParentLater, Blocked: true,
			Err: fmt.Errorf("%s has not landed yet, and a wave cannot fill the reference in later: order the source so that parents come first; `landfall retry` lands the record once its parent is there", parent),
		}
	}
	u.row[place] = record.Null()
	if !column.Nullable {
		return &record.Rejection{
			Ref: item.Ref, Step: record.StepResolve, Field: column.Name, Code: record.CodeNotNull,
			Err: fmt.Errorf("%s has not landed yet, and the column cannot stay empty until it has: order the source so that parents come first, or make the column nullable; a retry lands the record once its parent is there", parent),
		}
	}
	u.waits = append(u.waits, crosswalk.Pending{
		SourceKey: item.Ref.Key, Field: column.Name, ParentID: l.owner[parent.Entity], ParentKey: parent.Key, RecordNo: item.Number,
	})
	return nil
}

// causes asks the ledger why missing parents did not land.
func (l *landing) causes(ctx context.Context, entity string, missing map[string]bool) (map[string]ledger.Cause, error) {
	if len(missing) == 0 {
		return nil, nil
	}
	keys := make([]string, 0, len(missing))
	for key := range missing {
		keys = append(keys, key)
	}
	causes, err := l.ledger.LastCauses(ctx, l.tx, l.since, l.owner[entity], keys)
	if err != nil {
		return nil, err
	}
	return causes, l.addUndone(ctx, l.tx, l.parents[entity], keys, causes)
}

// orphan says what becomes of a record whose parent is not on the target: it
// is blocked when the parent itself did not land, and failed when no record of
// that key was ever read, unless the mapping lets the reference stay empty.
func (l *landing) orphan(i int, u *unit, ref mapping.RefField, place int, parent record.Ref, causes map[string]ledger.Cause) *record.Rejection {
	column := l.Columns[place]
	cause, failed := causes[parent.Key]
	if ref.OnOrphan == mapping.OrphanNull {
		if column.Nullable {
			u.row[place] = record.Null()
			return nil
		}
		return &record.Rejection{
			Ref: l.batch.Items[i].Ref, Step: record.StepResolve, Field: column.Name, Code: record.CodeNotNull,
			Err: fmt.Errorf("%s is not on the target, and the target wants a value", parent),
		}
	}
	if !failed {
		return orphaned(l.batch.Items[i].Ref, column.Name, parent, nil)
	}
	return orphaned(l.batch.Items[i].Ref, column.Name, parent, &cause)
}

// orphaned rejects a record whose parent did not land or is undone, for the
// given cause, or was never read.
func orphaned(ref record.Ref, field string, parent record.Ref, cause *ledger.Cause) *record.Rejection {
	rejection := &record.Rejection{Ref: ref, Step: record.StepResolve, Field: field}
	if cause == nil {
		rejection.Code = record.CodeMissingParent
		rejection.Err = fmt.Errorf("no run has read %s: mend the reference or what leaves it out, or set `missing: null` to leave it empty", parent)
		return rejection
	}
	if cause.Disposition == record.Reversed {
		return undoneParent(rejection, parent, cause)
	}
	in := ""
	if cause.Field != "" {
		in = " in " + cause.Field
	}
	rejection.Blocked, rejection.Code = true, record.CodeParentFailed
	rejection.Err = fmt.Errorf("%s did not land: %s, %s%s (run %s); mend it and retry both", parent, cause.Disposition, cause.Code, in, cause.RunName)
	return rejection
}
