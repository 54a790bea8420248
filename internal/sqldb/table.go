package sqldb

import (
	"errors"
	"strings"

	"landfall/internal/record"
)

// ErrNoTable says that a table does not exist or may not be seen.
var ErrNoTable = errors.New("no such table")

// Name is a table's name with its schema, unquoted. Schema is empty where the
// database has none or the search path decides.
type Name struct {
	Schema string
	Table  string
}

// String prints schema.table without quotes.
func (n Name) String() string {
	if n.Schema == "" {
		return n.Table
	}
	return n.Schema + "." + n.Table
}

// Column is one column as the catalogue declares it.
type Column struct {
	Name       string
	Type       record.Type
	Nullable   bool
	HasDefault bool
	Default    string // its expression in the database's own SQL; empty where there is none or the catalogue does not give it
	Identity   bool   // numbered by the database: identity, serial, rowid key
	Sequence   string // the sequence behind it, ready for the dialect's nextval; empty when there is none
	Generated  bool   // computed by the database; may not be written
	// Hidden: what is written is never given back, as of passwords. Nothing can be
	// held against it.
	Hidden bool
	// KeepsNull: a NULL leaves the value of a row that is there as it is, unless the
	// mapping says otherwise.
	KeepsNull bool
	// Nothing is what the column holds of a row into which NULL was written, such as
	// an empty list; NULL itself unless told.
	Nothing record.Value
}

// Unique is a primary key, unique constraint or unique index.
type Unique struct {
	Name    string
	Columns []string
	Primary bool
	// Plain is false for partial and expression indexes and for collations that
	// compare otherwise than byte by byte: only the database can judge those.
	Plain bool
	// NullsEqual says that two NULLs count as the same value.
	NullsEqual bool
}

// ForeignKey is a reference that the table declares.
type ForeignKey struct {
	Name       string
	Columns    []string
	References Name
	Referenced []string
	Deferred   bool   // checked at commit unless forced
	OnDelete   string // the declared action in upper case, "NO ACTION" by default
}

// Check is a CHECK rule; Expression is in the database's own SQL, or empty when
// the catalogue does not give it.
type Check struct {
	Name       string
	Columns    []string
	Expression string
}

// Trigger is what the database does by itself when rows of the table are
// written: a trigger, or a rewriting rule.
type Trigger struct {
	Name     string
	OnInsert bool
	OnUpdate bool
	OnDelete bool
	Of       []string // columns whose update fires it; empty: any
}

// Table is what the catalogue says about one table.
type Table struct {
	Name        Name
	Columns     []Column
	PrimaryKey  []string
	Uniques     []Unique // the primary key is among them
	ForeignKeys []ForeignKey
	Checks      []Check
	Triggers    []Trigger
	View        bool
}

// Column finds a column by its exact name.
func (t *Table) Column(name string) (*Column, bool) {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i], true
		}
	}
	return nil, false
}

// ColumnNames lists the columns in catalogue order.
func (t *Table) ColumnNames() []string {
	names := make([]string, len(t.Columns))
	for i := range t.Columns {
		names[i] = t.Columns[i].Name
	}
	return names
}

// UniqueOn finds a unique rule whose columns are exactly the given set.
func (t *Table) UniqueOn(columns []string) (*Unique, bool) {
	for i := range t.Uniques {
		if sameSet(t.Uniques[i].Columns, columns) {
			return &t.Uniques[i], true
		}
	}
	return nil, false
}

func sameSet(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	joined := "\x00" + strings.Join(b, "\x00") + "\x00"
	for _, name := range a {
		if !strings.Contains(joined, "\x00"+name+"\x00") {
			return false
		}
	}
	return true
}
