package entries

import (
	"context"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Compared is what a backup and the books say of each other.
type Compared struct {
	Entries   int64    `json:"entries"`   // of the backup
	Same      int64    `json:"same"`      // the books have the same row for the record
	Changed   int64    `json:"changed"`   // of those, a run has written the entry since
	Missing   Findings `json:"missing"`   // the books know nothing of the record
	Conflicts Findings `json:"conflicts"` // the books have another row for it, or another record has the row
	Since     int64    `json:"since"`     // of the books: entries that the backup does not have
}

// Agrees reports whether the books have all that the backup has.
func (c *Compared) Agrees() bool { return c.Missing.Count == 0 && c.Conflicts.Count == 0 }

// comparing walks over a backup and holds it against the books, a chunk of
// entries in a query.
type comparing struct {
	ctx   context.Context
	tx    sqldb.Tx
	books *books.Books
	file  *crosswalk.BackupFile
	names []string // of the entities in the books, by their places in the header
	told  Told
	Compared
	held int64 // records of the backup that the books know, with whatever row

	stores map[[2]int]*crosswalk.Store // by entity and table of the header
	open   func(entity, table string) (*crosswalk.Store, error)
	// missing is handed the entries that the books do not have, of one entity, one
	// table and one first run at a time; may be nil.
	missing func(store *crosswalk.Store, entries []crosswalk.Saved) error
	claims  *claims // the rows of those that are missing, where nothing is written; nil otherwise
}

// Compare holds a backup against the books, which it only reads.
func Compare(ctx context.Context, tx sqldb.Tx, b *books.Books, end *migration.TargetEnd, file *crosswalk.BackupFile, told Told) (*Compared, error) {
	return compareWith(ctx, tx, b, end, file, nil, told)
}

// compareWith is Compare that also holds entries that are missing against each
// other.
func compareWith(ctx context.Context, tx sqldb.Tx, b *books.Books, end *migration.TargetEnd, file *crosswalk.BackupFile, claims *claims, told Told) (*Compared, error) {
	names, err := namesOf(ctx, tx, b, end, file)
	if err != nil {
		return nil, err
	}
	c := compare(ctx, tx, b, file, names, told)
	c.claims = claims
	if err := c.walk(); err != nil {
		return nil, err
	}
	return &c.Compared, c.countSince()
}

func compare(ctx context.Context, tx sqldb.Tx, b *books.Books, file *crosswalk.BackupFile, names []string, told Told) *comparing {
	c := &comparing{ctx: ctx, tx: tx, books: b, file: file, names: names, told: told, stores: map[[2]int]*crosswalk.Store{}}
	c.open = func(entity, table string) (*crosswalk.Store, error) {
		return crosswalk.Find(ctx, tx, b, file.Header.Migration, entity, table)
	}
	return c
}

func (c *comparing) store(entity, table int) (*crosswalk.Store, error) {
	at := [2]int{entity, table}
	if c.stores[at] == nil {
		store, err := c.open(c.names[entity], c.file.Header.Tables[table].Name)
		if err != nil {
			return nil, err
		}
		c.stores[at] = store
	}
	return c.stores[at], nil
}

// walk compares every entry of the backup.
func (c *comparing) walk() error {
	var batch []crosswalk.Saved
	settle := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := c.settle(batch)
		batch = batch[:0]
		if c.told != nil {
			c.told(c.Entries, c.file.Header.Entries)
		}
		return err
	}
	err := c.file.Each(func(s *crosswalk.Saved) error {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if n := len(batch); n == chunk || n > 0 && (batch[0].Entity != s.Entity || batch[0].Table != s.Table || batch[0].First != s.First) {
			if err := settle(); err != nil {
				return err
			}
		}
		batch = append(batch, *s)
		c.Entries++
		return nil
	})
	if err != nil {
		return err
	}
	return settle()
}

// owns reports whether the entry keeps all others from its row.
func owns(s *crosswalk.Saved) bool {
	return (s.Role == crosswalk.RoleCreated || s.Role == crosswalk.RoleAdopted) && s.State != crosswalk.StateDeleted && s.State != crosswalk.StateRolledBack
}

// settle compares entries of one entity and table.
func (c *comparing) settle(batch []crosswalk.Saved) error {
	store, err := c.store(batch[0].Entity, batch[0].Table)
	if err != nil {
		return err
	}
	keys := make([]string, len(batch))
	var claimed []string
	for i := range batch {
		if keys[i] = batch[i].SourceKey; owns(&batch[i]) {
			claimed = append(claimed, batch[i].TargetKey)
		}
	}
	known, err := store.LookupBatch(c.ctx, c.tx, keys)
	if err != nil {
		return err
	}
	owners, err := store.Owners(c.ctx, c.tx, claimed)
	if err != nil {
		return err
	}
	entity, table := c.names[batch[0].Entity], c.file.Header.Tables[batch[0].Table].Name
	var missing []crosswalk.Saved
	taken := map[string]record.Ref{} // rows of those that are missing
	for i := range batch {
		s := &batch[i]
		ref := record.Ref{Entity: entity, Key: s.SourceKey}
		row, there := known[s.SourceKey]
		owner, owned := owners[s.TargetKey]
		if !owned {
			owner, owned = taken[s.TargetKey]
		}
		if there {
			c.held++
		}
		switch {
		case there && row.TableID != store.TableID:
			other, err := c.tableName(row.TableID)
			if err != nil {
				return err
			}
			c.Conflicts.add(ref, "%s: row %s of %s is not row %s of %s", ref, row.TargetKey, other, s.TargetKey, table)
		case there && row.TargetKey != s.TargetKey:
			c.Conflicts.add(ref, "%s: %s is not %s", ref, row.TargetKey, s.TargetKey)
		case there:
			if c.Same++; row.State != s.State || row.Role != s.Role || row.HasHash != s.HasHash || row.Hash != s.Hash {
				c.Changed++
			}
		case owned && owns(s):
			c.Conflicts.add(ref, "%s of %s is claimed by %s and %s", s.TargetKey, table, owner, ref)
		default:
			if c.claims != nil && owns(s) {
				other, first, err := c.claims.claim(table, ref, s.TargetKey)
				if err != nil {
					return err
				}
				if !first {
					c.Conflicts.add(ref, "%s of %s is claimed by %s and %s", s.TargetKey, table, other, ref)
					continue
				}
			}
			c.Missing.add(ref, "%s: row %s of %s", ref, s.TargetKey, table)
			missing = append(missing, *s)
			if owns(s) {
				taken[s.TargetKey] = ref
			}
		}
	}
	if c.missing == nil || len(missing) == 0 {
		return nil
	}
	return c.missing(store, missing)
}

func (c *comparing) tableName(id int64) (string, error) {
	row, found, err := c.books.One(c.ctx, c.tx, "SELECT name FROM {target_table} WHERE id = ?", id)
	if err != nil || !found {
		return "an unknown table", err
	}
	return row[0].String(), nil
}

// countSince counts what the books have beyond the backup.
func (c *comparing) countSince() error {
	row, _, err := c.books.One(c.ctx, c.tx, "SELECT count(*) FROM {crosswalk} c JOIN {entity} e ON e.id = c.entity_id WHERE e.migration = ?", c.file.Header.Migration)
	if err != nil {
		return err
	}
	c.Since = row[0].Int() - c.held
	return nil
}
