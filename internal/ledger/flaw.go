package ledger

// Flaw is a place where the books contradict themselves. Slice and Ordinal are
// -1, and the texts empty, where they do not apply.
type Flaw struct {
	Table   string
	Entity  string
	Slice   int64
	Ordinal int64
	Seq     int64 // of an entry
	Key     string
	Columns []string
	Text    string
	// Wide is set where the place is known and the column is not: whoever knows
	// the column need not be told.
	Wide bool
}
