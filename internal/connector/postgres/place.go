package postgres

// PlaceSQL asks the server for its own address: a name may lead to another
// server tomorrow. Over a local socket there is none.
func (dialect) PlaceSQL() string {
	return `SELECT host(inet_server_addr()), coalesce(inet_server_port()::text, current_setting('port')), current_database()::text,
  CASE WHEN has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') THEN 1 ELSE 0 END`
}

// SystemSQL is the number that the cluster was given when it was made. Standbys
// and physical copies have it, too.
func (dialect) SystemSQL() string {
	return "SELECT system_identifier::text FROM pg_catalog.pg_control_system()"
}
