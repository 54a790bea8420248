package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"landfall/internal/books"
	"landfall/internal/connector/sqlite"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// shadow is what a foreseen run writes to in place of the target: books of its
// own, which stand before the target's, and rows that stand before the target's
// rows. Both are in a scratch database on disk. The target itself is only read,
// in snapshots of one batch each.
type shadow struct {
	m        *migration.Migration
	dir      string
	db       sqldb.DB // the scratch database
	books    *books.Books
	behind   *books.Books // the target's; nil where it has none
	spelled  *books.Books // the target's, whether it has them or not
	there    *target.Loader
	tables   map[string]*shadowTable // by the table's name
	nextKeys map[string]int64        // by key space
	ends     map[string]*ends        // of entities whose circle is not settled yet
	// tell is told the end of every record.
	tell func(*Forecast) error
}

// newShadow makes the scratch database in dir, with what the target's books say
// of entities, tables, shapes and runs. The rest is brought in as it is asked for.
func newShadow(ctx context.Context, m *migration.Migration, o Options, dir string, waiting func(sqldb.Fault, time.Duration)) (_ *shadow, err error) {
	s := &shadow{m: m, dir: dir, tables: map[string]*shadowTable{}, ends: map[string]*ends{}, nextKeys: map[string]int64{}}
	if s.db, err = sqlite.Scratch(ctx, dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(ctx))
		}
	}()
	if s.books, err = books.New(s.db.Dialect()); err != nil {
		return nil, err
	}
	dialect := m.Looker().Dialect()
	s.there = &target.Loader{Open: m.OpenTarget, Dialect: dialect, Patience: o.Patience, Waiting: waiting}
	present, err := books.Present(ctx, m.Looker())
	if err != nil {
		return nil, err
	}
	if present > books.Version {
		return nil, books.NewerError(present)
	}
	if s.spelled, err = books.New(dialect); err != nil {
		return nil, err
	}
	if present > 0 {
		s.behind = s.spelled
	}
	tx, err := s.db.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if err := books.Ensure(ctx, tx, s.db.Dialect(), 0); err != nil {
		return nil, err
	}
	for _, statement := range shadowTables {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	if s.behind != nil {
		if err := s.there.Look(ctx, func(ctx context.Context, there sqldb.Tx) error { return s.copyNames(ctx, tx, there) }); err != nil {
			return nil, fmt.Errorf("reading the target's books: %w", err)
		}
	}
	// What the scratch books number themselves must never be taken for something
	// that the target's books number meanwhile.
	for _, statement := range []string{
		fmt.Sprintf("INSERT INTO {entity} (id, migration, name) VALUES (%d, '', '')", books.FirstOwn),
		fmt.Sprintf("INSERT INTO {target_table} (id, name, key_high) VALUES (%d, '', 0)", books.FirstOwn),
		fmt.Sprintf("INSERT INTO {shape} (id, entity_id, table_id, encoding, columns) VALUES (%d, 0, 0, 0, '')", books.FirstOwn),
	} {
		if _, err := s.books.Exec(ctx, tx, statement); err != nil {
			return nil, err
		}
	}
	return s, tx.Commit(ctx)
}

// copyNames copies the tables of the books that hold a few rows each.
func (s *shadow) copyNames(ctx context.Context, tx, there sqldb.Tx) error {
	for _, name := range []string{"entity", "target_table", "shape", "run"} {
		if _, err := s.books.Exec(ctx, tx, "DELETE FROM {"+name+"}"); err != nil { // an earlier look may have broken off half-way
			return err
		}
		layout := books.LayoutOf(name)
		list := strings.Join(layout.Columns, ", ")
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(layout.Columns)), ", ")
		err := s.behind.Query(ctx, there, func(row []record.Value) error {
			args := make([]any, len(row))
			for i := range row {
				args[i] = row[i]
			}
			_, err := s.books.Exec(ctx, tx, "INSERT INTO {"+name+"} ("+list+") VALUES ("+marks+")", args...)
			return err
		}, "SELECT "+list+" FROM {"+name+"}")
		if err != nil {
			return err
		}
	}
	return nil
}

// Close removes the scratch database.
func (s *shadow) Close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if s.there != nil {
		s.there.Close(ctx)
	}
	return errors.Join(s.db.Close(ctx), os.RemoveAll(s.dir))
}

// shadowTx is a transaction of the scratch database beside a snapshot of the
// target. Statements go to the scratch database.
type shadowTx struct {
	sqldb.Tx
	shadow *shadow
	there  sqldb.Tx
}

// Behind implements books.Front.
func (t *shadowTx) Behind() (*books.Books, sqldb.Tx) { return t.shadow.behind, t.there }

// There implements books.Front.
func (t *shadowTx) There() (*books.Books, sqldb.Tx) { return t.shadow.spelled, t.there }

var _ books.Front = (*shadowTx)(nil)

// Land implements target.Transactions: what within writes goes to the scratch
// database, together with what is told of a batch at its end.
func (s *shadow) Land(ctx context.Context, within func(context.Context, target.Attempt) error, _ func(context.Context, sqldb.Tx) (bool, error)) error {
	return s.asking(ctx, func(ctx context.Context, tx *shadowTx) error { return within(ctx, target.Attempt{Tx: tx}) })
}

// Look implements target.Transactions.
func (s *shadow) Look(ctx context.Context, within func(context.Context, sqldb.Tx) error) error {
	return s.asking(ctx, func(ctx context.Context, tx *shadowTx) error { return within(ctx, tx) })
}

// asking is both, of which questions to an API are asked between transactions.
func (s *shadow) asking(ctx context.Context, work func(context.Context, *shadowTx) error) error {
	return lookAsking(ctx, &asks{}, func(ctx context.Context) error { return s.both(ctx, true, work) })
}

// both runs work in a snapshot of the target and a transaction of the scratch
// database; even a look brings entries in.
func (s *shadow) both(ctx context.Context, keep bool, work func(context.Context, *shadowTx) error) error {
	return s.there.Look(ctx, func(ctx context.Context, there sqldb.Tx) error {
		if err := sqldb.PreferIndexes(ctx, there, s.m.Looker().Dialect(), true); err != nil {
			return err
		}
		tx, err := s.db.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(context.WithoutCancel(ctx))
		if err := work(ctx, &shadowTx{Tx: tx, shadow: s, there: there}); err != nil || !keep {
			return err
		}
		return tx.Commit(ctx)
	})
}

var _ target.Transactions = (*shadow)(nil)
