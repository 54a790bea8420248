package sqldb

// LagTeller is implemented by Dialects of databases that know how far their
// standbys are behind.
type LagTeller interface {
	// LagSQL returns a query of one row: by how many seconds the standby that is
	// furthest behind is behind, as a floating-point number or NULL when nobody
	// is, and how many standbys the user may not look at.
	LagSQL() string
}
