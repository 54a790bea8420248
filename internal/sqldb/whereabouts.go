package sqldb

// Beside is implemented by connections to books that are kept beside what is
// written to: what they are of is not the database that they are in.
type Beside interface {
	// BesideOf is the base URL of the API that is written to.
	BesideOf() string
}

// APIOf is the base URL of the API whose books a connection leads to, and "" where
// what is written to is the database itself.
func APIOf(db DB) string {
	if beside, is := db.(Beside); is {
		return beside.BesideOf()
	}
	return ""
}

// Placer is implemented by Dialects of databases that tell where they are, so
// that a copy is told from what it is a copy of.
type Placer interface {
	// PlaceSQL returns a query of one row: the address and the port at which the
	// server is reached, both NULL where it is on this machine, the name of the
	// database, and whether SystemSQL may be asked: 1 or 0.
	PlaceSQL() string
	// SystemSQL returns a query of one value, which tells the server's data from
	// that of every other server that is not a copy of it; may be empty.
	SystemSQL() string
}
