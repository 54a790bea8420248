package sqldb

// Snapshots is implemented by Dialects of databases that can tell, long after,
// which of a table's rows were committed after a snapshot was taken.
type Snapshots interface {
	// SnapshotSQL returns a query that yields what the transaction's snapshot sees
	// of the table, as text for Unseen, or no row where the table keeps no account
	// of it; "" where that is known beforehand.
	SnapshotSQL(table *Table) string
	// Unseen writes the condition that a row of the alias was committed, in this
	// form, after the snapshot. Late, which may be empty, is one more condition on
	// those whose transactions began after the snapshot: transactions bear numbers
	// that come round again, and very old rows may pass for them. The error says
	// that the text is no snapshot.
	Unseen(alias, snapshot, late string) (condition string, err error)
}
