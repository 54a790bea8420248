package rollback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/crosswalk"
	"landfall/internal/dedupe"
	"landfall/internal/intent"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// referredBytes bounds the memory of what is known of references; beyond it, it
// spills.
const referredBytes = 4 << 20

// gatherReferred finds out which records of the entity others refer to that stay:
// an API cannot be asked for them, so those that stay are read and looked into.
// It comes when all that refer to the entity have been undone.
func (e *entityUndo) gatherReferred(ctx context.Context) error {
	made := int64(0)
	for _, marker := range e.batches {
		made += marker.Counts[record.Created]
	}
	if e.Remote == nil || e.referred != nil || e.stored.Done || made == 0 {
		return nil
	}
	e.referred = dedupe.NewSeen("", referredBytes)
	for _, child := range e.end.File.Entities {
		if child.Name == e.Name {
			continue
		}
		var fields []string
		for _, f := range child.Fields {
			for _, parent := range f.Parents() {
				if parent == e.Name {
					fields = append(fields, f.Target)
				}
			}
		}
		if len(fields) == 0 {
			continue
		}
		found, err := e.end.Entity(ctx, child.Name)
		if err != nil {
			return err
		}
		if err := e.gatherFrom(ctx, found, fields); err != nil {
			return fmt.Errorf("looking for records of %s that refer to %s: %w", child.Name, e.Name, err)
		}
	}
	return nil
}

// gatherFrom reads the records of another entity that stay.
func (e *entityUndo) gatherFrom(ctx context.Context, child *migration.TargetEntity, fields []string) error {
	var columns []sqldb.Column
	for _, name := range fields {
		column, ok := child.Table.Column(name)
		if !ok || column.Hidden {
			e.tell(run.Event{Kind: run.EventWarning, Entity: e.done.Name, Message: fmt.Sprintf("it cannot be told which records of %s the %s of %s refers to: the target does not show it", e.Name, name, child.Name)})
			continue
		}
		columns = append(columns, *column)
	}
	if len(columns) == 0 {
		return nil
	}
	if err := e.claimInDoubt(ctx, child, columns); err != nil {
		return err
	}
	staying, count, err := e.listStaying(ctx, child)
	if err != nil {
		return err
	}
	defer staying.Close()
	if count == 0 {
		return nil
	}
	e.tell(run.Event{Kind: run.EventLooking, Entity: e.done.Name, Message: fmt.Sprintf("looking at what the %d records of %s that stay refer to", count, child.Name), Total: -1, Percent: -1})
	var keys [][]record.Value
	var names []string
	for text, err := range staying.All() {
		if err != nil {
			return err
		}
		parts := record.SplitKey(string(text))
		key, err := keyOf(child, parts[1])
		if err != nil {
			return err
		}
		if keys, names = append(keys, key), append(names, parts[0]); len(keys) < e.size() {
			continue
		}
		if err := e.refersFrom(ctx, child, columns, keys, names); err != nil {
			return err
		}
		keys, names = keys[:0], names[:0]
	}
	return e.refersFrom(ctx, child, columns, keys, names)
}

// listStaying lists the records of another entity that are on the target, with their
// keys.
func (e *entityUndo) listStaying(ctx context.Context, child *migration.TargetEntity) (*dedupe.Spool, int, error) {
	spool, err := dedupe.NewSpool("")
	if err != nil {
		return nil, 0, err
	}
	count := 0
	err = e.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		store, err := crosswalk.Find(ctx, tx, e.books, e.end.File.Name, child.Name, child.Table.Name.String())
		if err != nil || store.EntityID == 0 {
			return err
		}
		return store.OnTarget(ctx, tx, e.size(), func(rows []crosswalk.Row) error {
			for n := range rows {
				if rows[n].Role == crosswalk.RoleAlias {
					continue
				}
				count++
				if err := spool.Append([]byte(record.JoinKey(rows[n].SourceKey, rows[n].TargetKey))); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, 0, errors.Join(err, spool.Close())
	}
	return spool, count, nil
}

// inDoubtAtOnce is how many calls are read together of which it is not known what
// became of them.
const inDoubtAtOnce = 500

// claimInDoubt claims what records refer to of which it is not known whether they
// are there: the books hold what was sent.
func (e *entityUndo) claimInDoubt(ctx context.Context, child *migration.TargetEntity, columns []sqldb.Column) error {
	hidden := 0
	err := e.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		store, err := crosswalk.Find(ctx, tx, e.books, e.end.File.Name, child.Name, child.Table.Name.String())
		if err != nil || store.EntityID == 0 {
			return err
		}
		hidden = 0
		for after := ""; ; {
			page, err := intent.Of(e.books, store.EntityID).Page(ctx, tx, after, inDoubtAtOnce)
			if err != nil || len(page) == 0 {
				return err
			}
			after = page[len(page)-1].SourceKey
			for n := range page {
				i := &page[n]
				if i.OfRollback() || i.State == intent.Absent {
					continue
				}
				told, err := e.claimSent(child, i, columns)
				if err != nil {
					return err
				}
				if !told {
					hidden++
				}
			}
		}
	})
	if err == nil && hidden > 0 {
		e.tell(run.Event{Kind: run.EventWarning, Entity: e.done.Name, Message: fmt.Sprintf("of %d records of %s it is not known what became of them, nor which %s they refer to: settle that first, by `landfall retry`", hidden, child.Name, e.Name)})
	}
	return err
}

// claimSent claims what a call was to make a record refer to. told says whether
// the books hold that.
func (e *entityUndo) claimSent(child *migration.TargetEntity, i *intent.Intent, columns []sqldb.Column) (told bool, err error) {
	names, err := ledger.RowColumns(cmp.Or(i.Written, "{}"))
	if err != nil {
		return false, err
	}
	told = true
	for _, column := range columns {
		if !slices.Contains(names, column.Name) {
			told = false
			continue
		}
		values, err := ledger.DecodeRow([]sqldb.Column{column}, i.Written)
		if err != nil {
			return false, err
		}
		if values[0].IsNull() {
			continue
		}
		if _, _, err := e.referred.Claim([]byte(values[0].String()), record.JoinKey(record.Ref{Entity: child.Name, Key: i.SourceKey}.String(), column.Name), 0); err != nil {
			return false, err
		}
	}
	return told, nil
}

func (e *entityUndo) refersFrom(ctx context.Context, child *migration.TargetEntity, columns []sqldb.Column, keys [][]record.Value, names []string) error {
	if len(keys) == 0 {
		return nil
	}
	if !child.Remote.Abilities().Fetch {
		return errors.New("the target does not show them")
	}
	fetched, err := child.Remote.Fetch(ctx, keys, columns)
	if err != nil {
		return err
	}
	for n := range fetched {
		for at, value := range fetched[n].Values {
			if value.IsNull() {
				continue
			}
			if _, _, err := e.referred.Claim([]byte(value.String()), record.JoinKey(record.Ref{Entity: child.Name, Key: names[n]}.String(), columns[at].Name), 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// spareReferred keeps records that others refer to which stay.
func (b *batch) spareReferred() error {
	for _, i := range b.items {
		if i.deed != made || !i.open() || i.gone || b.referred == nil {
			continue
		}
		held, err := b.referred.Has([]byte(i.entry.TargetKey))
		if err != nil {
			return err
		}
		if !held {
			continue
		}
		first, _, err := b.referred.Claim([]byte(i.entry.TargetKey), "", 0)
		if err != nil {
			return err
		}
		by := record.SplitKey(first.Key)
		i.keep(record.Kept, record.CodeReferenced, strings.Join(b.To.KeyColumns, ", "), "%s refers to it by %s, a reference of the mapping", by[0], by[1])
	}
	return nil
}
