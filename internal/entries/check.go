package entries

import (
	"context"
	"errors"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Checked is what a check of the crosswalk came to.
type Checked struct {
	Entities  []crosswalk.BackupEntity `json:"entities"`
	Rows      int64                    `json:"rows_looked_for"`
	Flaws     Findings                 `json:"flaws"` // entries that cannot be
	Gone      Findings                 `json:"gone"`  // whose row is not in the target
	NotLooked []string                 `json:"not_looked,omitempty"`
}

// Holds reports whether nothing was found.
func (c *Checked) Holds() bool { return c.Flaws.Count == 0 && c.Gone.Count == 0 }

// Check checks the migration's crosswalk: what it says of itself, and whether
// the rows that it names are in the target. It only reads.
func Check(ctx context.Context, tx sqldb.Tx, b *books.Books, end *migration.TargetEnd, told Told) (*Checked, error) {
	c := &Checked{}
	var err error
	if c.Entities, err = crosswalk.Counts(ctx, tx, b, end.File.Name); err != nil {
		return nil, err
	}
	err = crosswalk.Flaws(ctx, tx, b, end.File.Name, func(ref record.Ref, text string) error {
		c.Flaws.add(ref, "%s %s", ref, text)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	for i := range c.Entities {
		if err := c.rows(ctx, tx, b, end, c.Entities[i].Name, told); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Checked) notLooked(format string, args ...any) {
	c.NotLooked = append(c.NotLooked, fmt.Sprintf(format, args...))
}

// rows looks for the rows that an entity's entries name.
func (c *Checked) rows(ctx context.Context, tx sqldb.Tx, b *books.Books, end *migration.TargetEnd, name string, told Told) error {
	found, err := end.Entity(ctx, name)
	var wrong *mapping.Problem
	switch {
	case errors.As(err, &wrong):
		c.notLooked("rows of %s: %s", name, wrong.Message)
		return nil
	case err != nil:
		return err
	case found == nil:
		c.notLooked("rows of %s: the mapping does not know the entity any more", name)
		return nil
	}
	store, err := crosswalk.Find(ctx, tx, b, end.File.Name, name, found.Table.Name.String())
	if err != nil {
		return err
	}
	if found.Remote != nil && !found.Remote.Abilities().Fetch {
		c.notLooked("records of %s: there is no request that reads them", name)
		return nil
	}
	standing, elsewhere := standingOf(b, found), int64(0)
	err = store.OnTarget(ctx, tx, chunk, func(rows []crosswalk.Row) error {
		var keys [][]record.Value
		var looked []*crosswalk.Row
		for i := range rows {
			ref := record.Ref{Entity: name, Key: rows[i].SourceKey}
			if rows[i].TableID != store.TableID {
				elsewhere++
				continue
			}
			key, err := keyOf(found.Key, rows[i].TargetKey)
			if err != nil {
				c.Flaws.add(ref, "%s: row %s cannot be a key of %s: %v", ref, rows[i].TargetKey, found.Table.Name, err)
				continue
			}
			keys, looked = append(keys, key), append(looked, &rows[i])
		}
		there, err := standing(ctx, tx, keys)
		if err != nil {
			return err
		}
		for i := range there {
			if !there[i] {
				ref := record.Ref{Entity: name, Key: looked[i].SourceKey}
				c.Gone.add(ref, "%s: %s %s of %s is not there", ref, rowWord(found), looked[i].TargetKey, found.Table.Name)
			}
		}
		if c.Rows += int64(len(keys)); told != nil {
			told(c.Rows, -1)
		}
		return ctx.Err()
	})
	if elsewhere > 0 {
		c.notLooked("%d rows of %s: they landed in another table than %s, which the mapping names now", elsewhere, name, found.Table.Name)
	}
	return err
}

// keyOf takes a key out of the crosswalk's text.
func keyOf(columns []sqldb.Column, text string) ([]record.Value, error) {
	parts := record.SplitKey(text)
	if len(parts) != len(columns) {
		return nil, fmt.Errorf("it has %d parts, and the key has %d columns", len(parts), len(columns))
	}
	key := make([]record.Value, len(parts))
	for i, part := range parts {
		value, misfit := columns[i].Type.Fit(record.Text(part))
		if misfit != nil {
			return nil, fmt.Errorf("%s: %w", columns[i].Name, misfit)
		}
		key[i] = value
	}
	return key, nil
}
