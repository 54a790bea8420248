// Package rollback undoes a run: it deletes the rows that the run made, gives
// those that it changed back what they held, and makes the crosswalk what it
// was, batch by batch, each batch in one transaction with its crosswalk, its
// ledger and its marker. It is a run itself, and goes on where it was broken
// off. What people have changed since, or refer to since, it keeps.
package rollback

import (
	"context"
	"time"

	"landfall/internal/books"
	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// Options say what is undone, and how.
type Options struct {
	Run  string       // the run to undo
	Only []record.Ref // these records alone; empty means all
	// ThroughTriggers writes to tables whose triggers go off by it.
	ThroughTriggers bool

	// RunsDir is where the rollback's files go: beside it a refusal is noted while
	// the target has no books. Empty notes none.
	RunsDir string
	// Clock takes the place of the target's for the guard, so that a test can choose
	// the time. May be nil.
	Clock func() time.Time
	// Patience is how long transient faults of the target are put up with.
	Patience time.Duration
	// Observe is told what happens; it is called from one goroutine at a time and
	// must not block. May be nil.
	Observe func(run.Event)
	// Stop, when closed, ends the rollback after the batch in hand. May be nil.
	Stop <-chan struct{}
	// Points is called at named points of a batch, so that a test can break the
	// rollback exactly there. May be nil.
	Points func(run.Point)
}

// gate is what lets the rollback into its target.
func (o *Options) gate(b *books.Books, end *migration.TargetEnd, resume, rehearsal bool) *guard.Gate {
	command := "rollback"
	if resume {
		command = "resume"
	}
	actor, host := run.HolderName()
	return guard.NewGate(b, guard.RulesOf(end.File, end.Target, end.Looker()), guard.Asking{
		Actor: actor, Host: host, Command: command, Migration: end.File.Name, Trail: guard.TrailBeside(o.RunsDir), Clock: o.Clock,
		Unplanned: true, Rehearsal: rehearsal,
	})
}

// The points of a rollback's batch that a load's has not.
const (
	PointJudged run.Point = "rows-judged" // rows are locked and looked at
	PointUndone run.Point = "rows-undone" // restored and deleted, before the crosswalk
)

// Points lists the points that every rollback passes which has rows to undo, in
// their order.
var Points = []run.Point{
	run.PointStarted, run.PointBegun, PointJudged, PointUndone, run.PointCrosswalk, run.PointLedger, run.PointCommitted,
	run.PointEntityEnd, run.PointRunEnd, run.PointArtefacts,
}

// PointIntended is passed where records are undone by calls: what is about to be
// done is in the books.
const PointIntended run.Point = "intents-committed"

// The points of rows that refer to each other.
const (
	PointTogether     run.Point = "together"      // all that were left are undone, before commit
	PointTogetherDone run.Point = "together-done" // after commit
)

// TogetherPoints lists the points that are only passed where rows refer to each
// other over the bounds of a batch.
var TogetherPoints = []run.Point{PointTogether, PointTogetherDone}

// GoneAlready is what is told of a record whose row there was nothing left to
// undo of.
const GoneAlready = "its row was gone already"

// NotGivenBack is told, after their names, of columns that a run wrote over and
// that cannot be given back what they held.
const NotGivenBack = "which the target shows to nobody, so that it is as the run left it"

// Result is how a rollback ended.
type Result struct {
	Run     *ledger.Run // the rollback
	Undone  *ledger.Run // the run that it undoes
	Counts  ledger.Counts
	Stopped bool // ended after a batch because it was asked to
	// NotTouched are those of Only that the run did nothing with, or nothing that
	// is left to undo.
	NotTouched []record.Ref
}

// Look is handed a reading transaction after a rehearsal's last step, while all
// that was rehearsed is still to be seen in it.
type Look func(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, rehearsed *ledger.Run) error
