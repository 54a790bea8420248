package crosswalk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"landfall/internal/books"
	"landfall/internal/sqldb"
)

// HeldError says that another run, which is not finished, makes keys of the same
// row numbers.
type HeldError struct{ Space, Run, Migration string }

// Error names the run.
func (e *HeldError) Error() string {
	return fmt.Sprintf("run %s of migration %s is not finished and makes keys of the same row numbers (%s): let it end, or end it with `landfall abandon`", e.Run, e.Migration, e.Space)
}

// ErrUsedMeanwhile says that another run used row numbers while this one looked
// which are free.
var ErrUsedMeanwhile = errors.New("another run used row numbers while this one looked which are free: run again")

// claimed are the names under which the books keep who makes keys of the space:
// its own, and one for each of its tables, of which another space may be, too.
func (s *Space) claimed() []string {
	names := []string{s.Name}
	for _, seat := range s.Seats {
		names = append(names, TableSpace(seat.Table.String()))
	}
	return names
}

// TableSpace is the name of a table's own space, as mapping.To.SpaceName has it.
func TableSpace(table string) string { return "table " + table }

// Claim makes the run the one that makes keys of the spaces and of their tables,
// in the transaction in which the run starts, and writes down where these keys
// are. Runs in the given states go on claiming.
func Claim(ctx context.Context, tx sqldb.Tx, b *books.Books, spaces []*Space, runID int64, goesOn func(state string) bool) error {
	var names []string
	for _, s := range spaces {
		names = append(names, s.claimed()...)
	}
	slices.Sort(names) // two that claim the same must meet at the first of it
	for _, name := range slices.Compact(names) {
		if err := claim(ctx, tx, b, name, runID, goesOn); err != nil {
			return err
		}
	}
	for _, s := range spaces {
		if err := s.remember(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

func claim(ctx context.Context, tx sqldb.Tx, b *books.Books, name string, runID int64, goesOn func(state string) bool) error {
	if _, err := b.Exec(ctx, tx, "INSERT INTO {key_space} (name, used_high, run_id) VALUES (?, 0, 0) ON CONFLICT (name) DO NOTHING", name); err != nil {
		return err
	}
	row, _, err := b.One(ctx, tx, "SELECT run_id FROM {key_space} WHERE name = ?"+b.Dialect().LockRows(), name)
	if err != nil {
		return err
	}
	if holder := row[0].Int(); holder != 0 && holder != runID {
		run, found, err := b.One(ctx, tx, "SELECT name, migration, state FROM {run} WHERE id = ?", holder)
		if err != nil {
			return err
		}
		if found && goesOn(run[2].String()) {
			return &HeldError{Space: name, Run: run[0].String(), Migration: run[1].String()}
		}
	}
	_, err = b.Exec(ctx, tx, "UPDATE {key_space} SET run_id = ?, spare = NULL WHERE name = ?", runID, name)
	return err
}
