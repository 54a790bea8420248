// Package targettest holds landing rows, target.Table over any sqldb.DB, to
// the contract of package target. A connector's test tells it, by a Harness,
// how its database spells what databases spell differently; the suite asks no
// database which one it is.
package targettest

import (
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Harness makes databases of one kind and answers what that kind can do.
type Harness struct {
	// Empty makes an empty database; the one before may be gone then.
	Empty func(t *testing.T) sqldb.DB
	// Table prepares landing in a table whose rows are known by the key.
	Table func(dialect sqldb.Dialect, table *sqldb.Table, key []sqldb.Column) target.Table
	// Numbered declares the column id as a primary key that the database numbers
	// itself, as strictly as it can.
	Numbered string
	// Triggers make triggers on the table item (id, note): before an insert one
	// refuses the note 'refuse' and one silently drops the row with the note
	// 'drop'; after an insert one writes the id into the table audit.
	Triggers []string
	// NamesExpressions: a refusal by a unique index over an expression names its
	// columns.
	NamesExpressions bool
	// Misfits are values that the database itself refuses for their columns' type.
	Misfits []Misfit
	// Computed is a rule over the column amount that cannot be computed for 0;
	// empty where the database computes all it is asked to.
	Computed string
	// Kinds are columns of every type that rows are written to.
	Kinds []Kind
	// FoldsCase declares a text column whose unique rule does not regard case.
	FoldsCase string
}

// Misfit is a value that a column refuses.
type Misfit struct {
	Column string // its declaration
	Suffix string // what stands behind the table's declaration
	Good   record.Value
	Bad    record.Value
	Code   record.Code
	Named  bool // the refusal names the column
}

// Kind is a declared type and texts that fit it.
type Kind struct {
	Column string
	Texts  []string
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"Straight", testStraight},
		{"Constraints", testConstraints},
		{"Checks", testChecks},
		{"Expressions", testExpressions},
		{"OddNames", testOddNames},
		{"Misfits", testMisfits},
		{"Triggers", testTriggers},
		{"ReferencesWithinABatch", testSelfReferences},
		{"ReferencesAndRefusals", testReferencesAndRefusals},
		{"Scattered", testScattered},
		{"Update", testUpdate},
		{"UpdateOfKeys", testUpdateOfKeys},
		{"UpdateRefused", testUpdateRefused},
		{"UpdateDeferred", testUpdateDeferred},
		{"Delete", testDelete},
		{"Referring", testReferring},
		{"ReadBack", testReadBack},
		{"Fetch", testFetch},
		{"FetchStretch", testFetchStretch},
		{"Match", testMatch},
		{"MatchFolded", testMatchFolded},
		{"Fingerprint", testFingerprint},
		{"Numbered", testNumbered},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, h) })
	}
}
