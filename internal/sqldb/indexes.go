package sqldb

import "context"

// Index is a secondary index of a table: one that serves no rule and only makes
// queries fast.
type Index struct {
	Name string
	// First is the column that it leads with; empty for an expression.
	First string
	// Drop takes it away, and Make are the statements that make it again exactly
	// as it was, within one transaction.
	Drop string
	Make []string
	// Shown is what the database says of the index: two indexes of one Shown are
	// alike.
	Shown string
}

// Indexes is implemented by Dialects of databases whose indexes can be taken
// away and made again within a transaction.
type Indexes interface {
	// SecondaryIndexes lists those of the table, by name: those that are unique,
	// serve a rule, or are not fit for use are not among them.
	SecondaryIndexes(ctx context.Context, tx Tx, table Name) ([]Index, error)
	// WhyNotRebuild says why indexes of the table cannot be taken away and made
	// again, and whether that is for lack of a right; "" when they can.
	WhyNotRebuild(ctx context.Context, tx Tx, table Name) (why string, denied bool, err error)
	// WhyNotAnalyze likewise says why its statistics cannot be refreshed.
	WhyNotAnalyze(ctx context.Context, tx Tx, table Name) (why string, denied bool, err error)
	// LockBriefly is run before indexes are taken or made: who waits long for a
	// table makes all others wait behind it, so waiting is given up and tried
	// again. May be empty.
	LockBriefly() string
	// AnalyzeSQL refreshes the statistics of a table.
	AnalyzeSQL(table Name) string
}
