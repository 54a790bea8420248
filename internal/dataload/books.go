package dataload

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/ledger"
	"landfall/internal/sqldb"
)

// bookkeeping is the books of one API and type, open for reading.
type bookkeeping struct {
	ctx  context.Context
	tx   sqldb.Tx
	l    *ledger.Ledger
	runs []*ledger.Run // newest first
}

func (b *bookkeeping) find(name string) (*ledger.Run, error) {
	for _, r := range b.runs {
		if r.Name == name {
			return r, nil
		}
	}
	return nil, fmt.Errorf("the books know nothing of run %s", name)
}

// books opens them in a snapshot of its own.
func (l *loading) books(ctx context.Context, within func(*bookkeeping) error) error {
	return readBooks(ctx, l.m.OpenTarget, l.m.File.Name, within)
}

func readBooks(ctx context.Context, open func(context.Context) (sqldb.DB, error), migration string, within func(*bookkeeping) error) error {
	db, err := open(ctx)
	if err != nil {
		return err
	}
	return readBooksOf(ctx, db, migration, within)
}

// readBooksOf closes the connection in the end.
func readBooksOf(ctx context.Context, db sqldb.DB, migration string, within func(*bookkeeping) error) error {
	defer db.Close(ctx)
	kept, err := books.New(db.Dialect())
	if err != nil {
		return err
	}
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	b := &bookkeeping{ctx: ctx, tx: tx, l: ledger.New(kept)}
	if b.runs, err = b.l.Runs(ctx, tx, migration); err != nil {
		return err
	}
	return within(b)
}

// newest is the newest run, or nil where there was none.
func (l *loading) newest(ctx context.Context) (*ledger.Run, error) {
	present, err := books.Present(ctx, l.m.Looker())
	if err != nil || present == 0 {
		return nil, err
	}
	var newest *ledger.Run
	err = l.books(ctx, func(b *bookkeeping) error {
		if len(b.runs) > 0 {
			newest = b.runs[0]
		}
		return nil
	})
	return newest, err
}

// untold reports whether the newest run, of this very file and mapping, came to
// its end and was killed before its files were written: the same command writes
// them, and does not load the file once more.
func (l *loading) untold(ctx context.Context, newest *ledger.Run) (bool, error) {
	if newest == nil || !newest.State.Ended() || !newest.Reads() || newest.MappingHash != l.m.File.Hash {
		return false, nil
	}
	written, err := told(l.path, newest.Name)
	if err != nil || written {
		return false, err
	}
	facts, err := l.m.Entities[0].Origin.Fingerprint(ctx)
	if err != nil {
		return false, err
	}
	same := true
	err = l.books(ctx, func(b *bookkeeping) error {
		entities, err := b.l.Entities(ctx, b.tx, newest.ID)
		if err != nil || len(entities) != 1 || len(entities[0].Input) != len(facts) {
			same = false
			return err
		}
		for i, fact := range entities[0].Input {
			same = same && fact == ledger.Fact(facts[i])
		}
		return nil
	})
	return same, err
}
