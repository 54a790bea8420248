package run

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

// judgedFrom is how many records must have been read before a share of them
// ends a run: of the first few, one is many percent. When so many in a row have
// failed, the run ends whatever their share is: of a million that went well
// before, it would not be reached for long.
const judgedFrom = 1000

// SpentError ends a run because too many of its records fail. What has landed
// is safe, and the run can be resumed.
type SpentError struct {
	Run    string
	Limit  mapping.StopAfter
	Over   string // the entity whose records were counted; empty for all of the run
	Failed int64  // failed, blocked or unknown, since this session of the run began
	Read   int64
	InARow int64       // the last that were read, all of which failed; 0 where the limit itself was reached
	Codes  []CodeCount // the most common ones
}

// CodeCount is how often a code was given.
type CodeCount struct {
	Code  record.Code
	Count int64
}

// Error says how many failed, why most of them did, and how to go on.
func (e *SpentError) Error() string {
	over := ""
	if e.Over != "" {
		over = " of " + e.Over
	}
	var codes []string
	for _, c := range e.Codes {
		codes = append(codes, fmt.Sprintf("%s (%d)", c.Code, c.Count))
	}
	reached := fmt.Sprintf("%d of the %d read%s, and stop_after is %s", e.Failed, e.Read, over, e.Limit)
	if e.InARow > 0 {
		reached = fmt.Sprintf("the last %d read%s all did, which a stop_after of %s ends as well", e.InARow, over, e.Limit)
	}
	return fmt.Sprintf("too many records fail: %s; most of all %s\n"+
		"To go on: `landfall resume`, which counts anew, or `landfall resume --stop-after none`, however many fail. "+
		"Where mapping or input must be mended first: `landfall abandon %s`, and run again",
		reached, strings.Join(codes, ", "), e.Run)
}

// budget counts the records that fail and says when it is enough. It counts
// what this session of a run reads: a resumed run does not end at once for
// failures of before. A nil budget has no end.
type budget struct {
	limit mapping.StopAfter
	over  string
	run   string

	mu     sync.Mutex
	read   int64
	failed int64
	codes  map[record.Code]int64
	recent []int64 // the places of the last failures among the records read, where limit.Of counts; used as a ring
	oldest int
	last   int64 // the place of the last failure
	inARow int64 // failures without another record between them, up to that one
	spent  *SpentError
	stop   chan struct{} // closed when it is spent
}

func newBudget(limit mapping.StopAfter, over, run string) *budget {
	return &budget{limit: limit, over: over, run: run, codes: map[record.Code]int64{}, stop: make(chan struct{})}
}

// budgetOf is what the entity's records are counted against: what was asked of
// the run counts for all of them, then comes what the mapping says of the
// entity, then what it says of all.
func (r *runner) budgetOf(e *mapping.Entity) *budget {
	limit, own := r.m.File.StopAfter, false
	switch {
	case r.rehearse, r.shadow != nil:
		return nil
	case r.o.StopAfter != nil:
		limit = r.o.StopAfter
	case e.StopAfter != nil:
		limit, own = e.StopAfter, true
	}
	if limit == nil || limit.Never {
		return nil
	}
	if own {
		return newBudget(*limit, e.Name, r.run.Name)
	}
	if r.budget == nil {
		r.budget = newBudget(*limit, "", r.run.Name)
	}
	return r.budget
}

// add counts a batch: so many records read, and the places and codes of those
// that failed.
func (b *budget) add(read int, failures []failure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	enough, inARow := false, int64(0)
	for _, f := range failures {
		b.codes[f.code]++
		b.failed++
		place := b.read + int64(f.place)
		if b.inARow++; b.inARow > 1 && place != b.last+1 {
			b.inARow = 1
		}
		b.last, inARow = place, max(inARow, b.inARow)
		enough = b.crowded(place) || enough
	}
	b.read += int64(read)
	switch {
	case b.limit.Percent > 0:
		enough = b.read >= judgedFrom && b.tooMany()
		if !enough && b.spent == nil && inARow >= judgedFrom {
			b.spend()
			b.spent.InARow = inARow
		}
	case b.limit.Of == 0:
		enough = b.failed >= b.limit.Failures
	}
	if enough {
		b.spend()
	}
}

// crowded notes a failure's place and reports whether there are enough of them
// within the window that ends there.
func (b *budget) crowded(place int64) bool {
	if b.limit.Of == 0 {
		return false
	}
	if int64(len(b.recent)) < b.limit.Failures {
		b.recent = append(b.recent, place)
	} else {
		b.recent[b.oldest] = place
		b.oldest = (b.oldest + 1) % len(b.recent)
	}
	return int64(len(b.recent)) == b.limit.Failures && place-b.recent[b.oldest] < b.limit.Of
}

// more counts records that were read before and fail after all, since their
// parents did not land. They stand in no row, so no window counts them.
func (b *budget) more(codes []record.Code) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, code := range codes {
		b.codes[code]++
		b.failed++
	}
	if b.limit.Of == 0 && (b.limit.Failures > 0 && b.failed >= b.limit.Failures || b.limit.Percent > 0 && b.read >= judgedFrom && b.tooMany()) {
		b.spend()
	}
}

// ended judges an entity all of whose records are read, however few they are.
func (b *budget) ended() {
	if b == nil || b.over == "" || b.limit.Percent == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed > 0 && b.tooMany() {
		b.spend()
	}
}

func (b *budget) tooMany() bool { return float64(b.failed)*100 >= b.limit.Percent*float64(b.read) }

func (b *budget) spend() {
	if b.spent != nil {
		return
	}
	codes := slices.SortedFunc(maps.Keys(b.codes), func(x, y record.Code) int {
		return cmp.Or(cmp.Compare(b.codes[y], b.codes[x]), cmp.Compare(x, y))
	})
	b.spent = &SpentError{Run: b.run, Limit: b.limit, Over: b.over, Failed: b.failed, Read: b.read}
	for _, code := range codes[:min(len(codes), 3)] {
		b.spent.Codes = append(b.spent.Codes, CodeCount{code, b.codes[code]})
	}
	close(b.stop)
}

// enough is closed when the budget is spent.
func (b *budget) enough() <-chan struct{} {
	if b == nil {
		return nil
	}
	return b.stop
}

// end says why the run ends; nil while it goes on.
func (b *budget) end() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent == nil {
		return nil
	}
	return b.spent
}
