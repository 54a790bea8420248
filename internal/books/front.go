package books

import "landfall/internal/sqldb"

// Front is a transaction over books that stand before others: what is asked for
// by its key and is not in them is brought in from those behind, which are only
// read. So a run can be carried to its end before it is carried out, and write
// down what it would do without a trace in the target.
type Front interface {
	sqldb.Tx
	// Behind are the books behind, and a transaction to read them in; nil where
	// there are none.
	Behind() (*Books, sqldb.Tx)
	// There spells the target's SQL and names its books, whether it has them or
	// not, beside a transaction to read it in.
	There() (*Books, sqldb.Tx)
}

// FirstOwn is where the numbers begin that books in front give out themselves.
// Lower ones are those of the books behind, and mean the same in both.
const FirstOwn = 1 << 30
