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
)

// Dispositions lists them all, in report order.
var Dispositions = []Disposition{Created, Updated, Unchanged, Duplicate, Skipped, Failed, Blocked, Unknown}

// NeedsRetry reports whether records that ended so are run again by a retry.
func (d Disposition) NeedsRetry() bool { return d == Failed || d == Blocked || d == Unknown }
