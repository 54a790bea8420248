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
}
