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
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		has = rows.Values()[0].Bool()
	}
	return has, rows.Err()
}
