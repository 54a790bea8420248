package sqlite_test

import (
	"testing"

	"landfall/internal/connector/table"
	"landfall/internal/connector/targettest"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

func TestTarget(t *testing.T) {
	targettest.Run(t, targettest.Harness{
		Empty: func(t *testing.T) sqldb.DB { return openFile(t, emptyFile(t)) },
		Table: func(dialect sqldb.Dialect, about *sqldb.Table, key []sqldb.Column) target.Table {
			return table.NewLander(dialect, about, key)
		},
		Numbered: "id INTEGER PRIMARY KEY AUTOINCREMENT",
		Triggers: []string{
			"CREATE TRIGGER refuses BEFORE INSERT ON item WHEN new.note = 'refuse' BEGIN SELECT RAISE(ABORT, 'not this one'); END",
			"CREATE TRIGGER drops BEFORE INSERT ON item WHEN new.note = 'drop' BEGIN SELECT RAISE(IGNORE); END",
			"CREATE TRIGGER audits AFTER INSERT ON item BEGIN INSERT INTO audit VALUES (new.id); END",
		},
		FoldsCase: "varchar(20) COLLATE NOCASE",
		Misfits: []targettest.Misfit{
			{Column: "INTEGER", Suffix: " STRICT", Good: record.Int(1), Bad: record.Text("hush"), Code: record.CodeWrongType, Named: true},
			{Column: "BLOB", Suffix: " STRICT", Good: record.Bytes([]byte{0}), Bad: record.Text("hush"), Code: record.CodeWrongType, Named: true},
		},
		Kinds: []targettest.Kind{
			{Column: "BOOLEAN", Texts: []string{"true", "false"}},
			{Column: "SMALLINT", Texts: []string{"-32768", "0", "32767"}},
			{Column: "BIGINT", Texts: []string{"-9223372036854775808", "9007199254740993", "9223372036854775807"}},
			{Column: "REAL", Texts: []string{"0", "1.5", "0.1", "-1e300", "3"}},
			{Column: "DECIMAL(10,2)", Texts: []string{"0", "1.5", "-12345678.90", "0.10", "7"}},
			{Column: "VARCHAR(40)", Texts: []string{"", "a", "007", "1.50", "null", "naïve 日本 \t\n\\.'\"", "1e5"}},
			{Column: "TEXT", Texts: []string{"12345678901234567890", " padded "}},
			{Column: "BLOB", Texts: []string{`\x`, `\x00ff41`}},
			{Column: "DATE", Texts: []string{"0001-01-01", "2024-02-29", "9999-12-31"}},
			{Column: "TIME", Texts: []string{"00:00:00", "23:59:59.123456"}},
			{Column: "TIMESTAMP", Texts: []string{"1900-01-01 00:00:00", "2024-02-29 12:34:56.789"}},
			{Column: "TIMESTAMP WITH TIME ZONE", Texts: []string{"2024-02-29 12:34:56+02:00", "2024-02-29 12:34:56.000001Z"}},
			{Column: "JSON", Texts: []string{`{"b": 1, "a": [true, null, "x"]}`, `"text"`, "12.5"}},
			{Column: "UUID", Texts: []string{"6EC0BD7F-11C0-43DA-975E-2A8AD9EBAE0B"}},
			{Column: "", Texts: []string{"anything", "007"}},
		},
	})
}
