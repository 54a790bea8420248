package lawtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/report"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// legacyPeople has a table of persons read, and the world's mapping say so.
func legacyPeople(t *testing.T, w *world, kind string, statements ...string) sqldb.DB {
	t.Helper()
	legacy := open(t, emptyFile(t, w.dir, "legacy.db"))
	do(t, legacy, "", statements...)
	w.mapping(strings.Replace(personMapping("}"), "file: persons.csv", kind, 1))
	return legacy
}

// TestExplainTellsTwinsApart: each record of a key has its own entry, also where
