// Package run carries records from room to room: it reads and shapes them,
// chooses, resolves, decides, lands and tells, batch by batch, each batch in
// one transaction with its crosswalk, its ledger and its marker.
package run

import (
	"context"
	"time"

	"landfall/internal/books"
	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/target"
)

// Batch limits unless told otherwise. Between 5,000 and 200,000 records the
// speed differs by a few percent; these keep locks short and memory small.
const (
	DefaultRecords = 10_000
	DefaultBytes   = 4 << 20
)

// Options say what a run is asked to do.
type Options struct {
	Mode    target.Mode
	Only    []record.Ref // these records alone; empty means all
	Limit   int64        // the first so many records of each entity; 0 means all
	Inputs  map[string]string
	Records int // batch limits; 0 means the defaults
	Bytes   int
	// StartRows are first row numbers by entity, in place of those of the mapping.
	StartRows map[string]int64
	Lanes     int // connections that land an entity's batches side by side; 0 lets what the target answers choose
	// Retry runs the open records of an earlier run again: its name, or "" with
	// RetryOpen for all that are open.
	Retry     string
	RetryOpen bool
	// SendAgain sends records of an API once more of which it cannot be found out
	// whether an earlier call was carried out: somebody has looked, and they are not
	// there.
	SendAgain bool
	// Fingerprint shows of every entity, whatever the mapping says, whether rows
	// that are none of the run's business are as they were.
	Fingerprint bool
	// StopAfter is how many records may fail before the run ends by itself,
	// whatever the mapping says; nil leaves it to what the run was started with,
	// and to the mapping.
	StopAfter *mapping.StopAfter
	// PlanHash is the content hash of the plan that the run is held to, empty for
	// none, and Approvals are those that the plan carries.
	PlanHash  string
	Approvals []guard.Approval
	// PlanAuthor is who made the plan.
	PlanAuthor string
	// PlanFile is where the plan is: a resume looks there.
	PlanFile string
	// Plan is what was foreseen of every record; nil where the run is held to no plan.
	Plan Planned

	// RunsDir is where the run's artefacts go: beside it a refusal is noted while
	// the target has no books. Empty notes none.
	RunsDir string
	// TempDir is where what must be remembered about all records spills; empty
	// means the system's.
	TempDir string
	// Patience is how long transient faults of the target are put up with.
	Patience time.Duration

	// Observe is told what happens; it is called from one goroutine at a time and
	// must not block. May be nil.
	Observe func(Event)
	// Stop, when closed, ends the run after the batch in hand. May be nil.
	Stop <-chan struct{}
	// Clock takes the place of the target's for the guard, so that a test can choose
	// the time. May be nil.
	Clock func() time.Time
	// Points is called at named points of a batch, so that a test can break the
	// run exactly there. May be nil.
	Points func(Point)
}

// Refuse notes, where the target is protected, that a run is refused before it
// starts, and returns the refusal.
func Refuse(ctx context.Context, m *migration.Migration, o Options, resume bool, refusal *guard.Refusal) error {
	b, err := books.New(m.Looker().Dialect())
	if err != nil {
		return err
	}
	return guard.NewGate(b, guard.RulesOf(m.File, m.Target, m.Looker()), o.asking(m.File.Name, resume)).Refuse(ctx, m.Looker(), refusal.Code, refusal.Text)
}

// asking says on whose behalf the guard is asked.
func (o *Options) asking(migration string, resume bool) guard.Asking {
	command := "run"
	switch {
	case resume:
		command = "resume"
	case o.RetryOpen || o.Retry != "":
		command = "retry"
	}
	actor, host := HolderName()
	return guard.Asking{
		Actor: actor, Host: host, Command: command, Migration: migration, Trail: guard.TrailBeside(o.RunsDir), Clock: o.Clock,
		PlanHash: o.PlanHash, PlanAuthor: o.PlanAuthor, Approvals: o.Approvals,
	}
}

// Gate is what lets a run with these options into its target.
func (o *Options) Gate(b *books.Books, m *migration.Migration, resume bool) *guard.Gate {
	return guard.NewGate(b, guard.RulesOf(m.File, m.Target, m.Looker()), o.asking(m.File.Name, resume))
}

// Point names a place in a batch's life.
type Point string

// The points, in the order in which a batch passes them.
const (
	PointStarted   Point = "run-started"       // the run and its slices are in the books
	PointRead      Point = "batch-read"        // the batch is read and shaped
	PointBegun     Point = "transaction-begun" // the lease is checked
	PointReserved  Point = "keys-reserved"
	PointLanded    Point = "rows-landed"
	PointCrosswalk Point = "crosswalk-written"
	PointLedger    Point = "ledger-written"   // marker written, before commit
	PointCommitted Point = "batch-committed"  // after commit
	PointEntityEnd Point = "entity-ended"     // sequences advanced, entity closed
	PointRunEnd    Point = "run-ended"        // before the run is closed
	PointArtefacts Point = "before-artefacts" // the run is closed, its files are not written
)

// The points of settling what waits for its parent, batch by batch.
const (
	PointSettling Point = "settling" // all is written, before commit
	PointSettled  Point = "settled"  // after commit
)

// SettlingPoints lists the points that only entities pass whose records refer
// to ones that come later.
var SettlingPoints = []Point{PointSettling, PointSettled}

// The points of measuring a table before the run writes and after it has written.
const (
	PointMeasuring Point = "measuring" // all is written, before commit
	PointMeasured  Point = "measured"  // after commit
)

// MeasuringPoints lists the points that only entities pass of which totals or
// fingerprints are taken.
var MeasuringPoints = []Point{PointMeasuring, PointMeasured}

// PointKeys is passed by batches for which keys were made: they are committed,
// and nothing else of the batch is.
const PointKeys Point = "keys-committed"

// PointDoubted is passed by a comparison, and by no run: records of a batch are
// in doubt, and are about to be looked at once more. Lanes pass it side by side.
const PointDoubted Point = "batch-doubted"

// Points lists the points that every run passes.
var Points = []Point{
	PointStarted, PointRead, PointBegun, PointReserved, PointLanded, PointCrosswalk,
	PointLedger, PointCommitted, PointEntityEnd, PointRunEnd, PointArtefacts,
}

// EventKind says what an Event tells.
type EventKind string

// The kinds of events.
const (
	EventLooking       EventKind = "looking" // at an entity's input before the run starts, or at its whole table: counting, hashing
	EventRunStarted    EventKind = "run-started"
	EventRunResumed    EventKind = "run-resumed"
	EventEntityStarted EventKind = "entity-started"
	EventScanning      EventKind = "scanning" // reading again what a broken run had landed
	EventBatch         EventKind = "batch"
	EventWaiting       EventKind = "waiting"
	EventVerified      EventKind = "verified" // answers of an API were lost, and what became of the records was found out
	EventIndexes       EventKind = "indexes"  // a step around an entity's load: indexes are taken or made again, statistics refreshed
	EventRepeat        EventKind = "repeat"   // a record is the same thing as one before it, and the mapping lets no run start then
	EventWarning       EventKind = "warning"  // something that a person should see to; the run goes on
	EventSlowed        EventKind = "slowed"   // by the mapping's limit of rows a second
	EventPaused        EventKind = "paused"   // for as long as the target suffers
	EventEntityEnded   EventKind = "entity-ended"
	EventRunEnded      EventKind = "run-ended"
	EventPlanning      EventKind = "planning"    // what a run would do; its other events are those of runs
	EventReconciling   EventKind = "reconciling" // a reconciliation has started; its other events are those of runs
)

// ModeReconcile is the mode that the events of a reconciliation name.
const ModeReconcile = "reconcile"

// Event tells whoever draws the progress what happened.
type Event struct {
	Kind    EventKind
	Time    time.Time
	Run     string
	Mode    string
	Entity  string
	Read    int64         // records of the entity read and settled so far, earlier sessions of the run included
	Total   int64         // of so many; -1 where the source cannot count
	Percent float64       // of the source's content, where Total is -1 and it can be told; else -1
	Counts  ledger.Counts // of the entity so far
	Message string
	Found   string // what a reconciliation found in the entity so far, in place of Counts
	Lanes   int    // at work on the entity; 0 before and after
	Limit   int    // of an EventSlowed: rows a second, at most
}

// Result is how a run ended.
type Result struct {
	Run      *ledger.Run
	Entities []EntityResult
	Stopped  bool // ended after a batch because it was asked to
	// NotFound are those of --only that the source does not hold.
	NotFound []record.Ref
	// OutOfReach are open records that a retry could not read again.
	OutOfReach []OutOfReach
	// Unreached is why a rehearsal could not ask the API what it holds; nil where it
	// could, and where the target is a database.
	Unreached error
}

// EntityResult are an entity's dispositions.
type EntityResult struct {
	Name   string
	Counts ledger.Counts
}

// OutOfReach counts an entity's open records that only a run over all records
// can settle: those without a key, and those whose key the source does not hold
// any more.
type OutOfReach struct {
	Entity string
	NoKey  int64
	Gone   int64
}

// Open reports whether records are left that a retry would run again.
func (r *Result) Open() bool {
	for _, entity := range r.Entities {
		for disposition, n := range entity.Counts {
			if n > 0 && disposition.NeedsRetry() {
				return true
			}
		}
	}
	return false
}

// policyOf puts a mapping's policies and the mode together.
func policyOf(mode target.Mode, entity *mapping.Entity) target.Policy {
	return target.PolicyFor(mode, string(entity.Edited), string(entity.Missing), string(entity.OnMatch))
}
