package crosswalk

import (
	"context"
	"math/bits"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Survey is what was found when free numbers were looked for.
type Survey struct {
	Start      int64   // the first number that was tried
	Wanted     int64   // how many are wanted
	Free       int64   // how many were found, up to the space's end
	Last       int64   // the last of them
	Collisions int64   // how many of the first so many numbers are taken
	Passed     int64   // how many numbers were passed over
	Taken      []int64 // the first of those that collide
}

// shownTaken is how many taken numbers a person is shown.
const shownTaken = 10

// window is how many numbers are looked at in one go, at most: a bit for each.
const window = 1 << 25

// Lot is a stretch of free numbers.
type Lot struct{ First, Last int64 }

// Survey looks for so many free numbers, from start on, and hands over the
// stretches in which they lie.
func (s *Space) Survey(ctx context.Context, tx sqldb.Tx, start, wanted int64, each func(Lot) error) (Survey, error) {
	found := Survey{Start: start, Wanted: wanted}
	highest := s.Highest()
	size := min(window, 2*wanted+1024)
	open := Lot{First: -1}
	for from := start; from <= highest && found.Free < wanted; from += size {
		to := from + min(size-1, highest-from)
		marks := make([]uint64, (to-from)/64+1)
		err := s.taken(ctx, tx, from, to, func(n int64) { marks[(n-from)/64] |= 1 << ((n - from) % 64) })
		if err != nil {
			return found, err
		}
		for n := from; n <= to && found.Free < wanted; n++ {
			if marks[(n-from)/64]&(1<<((n-from)%64)) == 0 {
				if open.First < 0 {
					open.First = n
				}
				open.Last, found.Last = n, n
				found.Free++
				continue
			}
			found.Passed++
			if open.First >= 0 {
				if err := each(open); err != nil {
					return found, err
				}
				open.First = -1
			}
		}
		found.count(marks, from, to)
		size = window
	}
	if open.First >= 0 {
		return found, each(open)
	}
	return found, nil
}

// count counts the candidates of a window that are taken.
func (v *Survey) count(marks []uint64, from, to int64) {
	for n := from; n <= to && n-v.Start < v.Wanted; n++ {
		if marks[(n-from)/64]&(1<<((n-from)%64)) == 0 {
			continue
		}
		v.Collisions++
		if len(v.Taken) < shownTaken {
			v.Taken = append(v.Taken, n)
		}
	}
}

// InUse counts the numbers between from and to that are or ever were in use; ok
// is false when there are too many numbers to look at.
func (s *Space) InUse(ctx context.Context, tx sqldb.Tx, from, to int64) (used int64, ok bool, err error) {
	return countMarks(ctx, tx, from, to, s.taken)
}

// Known counts those of them that runs have made, found or reserved; the others
// are keys of rows that no run knows.
func (s *Space) Known(ctx context.Context, tx sqldb.Tx, from, to int64) (known int64, ok bool, err error) {
	return countMarks(ctx, tx, from, to, s.known)
}

func countMarks(ctx context.Context, tx sqldb.Tx, from, to int64, find func(context.Context, sqldb.Tx, int64, int64, func(int64)) error) (found int64, ok bool, err error) {
	if to < from {
		return 0, true, nil
	}
	if to-from >= window {
		return 0, false, nil
	}
	marks := make([]uint64, (to-from)/64+1)
	if err := find(ctx, tx, from, to, func(n int64) { marks[(n-from)/64] |= 1 << ((n - from) % 64) }); err != nil {
		return 0, false, err
	}
	for _, word := range marks {
		found += int64(bits.OnesCount64(word))
	}
	return found, true, nil
}

var lotColumns = []sqldb.Column{intColumn("run_id"), textColumn("space"), intColumn("first_key"), intColumn("last_key")}

// lotChunk is how many lots are written at a time.
const lotChunk = 10_000

// Lots collects the lots of a run for the books.
type Lots struct {
	space *Space
	tx    sqldb.Tx
	runID int64
	rows  [][]record.Value
}

// Allot begins to write down the numbers that a run may use. What is free is
// found out once: whoever takes numbers later does not move those of the
// records behind.
func (s *Space) Allot(tx sqldb.Tx, runID int64) *Lots {
	return &Lots{space: s, tx: tx, runID: runID}
}

// Add writes a lot down.
func (l *Lots) Add(ctx context.Context, lot Lot) error {
	l.rows = append(l.rows, []record.Value{record.Int(l.runID), record.Text(l.space.Name), record.Int(lot.First), record.Int(lot.Last)})
	if len(l.rows) < lotChunk {
		return nil
	}
	return l.Flush(ctx)
}

// Flush writes what was added.
func (l *Lots) Flush(ctx context.Context) error {
	if len(l.rows) == 0 {
		return nil
	}
	_, err := l.tx.BulkInsert(ctx, l.space.books.Name("key_lot"), lotColumns, sqldb.RowsOf(l.rows))
	l.rows = l.rows[:0]
	return err
}

// Take lists the next free numbers of the run from a place on, and the place
// behind them. There are fewer than asked for when the space is at its end.
func (s *Space) Take(ctx context.Context, tx sqldb.Tx, runID, from int64, count int) (numbers []int64, next int64, err error) {
	next = from
	err = s.books.Query(ctx, tx, func(row []record.Value) error {
		for n := max(from, row[0].Int()); n <= row[1].Int() && len(numbers) < count; n++ {
			numbers = append(numbers, n)
			next = n + 1
		}
		return nil
	}, "SELECT first_key, last_key FROM {key_lot} WHERE run_id = ? AND space = ? AND last_key >= ? ORDER BY first_key LIMIT ?", runID, s.Name, from, int64(count))
	return numbers, next, err
}

// First is where an entity's next batch begins: behind the one before, or behind
// what the run's entities before it have used.
func (s *Space) First(ctx context.Context, tx sqldb.Tx, runID, entityID int64) (first int64, err error) {
	first, err = s.books.Number(ctx, tx, "SELECT coalesce(max(next_key), 0) FROM {key_block} WHERE run_id = ? AND entity_id = ?", runID, entityID)
	if err != nil || first > 0 {
		return first, err
	}
	first, err = s.books.Number(ctx, tx, "SELECT coalesce(min(first_key), 0) FROM {key_lot} WHERE run_id = ? AND space = ?", runID, s.Name)
	if err != nil {
		return 0, err
	}
	spare, known, err := s.Spare(ctx, tx)
	if err != nil {
		return 0, err
	}
	// Numbers from spare on replaced others, and move nobody.
	err = s.books.Query(ctx, tx, func(row []record.Value) error {
		if !known || row[0].Int() < spare {
			first = max(first, row[0].Int()+1)
			return nil
		}
		var b Block
		if err := b.decode([]byte(row[1].Raw())); err != nil {
			return err
		}
		for _, n := range b.Numbers {
			if n < spare {
				first = max(first, n+1)
			}
		}
		return nil
	}, "SELECT last_key, payload FROM {key_block} WHERE run_id = ? AND space = ?", runID, s.Name)
	return first, err
}

// Spare is the number from which keys that were taken meanwhile are replaced, as
// far as it is known.
func (s *Space) Spare(ctx context.Context, tx sqldb.Tx) (spare int64, known bool, err error) {
	row, found, err := s.books.One(ctx, tx, "SELECT spare FROM {key_space} WHERE name = ?", s.Name)
	if err != nil || !found || row[0].IsNull() {
		return 0, false, err
	}
	return row[0].Int(), true, nil
}

// SetSpare notes it.
func (s *Space) SetSpare(ctx context.Context, tx sqldb.Tx, spare int64) error {
	_, err := s.books.Exec(ctx, tx, "UPDATE {key_space} SET spare = ? WHERE name = ?", spare, s.Name)
	return err
}
