package crosswalk

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Store is the crosswalk of one entity of one migration.
type Store struct {
	books    *books.Books
	EntityID int64
	TableID  int64
	// RunID is the run that writes: entries that it changes are kept as they were
	// before it, so that it can be rolled back. 0 keeps none.
	RunID   int64
	columns []sqldb.Column

	stretches stretches

	// Of books that stand before others, see behind.
	back                *Store
	asked, empty        bool
	askedCalled, called bool
}

// textColumn is a column of the books, for Relation and BulkInsert.
func textColumn(name string) sqldb.Column {
	return sqldb.Column{Name: name, Type: record.Type{Kind: record.KindText, Native: "text"}}
}

func shortColumn(name string) sqldb.Column {
	return sqldb.Column{Name: name, Type: record.Type{Kind: record.KindInt, Bits: 32, Native: "integer"}}
}

func intColumn(name string) sqldb.Column {
	return sqldb.Column{Name: name, Type: record.Type{Kind: record.KindInt, Bits: 64, Native: "bigint"}}
}

func bytesColumn(name string) sqldb.Column {
	return sqldb.Column{Name: name, Type: record.Type{Kind: record.KindBytes, Native: "bytea"}}
}

var rowColumns = []sqldb.Column{
	shortColumn("entity_id"), textColumn("source_key"), shortColumn("table_id"), textColumn("target_key"),
	textColumn("role"), textColumn("state"), bytesColumn("hash"), shortColumn("shape_id"),
	shortColumn("first_run"), shortColumn("last_run"), intColumn("record_no"), textColumn("survivor"),
}

const rowList = "c.source_key, c.table_id, c.target_key, c.role, c.state, c.hash, c.shape_id, c.first_run, c.last_run, c.record_no, c.survivor"

// Open finds or makes the numbers by which the books know the entity and its
// target table.
func Open(ctx context.Context, tx sqldb.Tx, b *books.Books, migration, entity, table string) (*Store, error) {
	entityID, err := EntityID(ctx, tx, b, migration, entity, true)
	if err != nil {
		return nil, err
	}
	tableID, err := number(ctx, tx, b, "target_table", "name = ?", []any{table},
		"INSERT INTO {target_table} (id, name, key_high) VALUES (?, ?, 0)")
	if err != nil {
		return nil, err
	}
	return &Store{books: b, EntityID: entityID, TableID: tableID, columns: rowColumns}, nil
}

// Find is Open for who may not write: what the books do not know has the number
// 0, and so nothing is found of it.
func Find(ctx context.Context, tx sqldb.Tx, b *books.Books, migration, entity, table string) (*Store, error) {
	entityID, err := EntityID(ctx, tx, b, migration, entity, false)
	if err != nil {
		return nil, err
	}
	tableID, err := number(ctx, tx, b, "target_table", "name = ?", []any{table}, "")
	return &Store{books: b, EntityID: entityID, TableID: tableID, columns: rowColumns}, err
}

// EntityID is the number of a migration's entity; with make it is given one
// where it has none, else 0 says that the books do not know it.
func EntityID(ctx context.Context, tx sqldb.Tx, b *books.Books, migration, entity string, make bool) (int64, error) {
	insert := ""
	if make {
		insert = "INSERT INTO {entity} (id, migration, name) VALUES (?, ?, ?)"
	}
	return number(ctx, tx, b, "entity", "migration = ? AND name = ?", []any{migration, entity}, insert)
}

// number looks up an id and inserts the next one where there is none. The
// lease keeps two runs of one migration from doing so at once; two migrations
// that meet here meet the table's unique rule and one of them tries again.
func number(ctx context.Context, tx sqldb.Tx, b *books.Books, table, where string, args []any, insert string) (int64, error) {
	row, found, err := b.One(ctx, tx, "SELECT id FROM {"+table+"} WHERE "+where, args...)
	if err != nil || found {
		if found {
			return row[0].Int(), err
		}
		return 0, err
	}
	if insert == "" {
		return 0, nil
	}
	row, _, err = b.One(ctx, tx, "SELECT coalesce(max(id), 0) + 1 FROM {"+table+"}")
	if err != nil {
		return 0, err
	}
	_, err = b.Exec(ctx, tx, insert, append([]any{row[0].Int()}, args...)...)
	return row[0].Int(), err
}

// ShapeID is the number of a list of hashed columns (a JSON array, in name
// order) of this entity and table.
func (s *Store) ShapeID(ctx context.Context, tx sqldb.Tx, columns string) (int64, error) {
	return number(ctx, tx, s.books, "shape", "entity_id = ? AND table_id = ? AND encoding = ? AND columns = ?",
		[]any{s.EntityID, s.TableID, int64(record.HashEncoding), columns},
		"INSERT INTO {shape} (id, entity_id, table_id, encoding, columns) VALUES (?, ?, ?, ?, ?)")
}

// KnownShape is ShapeID for who may not write; 0 says that the books do not know
// the list.
func (s *Store) KnownShape(ctx context.Context, tx sqldb.Tx, columns string) (int64, error) {
	return number(ctx, tx, s.books, "shape", "entity_id = ? AND table_id = ? AND encoding = ? AND columns = ?",
		[]any{s.EntityID, s.TableID, int64(record.HashEncoding), columns}, "")
}

// ShapeColumns reads back what a shape's number stands for.
func ShapeColumns(ctx context.Context, tx sqldb.Tx, b *books.Books, id int64) (string, error) {
	row, found, err := b.One(ctx, tx, "SELECT columns FROM {shape} WHERE id = ?", id)
	if err != nil || !found {
		return "", fmt.Errorf("shape %d is not in the books: %w", id, err)
	}
	return row[0].String(), nil
}

// Any reports whether the entity has any entry at all; a first load has none
// and needs no look-ups.
func (s *Store) Any(ctx context.Context, tx sqldb.Tx) (bool, error) {
	_, found, err := s.books.One(ctx, tx, "SELECT 1 FROM {crosswalk} WHERE entity_id = ? LIMIT 1", s.EntityID)
	return s.orBehind(tx, found, err, func(back *Store, behind sqldb.Tx) (bool, error) { return back.Any(ctx, behind) })
}

// AnyBefore reports whether a run before the given one has landed records of
// the entity.
func (s *Store) AnyBefore(ctx context.Context, tx sqldb.Tx, runID int64) (bool, error) {
	_, found, err := s.books.One(ctx, tx, "SELECT 1 FROM {crosswalk} WHERE entity_id = ? AND first_run < ? LIMIT 1", s.EntityID, runID)
	return s.orBehind(tx, found, err, func(back *Store, behind sqldb.Tx) (bool, error) { return back.AnyBefore(ctx, behind, runID) })
}

// Lookup finds the entries of the keys, by source key.
func (s *Store) Lookup(ctx context.Context, tx sqldb.Tx, keys []string) (map[string]Row, error) {
	if err := s.bringIn(ctx, tx, keys); err != nil {
		return nil, err
	}
	return s.lookup(ctx, tx, keys)
}

// lookup is Lookup in these books alone.
func (s *Store) lookup(ctx context.Context, tx sqldb.Tx, keys []string) (map[string]Row, error) {
	found := make(map[string]Row, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	relation, args := s.keyRelation(keys)
	query := fmt.Sprintf("SELECT %s FROM %s c WHERE %s",
		rowList, s.books.Table("crosswalk"), s.lookedUp("crosswalk", 0, relation))
	err := sqldb.Each(ctx, tx, func(values []record.Value) error {
		row := scanRow(values)
		found[row.SourceKey] = row
		return nil
	}, query, args...)
	return found, err
}

// Owners finds the created and adopted entries, of whatever entity, that own
// the given rows of this entity's table, by target key.
func (s *Store) Owners(ctx context.Context, tx sqldb.Tx, targetKeys []string) (owners map[string]record.Ref, err error) {
	owners = make(map[string]record.Ref, len(targetKeys))
	if len(targetKeys) == 0 {
		return owners, nil
	}
	if err := s.bringInOwners(ctx, tx, targetKeys); err != nil {
		return nil, err
	}
	// On a first load the reverse index is not there yet.
	dialect := s.books.Dialect()
	if err := sqldb.PreferIndexes(ctx, tx, dialect, false); err != nil {
		return nil, err
	}
	defer func() {
		if err == nil {
			err = sqldb.PreferIndexes(ctx, tx, dialect, true)
		}
	}()
	relation, args := s.keyRelation(targetKeys)
	query := fmt.Sprintf("SELECT c.target_key, e.name, c.source_key FROM %s %s %s c ON c.target_key = k.c0 AND %s JOIN %s e ON e.id = c.entity_id",
		relation, dialect.LookupJoin(), s.books.Table("crosswalk"), s.owning("c."), s.books.Table("entity"))
	err = sqldb.Each(ctx, tx, func(values []record.Value) error {
		owners[values[0].String()] = record.Ref{Entity: values[1].String(), Key: values[2].String()}
		return nil
	}, query, args...)
	return owners, err
}

// OthersOwners finds, of the target keys, those whose rows belong to records of
// other migrations, and which migrations these are.
func (s *Store) OthersOwners(ctx context.Context, tx sqldb.Tx, targetKeys []string) (map[string]string, error) {
	migrations := map[string]string{}
	if len(targetKeys) == 0 {
		return migrations, nil
	}
	if err := s.bringInOwners(ctx, tx, targetKeys); err != nil {
		return nil, err
	}
	relation, args := s.keyRelation(targetKeys)
	err := sqldb.Each(ctx, tx, func(values []record.Value) error {
		migrations[values[0].String()] = values[1].String()
		return nil
	}, fmt.Sprintf("SELECT c.target_key, e.migration FROM %s %s %s c ON c.target_key = k.c0 AND %s JOIN %s e ON e.id = c.entity_id AND e.migration <> (SELECT o.migration FROM %[5]s o WHERE o.id = %[6]d)",
		relation, s.books.Dialect().LookupJoin(), s.books.Table("crosswalk"), s.owning("c."), s.books.Table("entity"), s.EntityID), args...)
	return migrations, err
}

// Owned reports whether any entry, of whatever entity, owns a row of the table.
func (s *Store) Owned(ctx context.Context, tx sqldb.Tx) (bool, error) {
	_, found, err := s.books.One(ctx, tx, "SELECT 1 FROM {crosswalk} WHERE "+s.owning("")+" LIMIT 1")
	return s.orBehind(tx, found, err, func(back *Store, behind sqldb.Tx) (bool, error) { return back.Owned(ctx, behind) })
}

// owning is the condition of the reverse index, word for word, so that the
// database can use it.
func (s *Store) owning(prefix string) string {
	return fmt.Sprintf("%stable_id = %d AND %srole IN ('c', 'a') AND %sstate IN ('r', 'l', 'p', 'h')", prefix, s.TableID, prefix, prefix) // as in books.ByHand
}

// EnsureReverse builds the reverse index of the table: one source record per
// created or adopted row. It is asked for when an entity ends, since building
// it once costs less than keeping it during the first load. missing reports
// that only the crosswalk's owner may build it; look-ups find the same then,
// by the index that books.ByHand makes or by reading the whole crosswalk.
func (s *Store) EnsureReverse(ctx context.Context, tx sqldb.Tx) (missing bool, err error) {
	return s.ensureIndex(ctx, tx, "UNIQUE INDEX", "landfall_crosswalk_target", s.owning(""))
}

// ensureIndex builds an index over target keys of the table's entries.
func (s *Store) ensureIndex(ctx context.Context, tx sqldb.Tx, kind, name, condition string) (missing bool, err error) {
	if _, err := tx.Exec(ctx, "SAVEPOINT landfall_index"); err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, fmt.Sprintf("CREATE %s IF NOT EXISTS %s ON %s (target_key) WHERE %s",
		kind, s.books.Dialect().Quote(fmt.Sprintf("%s_%d", name, s.TableID)), s.books.Table("crosswalk"), condition))
	if err != nil {
		if !sqldb.IsDenied(err) {
			return false, err
		}
		if _, err := tx.Exec(ctx, "ROLLBACK TO SAVEPOINT landfall_index"); err != nil {
			return false, err
		}
		missing = true
	}
	_, err = tx.Exec(ctx, "RELEASE SAVEPOINT landfall_index")
	return missing, err
}

func (s *Store) keyRelation(keys []string) (string, []any) {
	rows := make([][]record.Value, len(keys))
	cells := make([]record.Value, len(keys))
	for i, key := range keys {
		cells[i] = record.Text(key)
		rows[i] = cells[i : i+1 : i+1]
	}
	return s.books.Dialect().Relation("k", []sqldb.Column{textColumn("source_key")}, rows, 1)
}

func scanRow(values []record.Value) Row {
	row := Row{
		SourceKey: values[0].String(), TableID: values[1].Int(), TargetKey: values[2].String(),
		Role: Role(values[3].String()), State: State(values[4].String()), ShapeID: values[6].Int(),
		FirstRun: values[7].Int(), LastRun: values[8].Int(), RecordNo: values[9].Int(), Survivor: values[10].String(),
	}
	row.readHashes(values[5].Raw())
	return row
}
