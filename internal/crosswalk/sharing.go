package crosswalk

import (
	"context"
	"fmt"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Sharer is an entry that says of its record that it is in a row which another
// entry owns, or nobody here: an alias or a link.
type Sharer struct {
	record.Ref
	Migration string
	TargetKey string
	LastRun   int64
	Run       string // the name of that run
}

// sharing is the condition of the index over sharers, word for word, so that the
// database can use it.
func (s *Store) sharing(prefix string) string {
	return fmt.Sprintf("%stable_id = %d AND %srole IN ('s', 'l') AND %sstate IN ('l', 'p')", prefix, s.TableID, prefix, prefix)
}

// EnsureSharing builds the index of the table's sharers, of which there are few
// or none. missing is as in EnsureReverse.
func (s *Store) EnsureSharing(ctx context.Context, tx sqldb.Tx) (missing bool, err error) {
	return s.ensureIndex(ctx, tx, "INDEX", "landfall_crosswalk_sharing", s.sharing(""))
}

// Sharers finds, of whatever entity and migration, who is in the given rows of
// this entity's table since another run than the given one: a later one, or one
// of another migration. With same it finds who is so since that very run. Of
// each row it tells of so many.
func (s *Store) Sharers(ctx context.Context, tx sqldb.Tx, targetKeys []string, run int64, same bool, most int) (sharers []Sharer, err error) {
	if len(targetKeys) == 0 {
		return nil, nil
	}
	dialect := s.books.Dialect()
	if err := sqldb.PreferIndexes(ctx, tx, dialect, false); err != nil { // the index may be missing
		return nil, err
	}
	defer func() {
		if err == nil {
			err = sqldb.PreferIndexes(ctx, tx, dialect, true)
		}
	}()
	since := fmt.Sprintf("c.last_run = %d", run)
	if !same {
		since = fmt.Sprintf("(c.last_run > %d OR c.last_run < %[1]d AND e.migration <> (SELECT o.migration FROM %[2]s o WHERE o.id = %[3]d))", run, s.books.Table("entity"), s.EntityID)
	}
	relation, args := s.keyRelation(targetKeys)
	err = sqldb.Each(ctx, tx, func(values []record.Value) error {
		sharers = append(sharers, Sharer{
			Ref: record.Ref{Entity: values[1].String(), Key: values[2].String()}, TargetKey: values[0].String(),
			Migration: values[3].String(), LastRun: values[4].Int(), Run: values[5].String(),
		})
		return nil
	}, fmt.Sprintf(`SELECT target_key, entity, source_key, migration, last_run, run FROM (
  SELECT c.target_key, e.name AS entity, c.source_key, e.migration, c.last_run, r.name AS run,
    row_number() OVER (PARTITION BY c.target_key ORDER BY c.last_run, e.name, c.source_key) AS nth
  FROM %s %s %s c ON c.target_key = k.c0 AND %s JOIN %s e ON e.id = c.entity_id JOIN %s r ON r.id = c.last_run WHERE %s) AS numbered
WHERE nth <= %d ORDER BY target_key, nth`,
		relation, dialect.LookupJoin(), s.books.Table("crosswalk"), s.sharing("c."), s.books.Table("entity"), s.books.Table("run"), since, most), args...)
	return sharers, err
}
