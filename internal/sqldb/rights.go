package sqldb

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Right is what a user may do with a table.
type Right string

// The rights, as SQL spells them.
const (
	RightSelect Right = "SELECT"
	RightUpdate Right = "UPDATE"
	RightDelete Right = "DELETE"
)

// Want is a right that a piece of work is going to need.
type Want struct {
	Right   Right
	Table   Name
	Columns []string // it is needed for all of these; empty: for the table, or for any of its columns
}

// String is the right as a message names it.
func (w Want) String() string {
	on := string(w.Right) + " on " + w.Table.String()
	if len(w.Columns) > 0 {
		on += " (" + strings.Join(w.Columns, ", ") + ")"
	}
	return on
}

// Rights is implemented by Dialects of databases that grant rights on tables.
type Rights interface {
	// HasRightSQL returns a query that yields whether the user has the right.
	HasRightSQL(want Want) (sql string, args []any)
}

// CounterRights is implemented by Dialects of databases that grant rights on the
// counters behind columns.
type CounterRights interface {
	// MayMoveCounterSQL returns a query that yields whether the user may move the
	// column's counter past keys that it did not give out.
	MayMoveCounterSQL(column *Column) (sql string, args []any)
}

// MayMoveCounter reports whether the user may move a column's counter; where
// there is none, or the database grants no rights on it, that is so.
func MayMoveCounter(ctx context.Context, tx Tx, dialect Dialect, column *Column) (bool, error) {
	asker, ok := dialect.(CounterRights)
	if !ok || column.Sequence == "" {
		return true, nil
	}
	sql, args := asker.MayMoveCounterSQL(column)
	may, err := asked(ctx, tx, sql, args)
	if err != nil {
		return false, fmt.Errorf("asking for the right to the counter of %s: %w", column.Name, err)
	}
	return may, nil
}

// Lacking returns those of the rights that the user has not; none where the
// database grants none.
func Lacking(ctx context.Context, tx Tx, dialect Dialect, wants []Want) ([]Want, error) {
	asker, ok := dialect.(Rights)
	if !ok {
		return nil, nil
	}
	var lacking []Want
	for _, want := range wants {
		has, err := hasRight(ctx, tx, asker, want)
		if err != nil {
			return nil, fmt.Errorf("asking for %s: %w", want, err)
		}
		if !has && !slices.ContainsFunc(lacking, func(w Want) bool { return w.String() == want.String() }) {
			lacking = append(lacking, want)
		}
	}
	return lacking, nil
}

func hasRight(ctx context.Context, tx Tx, asker Rights, want Want) (has bool, err error) {
	sql, args := asker.HasRightSQL(want)
	return asked(ctx, tx, sql, args)
}

// asked reads the answer of a query of yes or no.
func asked(ctx context.Context, tx Tx, sql string, args []any) (yes bool, err error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		yes = rows.Values()[0].Bool()
	}
	return yes, rows.Err()
}
