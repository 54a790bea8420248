package crosswalk

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Taking writes entries of a backup into the books under the numbers that the
// books have for what the backup names by its own.
type Taking struct {
	books  *books.Books
	header *BackupHeader
	runs   []int64 // by places in the header, one higher; 0 where the books do not know the run
	shapes []int64
	self   int64 // the run that takes
}

// Take prepares taking entries for a run. What the backup says of keys that were
// given out, the books say from then on, too.
func Take(ctx context.Context, tx sqldb.Tx, b *books.Books, header *BackupHeader, runID int64) (*Taking, error) {
	t := &Taking{books: b, header: header, self: runID, runs: make([]int64, len(header.Runs)+1), shapes: make([]int64, len(header.Shapes)+1)}
	for i, run := range header.Runs {
		row, found, err := b.One(ctx, tx, "SELECT id FROM {run} WHERE migration = ? AND name = ? AND mode = ? AND started_at = ? AND mapping_hash = ?",
			header.Migration, run.Name, run.Mode, run.StartedAt, run.MappingHash)
		if err != nil {
			return nil, err
		}
		if found {
			t.runs[i+1] = row[0].Int()
		}
	}
	for _, space := range header.Spaces {
		if _, err := b.Exec(ctx, tx, "INSERT INTO {key_space} (name, used_high, run_id) VALUES (?, ?, 0) ON CONFLICT (name) DO NOTHING", space.Name, space.UsedHigh); err != nil {
			return nil, err
		}
		if _, err := b.Exec(ctx, tx, "UPDATE {key_space} SET used_high = ?, spare = NULL WHERE name = ? AND used_high < ?", space.UsedHigh, space.Name, space.UsedHigh); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Table raises what the books remember of keys of the store's table to what the
// backup does.
func (t *Taking) Table(ctx context.Context, tx sqldb.Tx, store *Store, place int) error {
	high := t.header.Tables[place].KeyHigh
	_, err := t.books.Exec(ctx, tx, "UPDATE {target_table} SET key_high = ? WHERE id = ? AND key_high < ?", high, store.TableID, high)
	return err
}

// Knows reports whether the books know the run at a place, as Saved counts them.
func (t *Taking) Knows(run int) bool { return t.runs[run] != 0 }

// Put writes entries, all of the store's entity and table. Those of runs that the
// books do not know belong to the run that takes them.
func (t *Taking) Put(ctx context.Context, tx sqldb.Tx, store *Store, saved []Saved) error {
	rows := make([]Row, len(saved))
	for i := range saved {
		s := &saved[i]
		row := s.Row
		row.FirstRun, row.LastRun = t.runs[s.First], t.runs[s.Last]
		if row.FirstRun == 0 || row.LastRun == 0 {
			row.LastRun = t.self
		}
		if row.FirstRun == 0 {
			row.FirstRun = t.self
		}
		var err error
		if row.ShapeID, err = t.shape(ctx, tx, store, s.Shape); err != nil {
			return err
		}
		if row.Once.ShapeID, err = t.shape(ctx, tx, store, s.OnceShape); err != nil {
			return err
		}
		if s.Scope != "" {
			return fmt.Errorf("the entry of %s has a scope, which this program does not know how to restore: use a newer landfall", s.SourceKey)
		}
		rows[i] = row
	}
	return store.Insert(ctx, tx, rows)
}

// shape finds or makes the number of a shape of the backup.
func (t *Taking) shape(ctx context.Context, tx sqldb.Tx, store *Store, place int) (int64, error) {
	if place == 0 || t.shapes[place] != 0 {
		return t.shapes[place], nil
	}
	s := &t.header.Shapes[place-1]
	id, err := number(ctx, tx, t.books, "shape", "entity_id = ? AND table_id = ? AND encoding = ? AND columns = ?",
		[]any{store.EntityID, store.TableID, s.Encoding, s.Columns},
		"INSERT INTO {shape} (id, entity_id, table_id, encoding, columns) VALUES (?, ?, ?, ?, ?)")
	t.shapes[place] = id
	return id, err
}

// OtherHolders finds, of the target keys, those that a record of whatever entity
// points at: linked rows and those of aliases.
func (s *Store) OtherHolders(ctx context.Context, tx sqldb.Tx, targetKeys []string) (map[string]record.Ref, error) {
	holders := map[string]record.Ref{}
	if len(targetKeys) == 0 {
		return holders, nil
	}
	relation, args := s.keyRelation(targetKeys)
	err := sqldb.Each(ctx, tx, func(values []record.Value) error {
		holders[values[0].String()] = record.Ref{Entity: values[1].String(), Key: values[2].String()}
		return nil
	}, fmt.Sprintf("SELECT c.target_key, e.name, c.source_key FROM %s %s %s c ON c.target_key = k.c0 AND %s JOIN %s e ON e.id = c.entity_id",
		relation, s.books.Dialect().LookupJoin(), s.books.Table("crosswalk"), s.sharing("c."), s.books.Table("entity")), args...)
	return holders, err
}
