package sqldb

import "context"

// Reference is a foreign key, or what a mapping uses as one, seen from the table
// that it refers to.
type Reference struct {
	Name       string // empty where the database gives it none
	From       Name   // the table that refers
	Columns    []string
	Referenced []string
	OnDelete   string // the declared actions in upper case, "NO ACTION" by default
	OnUpdate   string
	Key        []string // the referring table's primary key; empty where it has none
	// Undeclared: the database knows nothing of it, and keeps nobody to it.
	Undeclared bool
	AsText     bool // the columns on both ends are of different types, and compared as text
}

// References is implemented by the DBs of databases that know foreign keys.
type References interface {
	// References lists the foreign keys of all tables of the database, in whatever
	// schema, that refer to the table, those of the table itself among them.
	References(ctx context.Context, to Name) ([]Reference, error)
}

// ReferencesTo lists the foreign keys that refer to a table; none where the
// database knows none.
func ReferencesTo(ctx context.Context, db DB, to Name) ([]Reference, error) {
	lister, ok := db.(References)
	if !ok {
		return nil, nil
	}
	return lister.References(ctx, to)
}
