package reconcile

import (
	"context"
	"encoding/json"
	"errors"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/dedupe"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/target"
	"landfall/internal/verdict"
)

// notes is where a reconciliation keeps what it found: the books, or a file that
// is gone afterwards where those may not be written.
type notes interface {
	// note writes the entity as it stands and what was found; with instead, in
	// place of what was found of that verdict.
	note(ctx context.Context, e *verdict.Entity, instead verdict.Verdict, found verdict.Found) error
	end(ctx context.Context, state verdict.State, message string) error
	each(ctx context.Context, each func(*verdict.Difference) error) error
	close(ctx context.Context) error
}

// openBooks starts or resumes in the books, or opens a file where they may not
// be written.
func (w *work) openBooks(ctx context.Context, wanted *verdict.Reconciliation, entities []*verdict.Entity) (kept bool, err error) {
	err = run.PrepareBooks(ctx, w.m.Looker())
	if err == nil {
		w.version = books.Version
		err = w.startOrResume(ctx, wanted, entities)
	}
	if err == nil {
		return true, nil
	}
	if !w.isDenied(err) {
		return false, err
	}
	file, fileErr := newFileNotes(w.o.TempDir)
	if fileErr != nil {
		return false, fileErr
	}
	wanted.Name, wanted.State = w.of.Name+"-check", verdict.Running
	w.notes, w.entities = file, entities
	return false, nil
}

func (w *work) startOrResume(ctx context.Context, wanted *verdict.Reconciliation, entities []*verdict.Entity) error {
	b := w.ledger.Books()
	n := &bookNotes{
		store: verdict.New(b), was: map[int64]string{},
		loader: &target.Loader{Open: w.m.OpenTarget, Dialect: b.Dialect(), Patience: w.o.Patience},
	}
	// Whoever holds the mark may write: of two processes that go on with one
	// reconciliation, the first to note something finds out.
	mark := run.NewMark()
	err := n.loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		w.entities, w.result.Resumed, w.anew = nil, false, ""
		if err := w.lookAtBooks(ctx, a.Tx, wanted); err != nil {
			return err
		}
		before, known, err := w.unfinished(ctx, a.Tx, n.store, wanted, entities)
		if err != nil {
			return err
		}
		if before != nil {
			*wanted = *before
			wanted.State = verdict.Running
			w.entities, w.result.Resumed = known, true
			for i, e := range known {
				e.Input = entities[i].Input
				was := e.Position
				e.Position = placeOf(was).goneOnWith().by(mark).String()
				if err := n.store.Note(ctx, a.Tx, wanted.ID, e, was, "", verdict.None); err != nil {
					return err
				}
			}
			return n.store.SetState(ctx, a.Tx, wanted.ID, verdict.Running, "")
		}
		for _, e := range entities {
			if e.ID == 0 { // no run knows it
				if e.ID, err = crosswalk.EntityID(ctx, a.Tx, b, wanted.Migration, e.Name, true); err != nil {
					return err
				}
			}
			e.Position = place{Slice: -1, Ordinal: -1}.by(mark).String()
		}
		w.entities = entities
		return n.store.Start(ctx, a.Tx, wanted, w.of.Name, entities)
	}, func(ctx context.Context, tx sqldb.Tx) (bool, error) { return false, nil })
	if err != nil {
		n.loader.Close(ctx)
		return err
	}
	n.of = wanted
	for _, e := range w.entities {
		n.was[e.ID] = e.Position
	}
	w.notes = n
	return nil
}

// bookNotes are kept in the books.
type bookNotes struct {
	store  *verdict.Store
	loader *target.Loader
	of     *verdict.Reconciliation
	was    map[int64]string // position as the books say it
}

func (n *bookNotes) note(ctx context.Context, e *verdict.Entity, instead verdict.Verdict, found verdict.Found) error {
	err := n.loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		return n.store.Note(ctx, a.Tx, n.of.ID, e, n.was[e.ID], instead, found)
	}, func(ctx context.Context, tx sqldb.Tx) (bool, error) {
		// The answer to the commit was lost: the position tells whether it is there.
		entities, err := n.store.Entities(ctx, tx, n.of.ID)
		for _, stored := range entities {
			if stored.ID == e.ID {
				return stored.Position == e.Position, err
			}
		}
		return false, err
	})
	if err == nil {
		n.was[e.ID] = e.Position
	}
	return err
}

func (n *bookNotes) end(ctx context.Context, state verdict.State, message string) error {
	return n.loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		return n.store.SetState(ctx, a.Tx, n.of.ID, state, message)
	}, func(context.Context, sqldb.Tx) (bool, error) { return false, nil })
}

func (n *bookNotes) each(ctx context.Context, each func(*verdict.Difference) error) error {
	db, err := n.loader.DB(ctx)
	if err != nil {
		return err
	}
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	return n.store.Differences(ctx, tx, n.of.ID, each)
}

func (n *bookNotes) close(ctx context.Context) error {
	n.loader.Close(ctx)
	return nil
}

// fileNotes are gone when the process ends.
type fileNotes struct {
	dir   string
	found *dedupe.Spool
}

func newFileNotes(dir string) (*fileNotes, error) {
	spool, err := dedupe.NewSpool(dir)
	return &fileNotes{dir: dir, found: spool}, err
}

func (n *fileNotes) note(_ context.Context, e *verdict.Entity, instead verdict.Verdict, found verdict.Found) error {
	if instead != "" {
		kept, err := dedupe.NewSpool(n.dir)
		if err != nil {
			return err
		}
		err = n.each(context.Background(), func(d *verdict.Difference) error {
			if d.Entity == e.Name && d.Verdict == instead {
				return nil
			}
			return appendDifference(kept, d)
		})
		if err = errors.Join(err, n.found.Close()); err != nil {
			return errors.Join(err, kept.Close())
		}
		n.found = kept
	}
	for d, err := range found {
		if err == nil {
			err = appendDifference(n.found, d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *fileNotes) end(context.Context, verdict.State, string) error { return nil }

func (n *fileNotes) each(_ context.Context, each func(*verdict.Difference) error) error {
	for d, err := range spooled(n.found) {
		if err == nil {
			err = each(d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *fileNotes) close(context.Context) error { return n.found.Close() }

func appendDifference(spool *dedupe.Spool, d *verdict.Difference) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return spool.Append(text)
}

// spooled reads differences back from a file.
func spooled(spool *dedupe.Spool) verdict.Found {
	return func(yield func(*verdict.Difference, error) bool) {
		for text, err := range spool.All() {
			var d verdict.Difference
			if err == nil {
				err = json.Unmarshal(text, &d)
			}
			if !yield(&d, err) || err != nil {
				return
			}
		}
	}
}
