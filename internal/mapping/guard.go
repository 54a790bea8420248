package mapping

import "time"

// Guard is what a production connection demands of who writes to it, besides
// being armed. Like a throttle it says when and on what conditions records land
// and never what lands; only the demand for approvals is part of what Describe
// says, since an approved plan rests on it.
type Guard struct {
	Windows   []Window // when it may be written to; none: always
	Blackouts []Blackout
	Backup    *Backup // nil: none is asked for
	Approval  bool    // runs want a plan that somebody other than its author approved
	Position  Position

	at places
}

// PositionOf is where a key's value stands.
func (g *Guard) PositionOf(key string) Position { return g.at.of(key, 0, g.Position) }

// Window is a time of day on days of the week. It belongs to the day on which it
// begins, and ends on the next one where To is not later than From.
type Window struct {
	Days     []time.Weekday // none: every day
	From, To time.Duration  // since midnight, by the zone's clocks; To may be 24 hours
	Zone     *time.Location
	Allow    []string // work that it allows besides writing records: indexes
	Position Position
}

// Blackout is a time in which nothing is written, whatever windows say.
type Blackout struct {
	From, To time.Time // by the zone's clocks, given as UTC
	Zone     *time.Location
	Position Position
}

// Backup is how the time of the last backup is found out, by a query on the
// target or by a command, and how old it may be.
type Backup struct {
	Query       string
	Command     []string
	NoOlderThan time.Duration
	Age         string // NoOlderThan as the mapping says it
	Position    Position
}

// AllowIndexes is the work of taking indexes from a table and making them again.
const AllowIndexes = "indexes"

// ApprovalOther wants an approval by somebody other than a plan's author.
const ApprovalOther = "other"
