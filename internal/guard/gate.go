package guard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"landfall/internal/books"
	"landfall/internal/sqldb"
)

// Since is the version of the books that brought the guard.
const Since = 4

// Asking says who wants to write, and what for.
type Asking struct {
	Actor, Host string // who types the command, and where
	Command     string // run, rollback, …
	Migration   string
	// PlanHash is that of the plan to which the work is held, empty for none, with
	// the plan's author and the approvals that it carries.
	PlanHash   string
	PlanAuthor string
	Approvals  []Approval
	// Unplanned is work for which nobody makes plans, such as undoing a run: no
	// approval is demanded of it.
	Unplanned bool
	// Mending gives back what runs took and left away: it is let in whatever plan or
	// migration the target is armed for, since it could not be closed without.
	Mending bool
	// Rehearsal lands nothing: it is rolled back, so no backup, plan or approval is
	// demanded of it.
	Rehearsal bool
	// Trail is the file in which a refusal is noted while the target has no books;
	// empty notes none.
	Trail string
	// Clock takes the place of the target's own, for tests; nil otherwise.
	Clock func() time.Time
}

// Gate lets work into a target and stops it. A nil Gate, and one whose rules do
// not protect, let everything pass. Its methods may be called from several
// goroutines.
type Gate struct {
	books *books.Books
	rules Rules
	who   Asking

	took     durations     // of the batches so far
	patience time.Duration // with what tells the last backup's time

	mu      sync.Mutex
	refusal *Refusal      // the first that Check came to
	refused chan struct{} // closed with it
	endsIn  time.Duration // how long what Check saw last lets work go on
	seenAt  time.Time     // by this process's clock
}

// NewGate makes the gate of a target.
func NewGate(b *books.Books, rules Rules, who Asking) *Gate {
	return &Gate{books: b, rules: rules, who: who, patience: patience, refused: make(chan struct{})}
}

// Protects reports whether anything is refused at all.
func (g *Gate) Protects() bool { return g != nil && g.rules.Protected }

// Open is asked once before a command writes anything. It returns a *Refusal,
// which is noted in the audit, or an error when it cannot be known.
func (g *Gate) Open(ctx context.Context, db sqldb.DB) error {
	if g == nil {
		return nil
	}
	able, err := guarded(ctx, db)
	if err != nil {
		return err
	}
	if !g.rules.Protected {
		return g.openUnprotected(ctx, db, able)
	}
	if !able {
		return g.refuseUnbooked(&Refusal{Code: CodeDisabled, Text: g.notArmed("it never was")})
	}
	refusal, err := g.askAll(ctx, db)
	if err != nil || refusal == nil {
		return err
	}
	return g.noteRefusal(ctx, db, refusal)
}

// guarded reports whether the books are there and have the guard's tables.
func guarded(ctx context.Context, db sqldb.DB) (bool, error) {
	present, err := books.Present(ctx, db)
	if err == nil && present > books.Version {
		err = books.NewerError(present)
	}
	return present >= Since, err
}

// askAll judges in a reading transaction.
func (g *Gate) askAll(ctx context.Context, db sqldb.DB) (*Refusal, error) {
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	m, err := g.readMode(ctx, tx, "")
	if err != nil {
		return nil, err
	}
	if refusal := g.judge(m); refusal != nil || g.who.Rehearsal {
		return refusal, nil
	}
	if refusal := g.approved(); refusal != nil {
		return refusal, nil
	}
	return g.backedUp(ctx, tx, m.Now), nil
}

// judge holds the mode and the time against what is asked for.
func (g *Gate) judge(m *Mode) *Refusal {
	switch {
	case m.Identity == "":
		return &Refusal{CodeDisabled, g.notArmed("it never was")}
	case m.Clone():
		return &Refusal{CodeClone, m.carries("") + ": it is a copy, or it was moved, and so it is not armed; `landfall guard arm` gives it an identity of its own"}
	case !m.Armed:
		why := fmt.Sprintf("%s disarmed it at %s", m.DisarmedBy, m.DisarmedAt)
		if m.DisarmReason != "" {
			why += " (" + m.DisarmReason + ")"
		}
		return &Refusal{CodeDisabled, g.notArmed(why)}
	case m.Expired():
		return &Refusal{CodeExpired, g.notArmed(fmt.Sprintf("what %s armed ended at %s", m.ArmedBy, m.Expires.Format(stamp)))}
	case m.Connection != g.rules.Connection:
		return &Refusal{CodeConnection, fmt.Sprintf("the target is armed through connection %s, and this is %s, whose rules are other ones: use that, or arm it through this one", m.Connection, g.rules.Connection)}
	case m.Rules != g.rules.hash():
		return &Refusal{CodeConnection, fmt.Sprintf("what connection %s demands by `guard:` is not what it demanded when %s armed the target: arm it again", g.rules.Connection, m.ArmedBy)}
	case g.who.Mending:
	case m.Migration != g.who.Migration:
		return &Refusal{CodeMigration, fmt.Sprintf("the target is armed for migration %s by %s, not for %s", m.Migration, m.ArmedBy, g.who.Migration)}
	case g.who.Rehearsal:
	case m.PlanHash != "" && g.who.Unplanned:
		return &Refusal{CodePlan, fmt.Sprintf("the target is armed for the plan %s alone, and nobody plans this: arm it without --plan", shortHash(m.PlanHash))}
	case m.PlanHash != "" && g.who.PlanHash == "":
		return &Refusal{CodePlan, fmt.Sprintf("the target is armed for the plan %s alone, and this is held to none: name the plan with --plan, or arm without one", shortHash(m.PlanHash))}
	case m.PlanHash != "" && m.PlanHash != g.who.PlanHash:
		return &Refusal{CodePlan, fmt.Sprintf("the target is armed for the plan %s, and this is held to the plan %s", shortHash(m.PlanHash), shortHash(g.who.PlanHash))}
	}
	return g.timely(m.Now)
}

func (g *Gate) notArmed(why string) string {
	text := fmt.Sprintf("connection %s is production and not armed: %s. Arm it with `landfall guard arm --for 2h --reason …`", g.rules.Connection, why)
	if g.who.Rehearsal {
		text += "; a rehearsal holds locks, sets off triggers and uses up numbers, though it is rolled back. `landfall plan` only reads"
	}
	return text
}

// shortHash is as much of a hash as people compare.
func shortHash(hash string) string { return hash[:min(12, len(hash))] }

// Check is part of every writing transaction: it returns a *Refusal when the
// target does not accept this one any more. Who disarms waits for transactions
// that have passed it.
func (g *Gate) Check(ctx context.Context, tx sqldb.Tx) error {
	if !g.Protects() {
		return nil
	}
	own, ok := g.books.Dialect().(sqldb.OwnTables)
	if !ok {
		return books.ErrNoOwnTables
	}
	m, err := g.readMode(ctx, tx, own.LockLease())
	if err != nil {
		return err
	}
	refusal := g.judge(m)
	g.saw(m, refusal)
	if refusal != nil {
		return refusal
	}
	return nil
}

// Admit is Check for the transaction that starts a run or goes on with one, and
// notes that it was let in.
func (g *Gate) Admit(ctx context.Context, tx sqldb.Tx, run string) error {
	if g == nil {
		return nil
	}
	if !g.rules.Protected {
		return g.admitUnprotected(ctx, tx)
	}
	if err := g.Check(ctx, tx); err != nil || g.who.Rehearsal {
		return err
	}
	e := g.event(EventAdmitted)
	e.Run = run
	for _, a := range g.who.Approvals {
		if a.PlanHash == g.who.PlanHash {
			e.Message = strings.TrimPrefix(e.Message+"; ", "; ") + fmt.Sprintf("approved by %s at %s (typed by %s): %s", a.By, a.At, a.Actor, a.Reason)
		}
	}
	return Note(ctx, tx, g.books, e)
}

// Outcome is how work ended that was let in.
type Outcome string

// The outcomes.
const (
	Completed   Outcome = EventCompleted
	Broke       Outcome = EventBroke
	Interrupted Outcome = EventInterrupted // by a person; the target stays armed
	Parked      Outcome = EventParked      // by the gate
)

// Ended is part of the transaction that closes a run: it notes the outcome, and
// disarms the target where the run has come to its end or broke, and where the
// time has run out. refusal is what parked it, if anything.
func (g *Gate) Ended(ctx context.Context, tx sqldb.Tx, run string, outcome Outcome, refusal *Refusal) error {
	if !g.Protects() {
		return nil
	}
	e := g.event(string(outcome))
	e.Run = run
	reason := ""
	switch {
	case refusal != nil:
		e.Message = refusal.noted()
		if refusal.Code == CodeExpired {
			reason = "the time had run out"
		}
	case outcome == Completed || outcome == Broke:
		reason = fmt.Sprintf("run %s %s", run, outcome)
	}
	if reason != "" && (refusal == nil || refusal.Code != CodeExpired) {
		open, err := indexesOpen(ctx, tx, g.books)
		if err != nil {
			return err
		}
		if open != "" {
			// What is closed could not be mended.
			e.Message, reason = "stays armed until its time, since indexes are not there again: "+open, ""
		}
	}
	if err := Note(ctx, tx, g.books, e); err != nil || reason == "" {
		return err
	}
	return g.disarmBy(ctx, tx, engine, reason)
}

// disarmBy disarms what is armed for this migration, and notes it.
func (g *Gate) disarmBy(ctx context.Context, tx sqldb.Tx, by, reason string) error {
	m, err := g.readMode(ctx, tx, "")
	if err != nil || m.Clone() || m.Migration != g.who.Migration {
		return err
	}
	changed, err := disarm(ctx, tx, g.books, m.Now, by, reason)
	if err != nil || !changed {
		return err
	}
	e := g.event(EventDisarmed)
	if m.Expired() {
		e.Event = EventExpired
	}
	e.PlanHash, e.Message = m.PlanHash, "by "+by+": "+reason
	return Note(ctx, tx, g.books, e)
}

func (g *Gate) event(word string) Event {
	return Event{
		Actor: g.who.Actor, Host: g.who.Host, Command: g.who.Command, Event: word, Migration: g.who.Migration, PlanHash: g.who.PlanHash,
	}
}

// NoteRefusal notes a refusal in the audit. A mode that has run out is disarmed
// with it.
func (g *Gate) NoteRefusal(ctx context.Context, tx sqldb.Tx, refusal *Refusal) error {
	if g == nil || !g.rules.Protected && refusal.Code != CodeProduction {
		return nil
	}
	return g.note(ctx, tx, refusal)
}

func (g *Gate) note(ctx context.Context, tx sqldb.Tx, refusal *Refusal) error {
	e := g.event(EventRefused)
	e.Message = refusal.noted()
	if err := Note(ctx, tx, g.books, e); err != nil || refusal.Code != CodeExpired {
		return err
	}
	return g.disarmBy(ctx, tx, engine, "the time had run out")
}

// noteRefusal notes a refusal in a transaction of its own and returns it. That it
// cannot be noted does not open the gate. A connection that is gone, as after a
// query that was given up, is replaced by another.
func (g *Gate) noteRefusal(ctx context.Context, db sqldb.DB, refusal *Refusal) error {
	note := func(tx sqldb.Tx) error { return g.note(ctx, tx, refusal) }
	err := sqldb.InTx(ctx, db, note)
	if again, able := db.(sqldb.Reopener); err != nil && able && db.Dialect().Classify(err).Lost {
		err = inAnother(ctx, again, note)
	}
	if err != nil {
		return errors.Join(refusal, fmt.Errorf("the refusal could not be noted in the audit: %w", err))
	}
	return refusal
}

// inAnother is sqldb.InTx on a further connection to the same database.
func inAnother(ctx context.Context, db sqldb.Reopener, work func(sqldb.Tx) error) error {
	another, err := db.Another(ctx)
	if err != nil {
		return err
	}
	defer another.Close(context.WithoutCancel(ctx))
	return sqldb.InTx(ctx, another, work)
}

// Rules are those of the target.
func (g *Gate) Rules() Rules { return g.rules }
