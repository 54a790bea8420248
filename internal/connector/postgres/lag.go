package postgres

// LagSQL asks for the replay lag. To users who may not monitor, the server shows
// standbys as rows without a state.
func (dialect) LagSQL() string {
	return `SELECT max(extract(epoch FROM replay_lag))::float8, count(*) FILTER (WHERE state IS NULL) FROM pg_catalog.pg_stat_replication`
}
