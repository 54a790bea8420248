package guard

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"landfall/internal/books"
	"landfall/internal/sqldb"
)

// Arming says for how long, why, and for which plan a target is armed.
type Arming struct {
	For      time.Duration
	Reason   string
	PlanHash string // empty: any run of the migration
	Typed    string // the identity as it was typed
}

// Look tells the mode of a target. Where there are no books it is what it would
// be with empty ones.
func (g *Gate) Look(ctx context.Context, db sqldb.DB) (*Mode, error) {
	able, err := guarded(ctx, db)
	if err != nil {
		return nil, err
	}
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if able {
		return g.readMode(ctx, tx, "")
	}
	m := &Mode{}
	if m.Here, err = placeOf(ctx, tx, g.books.Dialect(), g.rules.API); err != nil {
		return nil, err
	}
	m.Now, err = serverNow(ctx, tx, g.books)
	return m, err
}

// Arm opens the target for a while. It makes the books where there are none,
// and records the identity of a target that has none here. What was typed must
// be what Mode.Phrase tells.
func (g *Gate) Arm(ctx context.Context, db sqldb.DB, a Arming) (*Mode, error) {
	seen, err := g.Look(ctx, db)
	if err != nil {
		return nil, err
	}
	able, err := guarded(ctx, db)
	if err != nil {
		return nil, err
	}
	if !able && strings.TrimSpace(a.Typed) != seen.Phrase() {
		return seen, g.refuseUnbooked(g.wrongIdentity(seen))
	}
	if !able {
		present, err := books.Present(ctx, db)
		if err != nil {
			return nil, err
		}
		if err := sqldb.InTx(ctx, db, func(tx sqldb.Tx) error { return books.Ensure(ctx, tx, db.Dialect(), present) }); err != nil {
			return nil, err
		}
	}
	// The row must be there for who starts a run before this looks for those who did.
	err = sqldb.InTx(ctx, db, func(tx sqldb.Tx) error {
		_, err := g.lockMode(ctx, tx)
		return err
	})
	if err != nil {
		return seen, err
	}
	var refusal *Refusal
	err = sqldb.InTx(ctx, db, func(tx sqldb.Tx) (err error) {
		if seen, err = g.lockMode(ctx, tx); err != nil {
			return err
		}
		if refusal = g.mayArm(seen, a); refusal == nil && seen.foreign() {
			refusal, err = g.fence(ctx, tx)
		}
		if err != nil || refusal != nil {
			return err
		}
		return g.arm(ctx, tx, seen, a)
	})
	if err == nil && refusal != nil {
		err = g.noteRefusal(ctx, db, refusal)
	}
	if err == nil && seen.foreign() {
		err = sqldb.InTx(ctx, db, func(tx sqldb.Tx) error { return g.books.AwaitBatches(ctx, tx) })
	}
	if err != nil {
		return seen, err
	}
	return g.Look(ctx, db)
}

// fence refuses to make a database a production target while somebody works on
// it who was let in when it was none, or at another address. Those who were cut
// off do not come back: their leases are taken.
func (g *Gate) fence(ctx context.Context, tx sqldb.Tx) (*Refusal, error) {
	living, err := g.books.Living(ctx, tx)
	if err != nil {
		return nil, err
	}
	if len(living) > 0 {
		h := living[0]
		return &Refusal{CodeUnderWay, fmt.Sprintf("run %s of migration %s (%s) was let in before this target was armed as production here: stop it, or wait for it; its lease ends at %s unless renewed", h.Run, h.Migration, h.Name, h.ExpiresAt)}, nil
	}
	return nil, g.books.Fence(ctx, tx)
}

// lockMode reads the guard's row and keeps it until the transaction ends. Where
// there is none, an empty one is made: two who arm at once must not both find
// none.
func (g *Gate) lockMode(ctx context.Context, tx sqldb.Tx) (*Mode, error) {
	_, err := g.books.Exec(ctx, tx, `INSERT INTO {guard} (id, identity, place, recorded_at, state) VALUES (1, '', '', '', ?) ON CONFLICT (id) DO NOTHING`, disarmed)
	if err != nil {
		return nil, fmt.Errorf("writing the guard: %w", err)
	}
	return g.readMode(ctx, tx, g.books.Dialect().LockRows())
}

func (g *Gate) wrongIdentity(m *Mode) *Refusal {
	return &Refusal{CodeIdentity, fmt.Sprintf("what was typed is not the identity of the target of connection %s: `landfall guard status` shows it", g.rules.Connection)}
}

func (g *Gate) mayArm(m *Mode, a Arming) *Refusal {
	if strings.TrimSpace(a.Typed) != m.Phrase() {
		return g.wrongIdentity(m)
	}
	// That it is armed at another place may be this one by another address.
	if m.Armed && !m.Expired() && m.Migration != g.who.Migration {
		return &Refusal{CodeArmedForOther, fmt.Sprintf("the target is armed for migration %s by %s until %s: wait for that, or disarm it first", m.Migration, m.ArmedBy, m.Expires.Format(stamp))}
	}
	return nil
}

func (g *Gate) arm(ctx context.Context, tx sqldb.Tx, m *Mode, a Arming) error {
	identity, by := m.Identity, g.who.Actor+"@"+g.who.Host
	if m.foreign() {
		made, err := uuid.NewRandom()
		if err != nil {
			return err
		}
		identity = made.String()
		if m.Clone() {
			e := g.event(EventClone)
			e.Message = fmt.Sprintf("carried the identity of %s, is %s and is %s from now on", m.Recorded.Identity(m.Identity), m.Here, m.Here.Identity(identity))
			if err := Note(ctx, tx, g.books, e); err != nil {
				return err
			}
		}
		_, err = g.books.Exec(ctx, tx, "UPDATE {guard} SET identity = ?, place = ?, recorded_at = ? WHERE id = 1", identity, m.Here.encode(), m.Now.Format(stamp))
		if err != nil {
			return fmt.Errorf("recording the identity: %w", err)
		}
	}
	until := m.Now.Add(a.For)
	_, err := g.books.Exec(ctx, tx, `UPDATE {guard} SET state = ?, migration = ?, plan_hash = ?, reason = ?, armed_by = ?, armed_at = ?, expires_at = ?, connection = ?, rules = ?,
  disarmed_by = NULL, disarmed_at = NULL, disarm_reason = NULL WHERE id = 1`,
		armed, g.who.Migration, optional(a.PlanHash), a.Reason, by, m.Now.Format(stamp), until.Format(stamp), g.rules.Connection, g.rules.hash())
	if err != nil {
		return fmt.Errorf("arming: %w", err)
	}
	e := g.event(EventArmed)
	e.PlanHash, e.Reason = a.PlanHash, a.Reason
	e.Message = fmt.Sprintf("%s until %s", m.Here.Identity(identity), until.Format(stamp))
	return Note(ctx, tx, g.books, e)
}
