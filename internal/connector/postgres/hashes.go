package postgres

import (
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// PlainValues sets again what every session of ours is opened with: a pooler
// between us and the server may have kept that back, or a trigger changed it.
func (dialect) PlainValues() string {
	return `SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, YMD', true), set_config('IntervalStyle', 'postgres', true), ` +
		`set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '3', true), set_config('lc_monetary', 'C', true)`
}

// FingerprintSQL hashes each row's text under two seeds. OFFSET 0 keeps the
// planner from writing the text twice.
func (dialect) FingerprintSQL(from string) string {
	return `SELECT count(*), coalesce(sum(hashtextextended(hashed.line, 0)), 0)::text, coalesce(sum(hashtextextended(hashed.line, 7046029254386353131)), 0)::text ` +
		`FROM (SELECT (t.*)::text COLLATE "C" AS line FROM ` + from + ` OFFSET 0) AS hashed`
}

// ExactSum adds up as numeric.
func (dialect) ExactSum(expr string, column *sqldb.Column) string {
	if column.Type.Kind != record.KindFloat {
		return "sum(" + expr + ")::text"
	}
	return "sum(CASE WHEN " + expr + " IN ('Infinity', '-Infinity') THEN 'NaN' ELSE " + expr + "::text END::numeric)::text"
}
