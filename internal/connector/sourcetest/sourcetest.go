// Package sourcetest holds every source.Driver to the contract of package
// source. A connector's test tells it, by a Harness, how to make a source of
// its kind; the suite asks no source what kind it is.
package sourcetest

import (
	"testing"

	"landfall/internal/record"
	"landfall/internal/source"
)

// Harness makes sources of one kind and answers what that kind can do.
type Harness struct {
	// Load makes a source that holds the table and nothing else. Driver and
	// source are gone when the test ends.
	Load func(t *testing.T, table Table) (source.Driver, source.From)
	// Nulls: the source tells NULL from empty text. Without it NULL is loaded as
	// an empty cell.
	Nulls bool
	// Proves: the source declares unique keys, and Table.Unique makes one.
	Proves bool
	// InputOrder: records come in the order in which they were loaded, instead
	// of in the order of their keys.
	InputOrder bool
	// Below returns a From that reads only records whose column is below the
	// number; nil where the source filters nothing.
	Below func(from source.From, column string, number int) source.From
	// Query returns a From that reads the same table through a query; nil where
	// there are none.
	Query func(from source.From) source.From
}

// Table is what a source is to hold.
type Table struct {
	Name    string
	Columns []Column
	Key     []string
	Unique  bool // the key is declared unique and filled
	Rows    [][]record.Value
}

// Column is one column; Kind is KindInt or KindText.
type Column struct {
	Name string
	Kind record.Kind
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"Empty", testEmpty},
		{"Values", testValues},
		{"Order", testOrder},
		{"Resume", testResume},
		{"Batches", testBatches},
		{"MissingKeys", testMissingKeys},
		{"DuplicateKeys", testDuplicateKeys},
		{"CompositeKeys", testCompositeKeys},
		{"KeyProven", testKeyProven},
		{"Readers", testReaders},
		{"Filter", testFilter},
		{"Query", testQuery},
		{"Pick", testPick},
		{"PickStrangeKeys", testPickStrangeKeys},
		{"Fingerprint", testFingerprint},
		{"Errors", testErrors},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, h) })
	}
}

// open loads a table and opens its origin.
func (h Harness) open(t *testing.T, table Table) source.Origin {
	t.Helper()
	driver, from := h.Load(t, table)
	return open(t, driver, from)
}

func open(t *testing.T, driver source.Driver, from source.From) source.Origin {
	t.Helper()
	origin, err := driver.Open(t.Context(), from)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return origin
}
