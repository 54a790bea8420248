package sqldb

// OwnTables is implemented by Dialects whose databases can hold Landfall's own
// tables, so that data and memory commit in one transaction.
type OwnTables interface {
	// OwnName is where Landfall keeps a table of its own: a schema, or a prefix.
	OwnName(table string) Name
	// OwnSchemaDDL returns the statements that make that place; may be empty.
	OwnSchemaDDL() []string
	// BytesType is the column type for byte strings.
	BytesType() string
	// ClusteredSuffix stands behind CREATE TABLE (…) to store a table in the
	// order of its primary key; may be empty.
	ClusteredSuffix() string
	// CreateView makes a view, and is no error where the view is there already.
	CreateView() string
	// Grants returns the statements that give a role, already quoted, what it
	// needs in that place; none where the database knows no roles.
	Grants(role string) []string
	// Now writes the server's clock, moved by some seconds, as UTC text that
	// sorts by time: 2006-01-02T15:04:05.000Z.
	Now(plusSeconds int) string
	// LockLease is appended to the query with which a batch reads its lease. It
	// keeps another worker from taking the lease before the batch commits, and
	// lets the holder renew it meanwhile; may be empty.
	LockLease() string
}
