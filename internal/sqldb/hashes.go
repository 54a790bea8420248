package sqldb

// RowHasher is implemented by Dialects of databases that hash whole rows by
// themselves, so that no row need be read for its fingerprint.
type RowHasher interface {
	// PlainValues returns the statement after which, until the transaction ends,
	// equal values print as equal text, whatever the session's settings are.
	PlainValues() string
	// FingerprintSQL returns a query of one row over the rows of the table that a
	// FROM clause yields under the alias t: how many they are, and the sums, as
	// text of whole numbers, of two hashes of 64 bits of each, all columns of the
	// table included. The sums count modulo 2^64.
	FingerprintSQL(from string) string
}

// ExactSummer is implemented by Dialects of databases that add numbers up
// exactly.
type ExactSummer interface {
	// ExactSum writes the sum of a column's values, as decimal text: NULL when
	// there are none, record.NotANumber when one of them is no number. Floating-
	// point numbers count as the shortest text that reads back the same.
	ExactSum(expr string, column *Column) string
}
