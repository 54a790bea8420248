package record

// Disposition is a record's one end in a run.
type Disposition string

// The dispositions of a run, in the order in which reports list them.
const (
	Created   Disposition = "created"
	Updated   Disposition = "updated"
	Unchanged Disposition = "unchanged"
	Duplicate Disposition = "duplicate"
	Skipped   Disposition = "skipped"
	Failed    Disposition = "failed"
	Blocked   Disposition = "blocked"
	Unknown   Disposition = "unknown"

	// Those of a rollback, beside failed and blocked.
	Reversed Disposition = "reversed" // what the run did with it is undone
	Kept     Disposition = "kept"     // its row stays: people have changed it since, or refer to it
)

// Dispositions lists them all, in report order. The ledger stores their places:
// new ones are only ever added at the end.
var Dispositions = []Disposition{Created, Updated, Unchanged, Duplicate, Skipped, Failed, Blocked, Unknown, Reversed, Kept}

// NeedsRetry reports whether records that ended so are run again by a retry.
func (d Disposition) NeedsRetry() bool { return d == Failed || d == Blocked || d == Unknown }

// TellsWhy reports whether the ledger keeps a reason beside the end: a record
// that ended so is no good end, or not the one that was asked for.
func (d Disposition) TellsWhy() bool { return d.NeedsRetry() || d == Kept }
