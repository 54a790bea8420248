package guard

import (
	"context"
	"fmt"
	"time"

	"landfall/internal/books"
	"landfall/internal/sqldb"
)

const (
	armed    = "armed"
	disarmed = "disarmed"
)

// engine is who disarms when nobody does.
const engine = "landfall"

// Mode is what a protected target is and whether it accepts writes.
type Mode struct {
	Identity string // the id kept in the database; empty while nothing is recorded
	Recorded Place  // where it was when that was recorded
	Here     Place  // where it is
	Now      time.Time

	Armed     bool // by the row alone: see Open
	Migration string
	PlanHash  string
	Reason    string
	ArmedBy   string
	ArmedAt   string
	Expires   time.Time
	// Connection is the one through which it was armed, and Rules the hash of what
	// that demanded then.
	Connection string
	Rules      string

	DisarmedBy   string
	DisarmedAt   string
	DisarmReason string
}

// Clone reports whether the database carries the identity of another place.
func (m *Mode) Clone() bool { return m.Identity != "" && !m.Recorded.Is(m.Here) }

// carries tells of a copy what it is, and whose identity it carries.
func (m *Mode) carries(whose string) string {
	if m.Here.API != "" {
		return fmt.Sprintf("the API is %s, and its books carry the identity of %s%s", m.Here, whose, m.Recorded.Identity(m.Identity))
	}
	return fmt.Sprintf("this database is %s and carries the identity of %s%s", m.Here, whose, m.Recorded.Identity(m.Identity))
}

// foreign reports whether it carries no identity that is its own.
func (m *Mode) foreign() bool { return m.Identity == "" || m.Clone() }

// Expired reports whether it was armed until a moment that is past.
func (m *Mode) Expired() bool { return m.Armed && !m.Now.Before(m.Expires) }

// Open reports whether it is armed, here and now.
func (m *Mode) Open() bool { return m.Armed && !m.Clone() && !m.Expired() }

// Phrase is what must be typed to arm. A copy has an identity of its own only
// when it was armed where it is.
func (m *Mode) Phrase() string {
	if m.Clone() {
		return m.Here.Identity("")
	}
	return m.Here.Identity(m.Identity)
}

// readMode reads the guard's row; lock is appended to the query.
func (g *Gate) readMode(ctx context.Context, tx sqldb.Tx, lock string) (*Mode, error) {
	b, clock := g.books, g.who.Clock
	m := &Mode{}
	row, found, err := b.One(ctx, tx, `SELECT identity, place, state, migration, plan_hash, reason, armed_by, armed_at, expires_at,
  disarmed_by, disarmed_at, disarm_reason, connection, rules, `+b.Now(0)+` FROM {guard} WHERE id = 1`+lock)
	if err != nil {
		return nil, fmt.Errorf("reading the guard: %w", err)
	}
	if m.Here, err = placeOf(ctx, tx, b.Dialect(), g.rules.API); err != nil {
		return nil, err
	}
	if !found {
		if m.Now, err = serverNow(ctx, tx, b); err != nil {
			return nil, err
		}
	} else {
		m.Identity, m.Recorded, m.Armed = text(row[0]), decodePlace(text(row[1])), text(row[2]) == armed
		m.Migration, m.PlanHash, m.Reason, m.ArmedBy, m.ArmedAt = text(row[3]), text(row[4]), text(row[5]), text(row[6]), text(row[7])
		m.DisarmedBy, m.DisarmedAt, m.DisarmReason = text(row[9]), text(row[10]), text(row[11])
		m.Connection, m.Rules = text(row[12]), text(row[13])
		if m.Now, err = parseStamp(row[14].String()); err != nil {
			return nil, err
		}
		if m.Armed {
			if m.Expires, err = parseStamp(text(row[8])); err != nil {
				return nil, err
			}
		}
	}
	if clock != nil {
		m.Now = clock().UTC()
	}
	return m, nil
}

// disarm closes the target, if it is armed.
func disarm(ctx context.Context, tx sqldb.Tx, b *books.Books, now time.Time, by, reason string) (changed bool, err error) {
	n, err := b.Exec(ctx, tx, "UPDATE {guard} SET state = ?, disarmed_by = ?, disarmed_at = ?, disarm_reason = ? WHERE id = 1 AND state = ?",
		disarmed, by, now.Format(stamp), reason, armed)
	if err != nil {
		return false, fmt.Errorf("disarming: %w", err)
	}
	return n > 0, nil
}
