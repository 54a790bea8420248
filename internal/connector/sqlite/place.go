package sqlite

// PlaceSQL names the file by its absolute path.
func (dialect) PlaceSQL() string {
	return "SELECT NULL, NULL, file, 0 FROM pragma_database_list WHERE name = 'main'"
}

// SystemSQL is empty: a file has nothing that its copy has not.
func (dialect) SystemSQL() string { return "" }
