package dataload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/dedupe"
	"landfall/internal/ledger"
	"landfall/internal/record"
)

// chosen is the run that a file is undone by.
type chosen struct {
	note   *fileNote
	whole  bool         // the file lists all that the run created, and no more: its updates are undone, too
	only   []record.Ref // else what is undone of it
	listed int64        // how many of the file's records the run created or updated
	made   int64        // how many of them it created
}

// choose finds the run of the file, by what the file lists: names of files can
// meet, and files can be changed. It leaves none where no books know of what is
// listed.
func (u *undoing) choose(ctx context.Context, client *Client) error {
	path, err := u.o.mappingPath(client.URI)
	if err != nil {
		return err
	}
	u.home = path
	kind, stamp := u.file.stampOf()
	byUUID := false // the file is of a rollback that went by uuids
	var notes []*fileNote
	err = readNotes(path, func(n *fileNote) {
		if n.Stamp != stamp || n.Rollback != (kind == kindRollbackFail) {
			return
		}
		byUUID = byUUID || n.Run == ""
		notes = append(notes, n)
	})
	if err != nil {
		return err
	}
	if u.run, err = u.chooseAmong(ctx, notes); err != nil {
		return err
	}
	switch {
	case u.run == nil && kind == kindRollbackFail && !byUUID:
		return inputf("%s: no books tell which run it is of, so whoever was kept from being deleted would be deleted now: give the command the workspace of the rollback, or the success file. Nothing was sent", filepath.Base(u.file.path))
	case u.run == nil:
		return nil
	}
	u.path = mappingOf(path, u.run.note.Mapping)
	if _, err := os.Stat(u.path); err != nil {
		return inputf("%s is of run %s, whose mapping is not in the workspace any more (%s): put it back, or delete by uuids alone by naming an empty folder with --workspace. Nothing was sent",
			filepath.Base(u.file.path), u.run.note.Run, filepath.Base(u.path))
	}
	return nil
}

// chooseAmong holds the file against the runs that may have written it.
func (u *undoing) chooseAmong(ctx context.Context, notes []*fileNote) (best *chosen, err error) {
	if _, err := os.Stat(u.o.booksPath(u.home)); err != nil {
		return nil, nil
	}
	err = u.booksFile(ctx, func(b *bookkeeping) (err error) {
		here, elsewhere := u.byName(b, notes)
		for _, runs := range [][]*fileNote{here, elsewhere} {
			if best, err = u.best(ctx, b, runs); err != nil || best != nil {
				break
			}
		}
		if err == nil && best == nil {
			var runs []*fileNote
			if runs, err = u.byContent(ctx, b); err == nil {
				best, err = u.best(ctx, b, runs)
			}
		}
		if err != nil || best == nil || best.whole {
			return err
		}
		return u.within(ctx, b, best.note.Run, func(entity *ledger.Entity, line *ledger.Line) error {
			best.only = append(best.only, record.Ref{Entity: entity.Name, Key: line.Key})
			return nil
		})
	})
	return best, err
}

// best is the run that has most of what the file lists.
func (u *undoing) best(ctx context.Context, b *bookkeeping, runs []*fileNote) (best *chosen, err error) {
	alike := 0
	for _, n := range runs {
		found, err := u.held(ctx, b, n)
		if err != nil {
			return nil, err
		}
		switch {
		case found == nil:
		case best == nil || found.made > best.made || found.made == best.made && found.listed > best.listed:
			best, alike = found, 1
		case found.made == best.made && found.listed == best.listed:
			alike++
		}
	}
	if alike > 1 && u.distinct == 0 {
		return nil, inputf("%s may be of %d runs, and lists nothing by which they could be told apart: move it back into the folder in which it was written. Nothing was sent", filepath.Base(u.file.path), alike)
	}
	return best, nil
}

// byName are the runs that wrote a file of this name, here and into other
// folders, the newest first.
func (u *undoing) byName(b *bookkeeping, notes []*fileNote) (here, elsewhere []*fileNote) {
	at, _ := filepath.Abs(filepath.Dir(u.file.path))
	for _, n := range slices.Backward(notes) {
		same := func(other *fileNote) bool { return other.Run == n.Run }
		if _, err := b.find(n.Run); err != nil || slices.ContainsFunc(here, same) {
			continue
		}
		if n.Dir == at {
			here = append(here, n)
			elsewhere = slices.DeleteFunc(elsewhere, same)
		} else if !slices.ContainsFunc(elsewhere, same) {
			elsewhere = append(elsewhere, n)
		}
	}
	return here, elsewhere
}

// byContent are the runs that the books name for what the file lists, whatever
// the file is called.
func (u *undoing) byContent(ctx context.Context, b *bookkeeping) ([]*fileNote, error) {
	entity, err := crosswalk.EntityID(ctx, b.tx, b.l.Books(), u.o.migration(), u.o.entity(), false)
	if err != nil || entity == 0 {
		return nil, err
	}
	named := map[int64]bool{}
	err = u.file.each(200, func(rows []landedRow) error {
		args := []any{entity}
		for _, row := range rows {
			args = append(args, row.uuid)
		}
		return b.l.Books().Query(ctx, b.tx, func(v []record.Value) error {
			named[v[0].Int()], named[v[1].Int()] = true, true
			return nil
		}, "SELECT first_run, last_run FROM {crosswalk} WHERE entity_id = ? AND target_key IN ("+strings.TrimSuffix(strings.Repeat("?, ", len(rows)), ", ")+")", args...)
	})
	if err != nil {
		return nil, err
	}
	var runs []*fileNote
	for _, r := range b.runs {
		if named[r.ID] && r.Reads() {
			runs = append(runs, &fileNote{Run: r.Name, Mapping: r.MappingHash})
		}
	}
	return runs, nil
}

// held finds what the run did with what the file lists: nil for nothing of it.
func (u *undoing) held(ctx context.Context, b *bookkeeping, n *fileNote) (*chosen, error) {
	stored, entity, err := b.only(ctx, n.Run)
	if err != nil {
		return nil, err
	}
	counts, _, err := b.l.Counts(ctx, b.tx, stored.ID, entity.ID)
	if err != nil {
		return nil, err
	}
	c := &chosen{note: n}
	err = u.within(ctx, b, n.Run, func(_ *ledger.Entity, line *ledger.Line) error {
		c.listed++
		if line.Disposition == record.Created {
			c.made++
		}
		return nil
	})
	kind, _ := u.file.stampOf()
	c.whole = kind != kindRollbackFail && c.listed == c.made && c.made == u.distinct && c.made == counts[record.Created]
	if err != nil || c.listed == 0 && !c.whole {
		return nil, err
	}
	return c, nil
}

// within hands over what the run created and updated, of that what the file lists.
func (u *undoing) within(ctx context.Context, b *bookkeeping, run string, each func(*ledger.Entity, *ledger.Line) error) error {
	stored, entity, err := b.only(ctx, run)
	if err != nil {
		return err
	}
	return b.l.Ends(ctx, b.tx, stored.ID, entity.ID, func(_, _ ledger.Spot, line *ledger.Line) error {
		if line.Disposition != record.Created && line.Disposition != record.Updated {
			return nil
		}
		if listed, err := u.listed.Has([]byte(line.TargetKey)); err != nil || !listed {
			return err
		}
		return each(entity, line)
	})
}

// only is a run that the books know, with the one kind of records that it carried.
func (b *bookkeeping) only(ctx context.Context, name string) (*ledger.Run, *ledger.Entity, error) {
	stored, err := b.find(name)
	if err != nil {
		return nil, nil, err
	}
	entities, err := b.l.Entities(ctx, b.tx, stored.ID)
	if err == nil && len(entities) != 1 {
		err = fmt.Errorf("run %s: %d kinds of records in the books", stored.Name, len(entities))
	}
	if err != nil {
		return nil, nil, err
	}
	return stored, &entities[0], nil
}

// list remembers which uuids the file lists.
func (u *undoing) list(dir string) error {
	u.listed = dedupe.NewSeen(dir, seenBytes)
	return u.file.each(1000, func(rows []landedRow) error {
		for _, row := range rows {
			_, claimed, err := u.listed.Claim([]byte(row.uuid), "", 0)
			if err != nil {
				return err
			}
			if claimed {
				u.distinct++
			}
		}
		return nil
	})
}

// booksFile opens the books where no end of the API is open.
func (u *undoing) booksFile(ctx context.Context, within func(*bookkeeping) error) error {
	db, err := openBooksFile(ctx, u.o.booksPath(u.home))
	if err != nil {
		return err
	}
	present, err := books.Present(ctx, db)
	if err != nil || present == 0 {
		return errors.Join(err, db.Close(ctx))
	}
	return readBooksOf(ctx, db, u.o.migration(), within)
}
