package sqldb

import "landfall/internal/record"

// Dialect spells what databases spell differently. It has no connection and no
// state. Whoever feels the need to ask which database it is lacks a method here.
type Dialect interface {
	// Quote writes an identifier so that the database takes it literally.
	Quote(identifier string) string
	// QuoteName writes a table's name with its schema.
	QuoteName(name Name) string
	// Placeholder writes the n-th argument, counted from 1.
	Placeholder(n int) string
	// Typed writes expr as a value of the column's type, so that an argument
	// passed as text compares with the column by the column's own index.
	Typed(expr string, column Column) string
	// AsText writes expr as text in a form that sorts and compares the same in
	// every query; it is used as the last tie-breaker of an ordering.
	AsText(expr string) string

	// Relation renders rows as something that can stand behind FROM under the
	// alias, with the columns c0, c1, … (of the given columns' types) and ord,
	// the row's place counted from 0. It returns the arguments to pass, of which
	// the first is number firstArg.
	Relation(alias string, columns []Column, rows [][]record.Value, firstArg int) (sql string, args []any)

	// Staged writes expr, a column of a Relation, as the value that the given
	// column would hold: what a CHECK rule sees of it.
	Staged(expr string, column Column) string

	// LookupJoin is the join that walks its left side, a Relation, and looks each
	// row up in the table on its right by an index: "JOIN" where the planner sees
	// that by itself.
	LookupJoin() string

	// LookedUp writes the condition that a row of the table, which is not
	// partitioned, satisfies where, and that its column is one of the values of
	// the first column of the Relation k. Each value is looked up by the index of
	// those columns, however old the statistics of the table are.
	LookedUp(table, where, column, relation string) string

	// PreferIndexes returns the statement after which, until the transaction ends,
	// joins look rows up by an index instead of walking a whole table, or with on
	// false the one that leaves the choice to the planner again; "" where the
	// planner does so by itself. A batch looks up a few thousand rows of a table
	// that may have millions and whose statistics may be older than the table.
	PreferIndexes(on bool) string

	// Writers is how many connections can write at a time; 0 means any number.
	Writers() int

	// StageTable returns the statements that make an empty temporary table for
	// the columns plus landfall_ord (a 64-bit place), and its name. It vanishes
	// with the transaction, or is emptied when it already exists.
	StageTable(columns []Column) (ddl []string, name Name)

	// InsertOverriding is what stands between the column list and VALUES or
	// SELECT so that explicit identity values are taken; may be empty.
	InsertOverriding() string
	// Insert and Update are the verbs of statements that refuse what breaks a
	// rule, whatever else the rule itself would have done.
	Insert() string
	Update() string
	// ForceDeferred returns the statement that checks all deferred constraints
	// now, or "" when the database has none to force.
	ForceDeferred() string
	// LockRows is appended to a query to keep the rows it read from changing
	// until the transaction ends; may be empty.
	LockRows() string
	// IsDistinct writes "a differs from b, NULL being a value of its own".
	IsDistinct(a, b string) string

	// Classify turns an error of this database into what Landfall needs to know.
	// It returns the zero Fault for errors that it does not know.
	Classify(err error) Fault
}

// Fault is a database's refusal in Landfall's words.
type Fault struct {
	// Code is set when the database refused rows for their content.
	Code record.Code
	// Columns are those that the database names; may be empty.
	Columns []string
	// Constraint is its name where the database gives it.
	Constraint string
	// Transient: the same transaction may succeed when tried again (deadlock,
	// serialization failure, lock time-out, server starting or stopping).
	Transient bool
	// Contended: it is transient because others hold locks that were wanted.
	Contended bool
	// Lost: the connection is gone, so the outcome of a commit is unknown.
	Lost bool
	// Denied: permission or credentials; trying again will not help.
	Denied bool
	// Message is what the database said, without values of rows in it.
	Message string
}

// Sequencer is implemented by databases that hand out keys; Dialects without
// it cannot serve the key strategies identity and sequence.
type Sequencer interface {
	// CountsOutside reports whether the database keeps its counters outside of
	// transactions: then a key once drawn is gone even when the transaction is
	// rolled back, and lanes need not wait for each other to draw.
	CountsOutside() bool
	// ReserveSQL returns a query that yields n keys of the column, each in a row
	// of its own, that nobody else will ever be given. The database's own counter
	// is past them when the query's transaction commits or the database keeps
	// counters outside of transactions. All keys are above floor, the highest key
	// that the books remember to have given out for the column.
	ReserveSQL(table *Table, column *Column, n int, floor int64) (sql string, args []any)
	// AdvanceSQL returns a statement after which the database's own counter is
	// past the highest key of the column, or "" when that is always so.
	AdvanceSQL(table *Table, column *Column) string
}

// Counters is implemented by databases whose counters can be read without
// drawing from them.
type Counters interface {
	// CounterSQL returns a query that yields the number that the counter behind
	// the column has given out last, or no row or NULL where there is none; ""
	// where the column has no counter. It moves nothing.
	CounterSQL(table *Table, column *Column) string
}
