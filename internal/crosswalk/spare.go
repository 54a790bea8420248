package crosswalk

import (
	"context"
	"errors"

	"landfall/internal/sqldb"
)

// ErrNoSpare says that nobody has found out yet which numbers the run's records
// will need, so it cannot be told which are to spare.
var ErrNoSpare = errors.New("the numbers to spare are not known yet")

// TakeSpare gives out numbers in place of such as others took since they were
// reserved. They lie behind all that the run's records need, so that none of
// these moves. There are fewer than asked for when the space is at its end. It
// is part of the transaction that uses them, and makes others wait for its end.
func (s *Space) TakeSpare(ctx context.Context, tx sqldb.Tx, count int, ahead int64) ([]int64, error) {
	row, _, err := s.books.One(ctx, tx, "SELECT spare FROM {key_space} WHERE name = ?"+s.books.Dialect().LockRows(), s.Name)
	if err != nil {
		return nil, err
	}
	if row[0].IsNull() {
		return nil, ErrNoSpare
	}
	var numbers []int64
	from, highest := row[0].Int(), s.Highest()
	if from <= highest && highest-from > 2*(ahead+int64(count)) {
		from += ahead
	}
	for len(numbers) < count && from <= highest {
		to := from + min(int64(2*count+256), highest-from)
		held := map[int64]bool{}
		for _, seat := range s.all() {
			if err := s.takenIn(ctx, tx, seat, from, to, func(n int64) { held[n] = true }); err != nil {
				return nil, err
			}
		}
		for ; from <= to && len(numbers) < count; from++ {
			if !held[from] {
				numbers = append(numbers, from)
			}
		}
	}
	return numbers, s.SetSpare(ctx, tx, from)
}
