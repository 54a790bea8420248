package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/sqldb"
)

// When most of the numbers that are tried are taken, the first row number is
// that of an earlier run. A few collisions are no reason to refuse.
const (
	collisionsAllowed = 100
	collisionPercent  = 50
)

// ErrKeys refuses a run before it writes anything: its keys cannot be made.
var ErrKeys = errors.New("the keys of new rows cannot be made")

// survey is what is known of a space before the run starts.
type survey struct {
	crosswalk.Survey
	exact bool // wanted was counted, and the numbers were looked at one by one
	used  int64
}

// judgeKeys finds out whether the run's keys can be made, before anything is
// written: its sources are read where their counts alone do not tell.
func (r *runner) judgeKeys(ctx context.Context, stored []ledger.Entity) error {
	spaces, err := r.spacesOf()
	if err != nil || len(spaces) == 0 {
		return err
	}
	present := int64(books.Version)
	if !r.rehearse {
		if present, err = books.Present(ctx, r.m.Looker()); err != nil {
			return err
		}
	}
	if present > 0 {
		goesOn := false
		err := r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
			runs, err := r.ledger.Runs(ctx, tx, r.m.File.Name)
			goesOn = !r.rehearse && len(runs) > 0 && runs[0].State.Resumable()
			if err != nil {
				return err
			}
			return r.knowTables(ctx, tx, spaces)
		})
		if err != nil || goesOn {
			return err
		}
	}
	for _, s := range spaces {
		s.Blank = present < books.LayoutOf("key_block").Since
	}
	if err := r.knowOthers(ctx, spaces); err != nil {
		return err
	}
	for _, s := range spaces {
		if err := r.judgeSpace(ctx, s, stored, present > 0); err != nil {
			return err
		}
	}
	r.spaces = spaces
	return nil
}

// judgeSpace does so for the keys of one space.
func (r *runner) judgeSpace(ctx context.Context, s *keySpace, stored []ledger.Entity, known bool) error {
	found := &survey{}
	err := r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		found.used, err = s.Used(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	s.survey = found
	found.Start = found.used + 1
	if s.startRow > 0 {
		if s.startRow > math.MaxInt64-s.Base {
			return s.refuse("row number %d is beyond the highest one, %d", s.startRow, s.Highest()-s.Base)
		}
		found.Start = s.Base + s.startRow
	}
	bound := int64(0)
	for i := range stored {
		if e := r.m.Entity(stored[i].Name); slices.Contains(s.entities, e) {
			bound = plus(bound, r.most(&stored[i]))
		}
	}
	if !r.rehearse && found.Start > found.used && bound <= s.Highest()-found.Start+1 {
		return nil
	}
	found.exact = true
	wanted := int64(0)
	for i := range stored {
		e := r.m.Entity(stored[i].Name)
		if !slices.Contains(s.entities, e) {
			continue
		}
		n, err := r.countNeeds(ctx, &stored[i], known)
		if err != nil {
			return fmt.Errorf("%s: counting the records that need a key: %w", e.Name, err)
		}
		wanted += n
	}
	err = r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		found.Survey, err = s.Survey(ctx, tx, found.Start, wanted, func(crosswalk.Lot) error { return nil })
		return err
	})
	if err != nil {
		return err
	}
	return r.weigh(ctx, s)
}

// most is how many records of the entity the run may read at most.
func (r *runner) most(stored *ledger.Entity) int64 {
	most := int64(0)
	for _, slice := range stored.Slices {
		switch {
		case slice.Count >= 0:
			most = plus(most, slice.Count)
		case slice.Bytes > 0:
			most = plus(most, slice.Bytes/2+1) // no record is shorter than a character and the line's end
		default:
			most = math.MaxInt64
		}
	}
	if r.o.Limit > 0 {
		most = min(most, r.o.Limit)
	}
	if n := int64(len(r.o.Only)); n > 0 {
		most = min(most, n)
	}
	return most
}

func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// weigh refuses what cannot go well, and warns of what will.
func (r *runner) weigh(ctx context.Context, s *keySpace) error {
	found := s.survey
	switch {
	case found.Wanted == 0:
		return nil
	case s.strict && found.Collisions > 0:
		return s.refuse("%d of the %d row numbers from %d on are taken, and `collisions: strict` wants none: %s; the first number past all that were used is %d",
			found.Collisions, found.Wanted, found.Start-s.Base, s.listed(), found.used-s.Base+1)
	case found.Collisions > collisionsAllowed && found.Collisions > found.Wanted*collisionPercent/100:
		by, err := r.takers(ctx, s)
		if err != nil {
			return err
		}
		return s.refuse("%d of the %d row numbers from %d on are taken, more than %d %%%s; start at %d (start_row_number, or --start-row-number %s=%[6]d)",
			found.Collisions, found.Wanted, found.Start-s.Base, collisionPercent, by, found.used-s.Base+1, s.entities[0].Name)
	case found.Free < found.Wanted:
		return r.exhausted(ctx, s)
	}
	if found.Passed > 0 {
		r.tell(Event{Kind: EventWarning, Message: fmt.Sprintf("keys of %s: %d of the %d row numbers from %d on are taken (%s); the next free ones take their place", s.names(), found.Collisions, found.Wanted, found.Start-s.Base, s.listed())})
	}
	return nil
}

// takers says who has the numbers that collide, where they can be counted.
func (r *runner) takers(ctx context.Context, s *keySpace) (string, error) {
	found := s.survey
	known, counted := int64(0), false
	err := r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		known, counted, err = s.Known(ctx, tx, found.Start, found.Start+found.Wanted-1)
		return err
	})
	switch {
	case err != nil || !counted:
		return "", err
	case known == 0:
		return ", all by rows that no run made or found", nil
	case known >= found.Collisions:
		return ", all by earlier runs", nil
	}
	return fmt.Sprintf(", %d by earlier runs and %d by rows that no run made or found", known, found.Collisions-known), nil
}

// exhausted says how full the space is.
func (r *runner) exhausted(ctx context.Context, s *keySpace) error {
	found := s.survey
	var used, below int64
	counted := false
	err := r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		if used, counted, err = s.InUse(ctx, tx, s.Base+1, s.Highest()); err != nil || !counted {
			return err
		}
		taken, _, err := s.InUse(ctx, tx, s.Base+1, found.Start-1)
		below = found.Start - s.Base - 1 - taken
		return err
	})
	if err != nil {
		return err
	}
	usage := fmt.Sprintf("used up to row number %d", found.used-s.Base)
	if counted {
		usage = fmt.Sprintf("%d are used", used)
	}
	hint := ""
	if below > 0 {
		hint = fmt.Sprintf("; below row number %d are %d free ones, which start_row_number would use", found.Start-s.Base, below)
	}
	return s.refuse("row numbers end at %d, %s, %d are free from %d on, and %d are wanted: make the key wider%s",
		s.Highest()-s.Base, usage, found.Free, found.Start-s.Base, found.Wanted, hint)
}

// listed are the first keys that collide.
func (s *keySpace) listed() string {
	texts := make([]string, len(s.survey.Taken))
	for i, n := range s.survey.Taken {
		texts[i] = strconv.FormatInt(n, 10)
	}
	list := strings.Join(texts, ", ")
	if more := s.survey.Collisions - int64(len(texts)); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	if len(texts) == 1 {
		return "key " + list
	}
	return "keys " + list
}

// names are those of the entities.
func (s *keySpace) names() string {
	names := make([]string, len(s.entities))
	for i, e := range s.entities {
		names[i] = e.Name
	}
	return strings.Join(names, ", ")
}

func (s *keySpace) refuse(format string, args ...any) error {
	return fmt.Errorf("%s: %w: %s. Nothing was written", s.names(), ErrKeys, fmt.Sprintf(format, args...))
}

// allot writes down which numbers the run may use.
func (s *keySpace) allot(ctx context.Context, tx sqldb.Tx, runID int64) error {
	found := s.survey
	lots := s.Allot(tx, runID)
	if !found.exact {
		reserved, err := s.Reserved(ctx, tx)
		if err == nil && reserved >= found.Start {
			err = crosswalk.ErrUsedMeanwhile
		}
		if err == nil {
			err = lots.Add(ctx, crosswalk.Lot{First: found.Start, Last: s.Highest()})
		}
		if err != nil {
			return err
		}
		return lots.Flush(ctx)
	}
	// Others may have used numbers since they were looked at; business goes on
	// doing so, and is met where rows land.
	again, err := s.Survey(ctx, tx, found.Start, found.Wanted, func(lot crosswalk.Lot) error { return lots.Add(ctx, lot) })
	if err == nil && again.Free < found.Wanted {
		err = crosswalk.ErrUsedMeanwhile
	}
	if err != nil {
		return err
	}
	if behind := max(again.Last, found.used); behind < s.Highest() {
		if err := lots.Add(ctx, crosswalk.Lot{First: behind + 1, Last: s.Highest()}); err != nil {
			return err
		}
	}
	if err := lots.Flush(ctx); err != nil {
		return err
	}
	return s.SetSpare(ctx, tx, max(again.Last, found.used, found.Start-1)+1)
}
