package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/sqldb"
)

// keySpace is row numbers of which this run makes keys, and the entities that
// share them.
type keySpace struct {
	*crosswalk.Space
	entities []*migration.Entity // in the order of landing
	startRow int64               // 0: behind what was ever used
	strict   bool
	survey   *survey // what was found before the run started; nil for a run that goes on
}

// spacesOf lists the spaces of the migration's entities.
func (r *runner) spacesOf() ([]*keySpace, error) {
	var spaces []*keySpace
	for _, e := range r.m.Entities {
		if e.To.Offset == nil {
			continue
		}
		name := e.To.SpaceName(e.Table.Name.String())
		at := slices.IndexFunc(spaces, func(s *keySpace) bool { return s.Name == name })
		if at < 0 {
			at = len(spaces)
			spaces = append(spaces, &keySpace{Space: crosswalk.NewSpace(r.books, name, e.To.Offset.Base), startRow: e.To.Offset.StartRow, strict: e.To.Offset.Strict})
		}
		s := spaces[at]
		s.entities = append(s.entities, e)
		s.Seat(crosswalk.Seat{Table: e.Table.Name, Form: e.Form})
		if e.Registry != nil {
			s.Seat(crosswalk.Seat{Table: e.Registry.Table.Name, Form: crosswalk.Form{Column: e.Registry.Columns[0], Width: e.Form.Width}})
		}
	}
	return spaces, r.startRows(spaces)
}

// startRows puts the first row numbers that the run is asked for in place of
// those of the mapping.
func (r *runner) startRows(spaces []*keySpace) error {
	asked := map[*keySpace]string{}
	for name, row := range r.o.StartRows {
		at := slices.IndexFunc(spaces, func(s *keySpace) bool {
			return slices.ContainsFunc(s.entities, func(e *migration.Entity) bool { return e.Name == name })
		})
		if at < 0 {
			return fmt.Errorf("--start-row-number %s=%d: the entity makes no keys of row numbers (new: offset)", name, row)
		}
		s := spaces[at]
		if other := asked[s]; other != "" && r.o.StartRows[other] != row {
			return fmt.Errorf("--start-row-number: %s and %s share their row numbers, and are told to start at different ones", min(name, other), max(name, other))
		}
		asked[s], s.startRow = name, row
	}
	return nil
}

// knowTables tells the spaces by which numbers the books know their tables.
func (r *runner) knowTables(ctx context.Context, tx sqldb.Tx, spaces []*keySpace) error {
	for _, s := range spaces {
		for i := range s.Seats {
			seat := &s.Seats[i]
			if !slices.ContainsFunc(s.entities, func(e *migration.Entity) bool { return e.Table.Name == seat.Table }) {
				continue // a registry
			}
			store, err := crosswalk.Find(ctx, tx, r.books, r.m.File.Name, "", seat.Table.String())
			if err != nil {
				return err
			}
			seat.TableID = store.TableID
		}
	}
	return nil
}

// knowOthers looks for the columns that hold keys of the spaces and that the
// mapping does not name.
func (r *runner) knowOthers(ctx context.Context, spaces []*keySpace) error {
	for _, s := range spaces {
		var unknown []crosswalk.Stored
		err := r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
			unknown, err = s.Unknown(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
		for _, stored := range unknown {
			table, err := r.m.Looker().Table(ctx, stored.Table)
			if err != nil && !errors.Is(err, sqldb.ErrNoTable) {
				return fmt.Errorf("looking at %s, which has keys of the same row numbers: %w", stored.Table, err)
			}
			s.Other(stored, table)
		}
	}
	return nil
}

// claimSpaces makes a new run the one that makes keys of its spaces, and writes
// down which numbers it may use, in the transaction in which it starts.
func (r *runner) claimSpaces(ctx context.Context, tx sqldb.Tx) error {
	for _, s := range r.spaces {
		s.Blank = false
	}
	if err := r.knowTables(ctx, tx, r.spaces); err != nil {
		return err
	}
	claimed := make([]*crosswalk.Space, len(r.spaces))
	for i, s := range r.spaces {
		claimed[i] = s.Space
	}
	if err := crosswalk.Claim(ctx, tx, r.books, claimed, r.run.ID, func(state string) bool { return !r.rehearse && ledger.State(state).Resumable() }); err != nil {
		return err
	}
	for _, s := range r.spaces {
		if unknown, err := s.Unknown(ctx, tx); err != nil || len(unknown) > 0 {
			return errors.Join(err, crosswalk.ErrUsedMeanwhile)
		}
		if err := s.allot(ctx, tx, r.run.ID); err != nil {
			return err
		}
	}
	return nil
}

// openSpaces finds the run's spaces again.
func (r *runner) openSpaces(ctx context.Context) error {
	if len(r.spaces) > 0 && r.spaces[0].survey != nil {
		return nil
	}
	spaces, err := r.spacesOf()
	if err != nil || len(spaces) == 0 {
		return err
	}
	r.spaces = spaces
	if err := r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error { return r.knowTables(ctx, tx, spaces) }); err != nil {
		return err
	}
	return r.knowOthers(ctx, spaces)
}

// spaceOf is the space of an entity's keys; nil when they are not made of row
// numbers.
func (r *runner) spaceOf(e *migration.Entity) *keySpace {
	for _, s := range r.spaces {
		if slices.Contains(s.entities, e) {
			return s
		}
	}
	return nil
}

// makesKeys reports whether Landfall itself makes the entity's keys, so that
// somebody else may take one before its row lands.
func (e *entityRun) makesKeys() bool {
	return e.To.NewKey == mapping.KeyOffset || e.To.NewKey == mapping.KeyInherited
}
