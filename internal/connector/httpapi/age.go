package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// nothingYet is the age of the newest record of a type that has none.
const nothingYet = "-"

// Newest implements target.Aging.
func (r *remote) Newest(ctx context.Context) (string, error) {
	if r.newest == nil || r.Marker != nil && r.mark.uses("token") {
		return "", nil // marks tell more
	}
	all, err := r.read(ctx, r.newest, words{"type": r.Name, "fields": r.paths(nil)}, nil)
	switch {
	case err != nil:
		return "", fmt.Errorf("looking for the newest record: %w", err)
	case len(all) == 0:
		return nothingYet, nil
	}
	return all[0].age, nil
}

// wasThere reports whether a record is as old as the newest one before the order,
// or older, and whether that can be told.
func (r *remote) wasThere(o *target.Order, s seen) (was, told bool) {
	switch {
	case o.Newest == "" || s.age == "":
		return false, false
	case o.Newest == nothingYet:
		return false, true
	}
	return compareAges(s.age, o.Newest) <= 0, true
}

// compareAges compares whole numbers as such, and all else as text.
func compareAges(a, b string) int {
	m, errM := strconv.ParseInt(a, 10, 64)
	n, errN := strconv.ParseInt(b, 10, 64)
	if errM == nil && errN == nil {
		return cmp.Compare(m, n)
	}
	return strings.Compare(a, b)
}

// hasColumns reports whether all of the names are columns.
func hasColumns(columns []sqldb.Column, names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !hasColumn(columns, name) })
}
