package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"landfall/internal/crosswalk"
	"landfall/internal/dedupe"
	"landfall/internal/intent"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// entityRun carries one entity's records. Its lanes share it: what changes while
// they run is behind a lock, or has one of its own.
type entityRun struct {
	*runner
	*migration.Entity
	stored *ledger.Entity
	spill  string

	store   *crosswalk.Store
	lander  target.Inserts // a target.Table unless the run is a wave
	numbers *crosswalk.Numbers
	space   *keySpace // the row numbers of which keys are made; nil when they are made otherwise
	heirs   *heirs    // likewise, of keys that begin with a parent's
	parents map[string]*crosswalk.Parents
	owner   map[string]int64 // parent entity -> its number in the books
	lookups []*lookup
	// uncalled: the books know nothing of what the entity's records are found by.
	uncalled bool
	// recreated are the tables of parent entities of which records may be written
	// again after those that refer to them: `missing: recreate`.
	recreated map[string]target.Inserts
	later     map[string]bool // parent entities whose records may land after those that refer to them
	policy    target.Policy
	changing  *dedupe.Seen // what is planned of records that end otherwise than when they land; nil without a plan
	pace      target.Pace
	first     bool     // the crosswalk holds nothing of the entity: no look-ups needed
	known     bool     // earlier runs have landed records of the entity
	owned     bool     // rows of the table, whose keys are natural, belonged to records when the run started
	hashed    []string // the columns that hashes cover, in name order
	shapeID   int64
	once      []string // the columns that are written only once, in name order
	onceID    int64    // their shape; 0 where there are none
	wanted    *wanted
	total     int64

	mu     sync.Mutex
	counts ledger.Counts
	read   int64
	along  int64 // bytes of the source up to the farthest batch that landed, as far as they can be told

	landedCells sync.Pool // of *[]record.Value, see cellsFor

	budget *budget // nil: however many fail
	turns  turns
	// gate is held by who reserves keys and by who must not meet that: where only
	// one connection can write at a time, a lane that lands.
	gate sync.Mutex

	intents *intent.Store // of calls; nil where none are made
	left    bool          // calls are left of which it was not known what became of them
	newest  newest

	laneCount atomic.Int64 // lanes at work
	unlanded  atomic.Int64 // batches that lanes gave back because they were asked to stop
}

// carry brings every record of the entity to its end, but for what waits for
// parents that come later.
func (e *entityRun) carry(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, e.wanted.close()) }()
	if e.stored.Done {
		return nil
	}
	e.tell(e.event(EventEntityStarted))
	if err := e.carryBatches(ctx); err != nil {
		return err
	}
	e.budget.ended()
	if err := e.budget.end(); err != nil {
		return err
	}
	if e.wanted != nil {
		for key, found := range e.wanted.only {
			if !found {
				e.notFound = append(e.notFound, record.Ref{Entity: e.Name, Key: key})
			}
		}
		if beyond := (OutOfReach{Entity: e.Name, NoKey: e.wanted.keyless, Gone: max(0, e.wanted.count-e.read)}); e.wanted.only == nil && (beyond.NoKey > 0 || beyond.Gone > 0) {
			e.outOfReach = append(e.outOfReach, beyond)
		}
	}
	return nil
}

// recall adds up what earlier sessions of the run have done for the entity.
func (e *entityRun) recall(ctx context.Context) error {
	if !e.resumed {
		return nil
	}
	return e.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		e.counts, e.read = ledger.Counts{}, 0 // an earlier look may have broken off half-way
		for _, slice := range e.stored.Sealed() {
			err := e.ledger.Markers(ctx, tx, e.run.ID, e.stored.ID, slice.Number, func(m *ledger.Marker) error {
				e.counts.Add(m.Counts)
				e.read += m.Records
				end, err := source.ParsePosition(m.End)
				e.reached(slice.Number, end.Offset)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// prepare looks up what the entity's landing needs to know.
func (e *entityRun) prepare(ctx context.Context) error {
	e.policy = policyOf(e.o.Mode, e.Entity.Entity)
	e.budget = e.budgetOf(e.Entity.Entity)
	e.parents, e.owner, e.later = map[string]*crosswalk.Parents{}, map[string]int64{}, map[string]bool{}
	e.recreated = map[string]target.Inserts{}
	e.lookups = nil
	for i := range e.Lookups {
		e.lookups = append(e.lookups, e.newLookup(&e.Lookups[i]))
	}
	e.lander = e.tableFor(e.Table, e.Key)
	e.warnOfPolicies()
	e.space = e.spaceOf(e.Entity)
	e.hashed, e.once = e.Program.Compared(), e.Program.WrittenOnce()
	shape, err := json.Marshal(e.hashed)
	if err != nil {
		return err
	}
	onceShape, err := json.Marshal(e.once)
	if err != nil {
		return err
	}
	err = e.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := e.Check(ctx, a.Tx); err != nil {
			return err
		}
		store, err := crosswalk.Open(ctx, a.Tx, e.books, e.run.Migration, e.Name, e.Table.Name.String())
		if err != nil {
			return err
		}
		e.store, store.RunID = store, e.run.ID
		known, err := store.Any(ctx, a.Tx)
		if err != nil {
			return err
		}
		e.first = !known
		if err := e.openHeirs(ctx, a.Tx); err != nil {
			return err
		}
		if known {
			if e.known, err = store.AnyBefore(ctx, a.Tx, e.run.ID); err != nil {
				return err
			}
		}
		if !e.rehearse {
			// Rows that somebody inserted with keys of their own may be ahead of the
			// target's counters.
			if err := e.lander.AdvanceSequences(ctx, a.Tx); err != nil && !errors.Is(err, target.ErrCounter) {
				return err
			}
		}
		if e.To.NewKey == mapping.KeyNatural {
			if e.owned, err = store.Owned(ctx, a.Tx); err != nil {
				return err
			}
		}
		if e.To.Collapse || e.owned || len(e.To.Match) > 0 && (e.Remote != nil || e.policy.OnMatch != string(mapping.MatchReject)) {
			// Every batch asks whose a row is. Where rows that match are not expected, few
			// batches do; but beside calls, keeping the index costs nothing.
			if _, err := store.EnsureReverse(ctx, a.Tx); err != nil {
				return err
			}
		}
		if e.uncalled, err = store.AnyCalled(ctx, a.Tx); err != nil {
			return err
		}
		e.uncalled = !e.uncalled
		if err := e.knowParents(ctx, a.Tx); err != nil {
			return err
		}
		if e.Remote == nil && (e.To.NewKey == mapping.KeyIdentity || e.To.NewKey == mapping.KeySequence) {
			if e.numbers, err = crosswalk.NewNumbers(ctx, a.Tx, e.store, e.Table, &e.Key[0]); err != nil {
				return err
			}
		}
		if e.shapeID, err = store.ShapeID(ctx, a.Tx, string(shape)); err != nil || len(e.once) == 0 {
			return err
		}
		e.onceID, err = store.ShapeID(ctx, a.Tx, string(onceShape))
		return err
	}, e.Again)
	if err != nil {
		return err
	}
	if err := e.settleLeft(ctx); err != nil {
		return err
	}
	if e.wanted, err = e.choose(ctx, e.Loader); err != nil {
		return err
	}
	e.total = e.countTotal()
	return nil
}

// knowParents opens the crosswalk of every entity that fields refer to.
func (e *entityRun) knowParents(ctx context.Context, tx sqldb.Tx) error {
	for _, ref := range e.Program.Refs {
		for _, name := range ref.Entities {
			if e.parents[name] != nil {
				continue
			}
			store, err := e.storeOf(ctx, tx, name)
			if err != nil {
				return err
			}
			e.parents[name] = crosswalk.NewParents(store)
			e.owner[name] = store.EntityID
			e.later[name] = !e.expects && e.m.Waits(e.Entity, name)
			if parent := e.m.Entity(name); e.later[name] && policyOf(e.o.Mode, parent.Entity).Missing == string(mapping.MissingRecreate) {
				e.recreated[name] = e.tableFor(parent.Table, parent.Key)
			}
		}
	}
	return nil
}

func (e *entityRun) countTotal() int64 {
	if e.wanted != nil {
		return e.wanted.total()
	}
	total := int64(0)
	for _, slice := range e.stored.Slices {
		if slice.Count < 0 {
			return -1
		}
		total += slice.Count
	}
	if e.o.Limit > 0 {
		total = min(total, e.o.Limit)
	}
	return total
}

// end closes the entity, when nothing of it waits any more: the balance must hold, the target's counters go past
// its highest key, and the reverse index is there from now on.
func (e *entityRun) end(ctx context.Context) error {
	if e.stored.Done {
		return nil
	}
	// Ending may make an index over all that landed.
	if _, err := e.await(ctx, 0); err != nil {
		return err
	}
	if e.wanted == nil && e.total >= 0 && e.read != e.total {
		return fmt.Errorf("the source counted %d records when the run started and %d were read: it changed meanwhile; end this run with `landfall abandon %s` and run again", e.total, e.read, e.run.Name)
	}
	if e.counts.Total() != e.read {
		return fmt.Errorf("%d records were read and %d have an end: the books do not add up", e.read, e.counts.Total())
	}
	if err := e.restoreIndexes(ctx); err != nil {
		return err
	}
	missing, behind := false, false
	err := e.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) (err error) {
		if err := e.Check(ctx, a.Tx); err != nil {
			return err
		}
		if e.rehearse {
			return nil
		}
		if err := e.lander.AdvanceSequences(ctx, a.Tx); err != nil && !errors.Is(err, target.ErrCounter) {
			return err
		} else {
			behind = err != nil
		}
		if e.numbers != nil {
			if err := e.numbers.Note(ctx, a.Tx); err != nil {
				return err
			}
		}
		if err := e.endLeft(ctx, a.Tx); err != nil {
			return err
		}
		if e.space != nil && e.shadow == nil {
			if err := e.space.End(ctx, a.Tx, e.run.ID); err != nil {
				return err
			}
		}
		if e.heirs != nil && e.shadow == nil {
			if err := e.heirs.End(ctx, a.Tx, e.run.ID); err != nil {
				return err
			}
		}
		if missing, err = e.store.EnsureReverse(ctx, a.Tx); err != nil {
			return err
		}
		for _, slice := range e.stored.Sealed() {
			if _, err := e.ledger.Seal(ctx, a.Tx, e.run.ID, e.stored.ID, slice.Number); err != nil {
				return err
			}
		}
		if err := e.Lease.Keep(ctx, a.Tx, e.run.Name); err != nil {
			return err
		}
		return e.ledger.EndEntity(ctx, a.Tx, e.run.ID, e.stored.ID)
	}, e.Again)
	if err != nil {
		return err
	}
	e.point(PointEntityEnd)
	e.stored.Done = true
	if missing {
		e.warnOfIndex(ctx)
	}
	if behind {
		e.warnOfCounters()
	}
	e.tell(e.event(EventEntityEnded))
	return nil
}

// event tells how far the entity is.
func (e *entityRun) event(kind EventKind) Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Event{Kind: kind, Entity: e.Name, Read: e.read, Total: e.total, Percent: e.percent(), Counts: e.counts.Clone(), Lanes: int(e.laneCount.Load())}
}

// reached notes how far into the source a batch's end is.
func (e *entityRun) reached(slice int, offset int64) {
	before := int64(0)
	for _, s := range e.stored.Slices {
		if s.Number == slice {
			e.along = max(e.along, before+offset)
		}
		before += s.Bytes
	}
}

// percent is how much of a source that cannot count is read: of its bytes, or
// of the limit, whichever ends the entity first. It is -1 where that cannot be
// told.
func (e *entityRun) percent() float64 {
	if e.total >= 0 {
		return -1
	}
	percent, size := -1.0, int64(0)
	for _, s := range e.stored.Slices {
		size += s.Bytes
	}
	if size > 0 && e.along > 0 {
		percent = 100 * float64(e.along) / float64(size)
	}
	if e.o.Limit > 0 {
		percent = max(percent, 100*float64(e.read)/float64(e.o.Limit))
	}
	return min(percent, 100)
}
