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

// RecordHasher is implemented by Dialects of databases that compute record.Hash
// by themselves, so that rows are only read where hashes differ.
type RecordHasher interface {
	// RecordHash writes the record.Hash of the alias's row over the columns, which
	// are in name order, as a byte string. Where it equals the hash of a row, the
	// two rows are equal; where they are equal, it may now and then be another
	// value or NULL. ok is false where the types do not allow it.
	RecordHash(alias string, columns []Column) (expression string, ok bool)
}
