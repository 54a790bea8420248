package guard

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Event is an entry of the audit: who asked for what, and what came of it.
type Event struct {
	Seq       int64  `json:"seq"`
	At        string `json:"at"`      // the server's clock; Note fills it in
	Actor     string `json:"actor"`   // the user's name on the machine where it was typed
	Host      string `json:"host"`    // that machine
	Command   string `json:"command"` // run, guard arm, …
	Event     string `json:"event"`   // one of the words below
	Migration string `json:"migration,omitempty"`
	Run       string `json:"run,omitempty"`
	PlanHash  string `json:"plan_hash,omitempty"`
	Reason    string `json:"reason,omitempty"`  // why, in the words of who asked
	Message   string `json:"message,omitempty"` // what came of it

	Link []byte `json:"-"`
}

// The words of events. Others who note events of their own choose their words.
const (
	EventBegun       = "begun" // the first entry of an audit
	EventArmed       = "armed"
	EventDisarmed    = "disarmed"
	EventExpired     = "expired"
	EventRefused     = "refused"
	EventClone       = "clone"    // armed at another place than where the identity was recorded
	EventReleased    = "released" // it is no production target any more
	EventAdmitted    = "admitted"
	EventCompleted   = "completed"
	EventBroke       = "broke"
	EventParked      = "parked"
	EventInterrupted = "interrupted"
	EventAbandoned   = "abandoned"
)

// Note appends an event to the audit, inside the transaction, whose end it
// shares. Others who note wait for that end, so the transaction must be short.
func Note(ctx context.Context, tx sqldb.Tx, b *books.Books, e Event) error {
	now, err := serverNow(ctx, tx, b)
	if err != nil {
		return err
	}
	e.At = now.Format(stamp)
	// The first entry is the lock behind which others wait: what they read after
	// that has this transaction's entry in it.
	first := "SELECT seq FROM {audit} WHERE seq = 0" + b.Dialect().LockRows()
	if _, found, err := b.One(ctx, tx, first); err != nil {
		return fmt.Errorf("reading the audit: %w", err)
	} else if !found {
		begun := Event{At: e.At, Actor: e.Actor, Host: e.Host, Command: e.Command, Event: EventBegun}
		if err := insert(ctx, tx, b, begun, nil, " ON CONFLICT (seq) DO NOTHING"); err != nil {
			return err
		}
		if _, _, err := b.One(ctx, tx, first); err != nil {
			return fmt.Errorf("reading the audit: %w", err)
		}
	}
	last, _, err := b.One(ctx, tx, "SELECT seq, link FROM {audit} ORDER BY seq DESC LIMIT 1")
	if err != nil {
		return fmt.Errorf("reading the audit: %w", err)
	}
	e.Seq = last[0].Int() + 1
	return insert(ctx, tx, b, e, []byte(last[1].Raw()), "")
}

// NoteGuarded is Note for what a target may be done to without being armed: it
// notes nothing where the target was never armed, or its books are older than
// the guard.
func NoteGuarded(ctx context.Context, tx sqldb.Tx, b *books.Books, e Event) error {
	able, err := b.Able(ctx, tx, "guard")
	if err != nil || !able {
		return err
	}
	_, found, err := b.One(ctx, tx, "SELECT id FROM {guard} WHERE identity <> ''")
	if err != nil || !found {
		return err
	}
	return Note(ctx, tx, b, e)
}

func insert(ctx context.Context, tx sqldb.Tx, b *books.Books, e Event, before []byte, conflict string) error {
	_, err := b.Exec(ctx, tx, "INSERT INTO {audit} (seq, at, actor, host, command, event, migration, run_name, plan_hash, reason, message, link) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"+conflict,
		e.Seq, e.At, e.Actor, e.Host, e.Command, e.Event, optional(e.Migration), optional(e.Run), optional(e.PlanHash), optional(e.Reason), optional(e.Message), e.link(before))
	if err != nil {
		return fmt.Errorf("writing the audit: %w", err)
	}
	return nil
}

func optional(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// link is the entry's place in the chain: SHA-256 over the link before and all
// its cells, each behind its length.
func (e *Event) link(before []byte) []byte {
	sum := sha256.New()
	sum.Write(before)
	for _, cell := range []string{strconv.FormatInt(e.Seq, 10), e.At, e.Actor, e.Host, e.Command, e.Event, e.Migration, e.Run, e.PlanHash, e.Reason, e.Message} {
		sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(cell))))
		sum.Write([]byte(cell))
	}
	return sum.Sum(nil)
}

const auditColumns = "seq, at, actor, host, command, event, migration, run_name, plan_hash, reason, message, link"

func eventOf(row []record.Value) Event {
	return Event{
		Seq: row[0].Int(), At: text(row[1]), Actor: text(row[2]), Host: text(row[3]), Command: text(row[4]), Event: text(row[5]),
		Migration: text(row[6]), Run: text(row[7]), PlanHash: text(row[8]), Reason: text(row[9]), Message: text(row[10]), Link: []byte(row[11].Raw()),
	}
}

// Last lists the last n entries, oldest first.
func Last(ctx context.Context, tx sqldb.Tx, b *books.Books, n int) ([]Event, error) {
	var events []Event
	err := b.Query(ctx, tx, func(row []record.Value) error {
		events = append(events, eventOf(row))
		return nil
	}, "SELECT "+auditColumns+" FROM (SELECT * FROM {audit} ORDER BY seq DESC LIMIT "+strconv.Itoa(n)+") a ORDER BY seq")
	return events, err
}
