package postgres_test

import (
	"testing"

	"landfall/internal/connector/table"
	"landfall/internal/connector/targettest"
	"landfall/internal/record"
	"landfall/internal/servertest"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

func TestTarget(t *testing.T) {
	url := servertest.Database(t)
	targettest.Run(t, targettest.Harness{
		Empty: func(t *testing.T) sqldb.DB {
			db := connect(t, url)
			tx := begin(t, db)
			exec(t, tx, "DROP SCHEMA public CASCADE") // making databases is slow
			exec(t, tx, "CREATE SCHEMA public")
			exec(t, tx, "CREATE COLLATION folds (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			return db
		},
		Table: func(dialect sqldb.Dialect, about *sqldb.Table, key []sqldb.Column) target.Table {
			return table.NewLander(dialect, about, key)
		},
		Numbered: "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
		Triggers: []string{
			`CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF new.note = 'refuse' THEN RAISE EXCEPTION 'not this one'; END IF;
  IF new.note = 'drop' THEN RETURN NULL; END IF;
  RETURN new; END $$`,
			"CREATE TRIGGER guards BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION guard()",
			`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (new.id); RETURN new; END $$`,
			"CREATE TRIGGER audits AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION note()",
		},
		NamesExpressions: true,
		Computed:         "100 / amount > 1",
		FoldsCase:        `varchar(20) COLLATE "folds"`,
		Misfits: []targettest.Misfit{
			{Column: "varchar(3)", Good: record.Text("abc"), Bad: record.Text("hush"), Code: record.CodeTooLong},
			{Column: "smallint", Good: record.Int(1), Bad: record.Int(70000), Code: record.CodeOutOfRange},
			{Column: "numeric(5,2)", Good: record.Decimal("1.50"), Bad: record.Decimal("12345.00"), Code: record.CodeOutOfRange},
			{Column: "integer", Good: record.Int(1), Bad: record.Text("hush"), Code: record.CodeWrongType},
			{Column: "jsonb", Good: record.JSON("{}"), Bad: record.JSON("{hush"), Code: record.CodeWrongType},
			{Column: "uuid", Good: record.Text("6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b"), Bad: record.Text("hush"), Code: record.CodeWrongType},
		},
		Kinds: []targettest.Kind{
			{Column: "boolean", Texts: []string{"true", "false"}},
			{Column: "smallint", Texts: []string{"-32768", "0", "32767"}},
			{Column: "bigint", Texts: []string{"-9223372036854775808", "9007199254740993", "9223372036854775807"}},
			{Column: "real", Texts: []string{"0", "1.5", "0.1", "-1e30"}},
			{Column: "double precision", Texts: []string{"0", "0.1", "-1e300", "3"}},
			{Column: "numeric(10,2)", Texts: []string{"0", "1.5", "-12345678.90", "0.10"}},
			{Column: "numeric", Texts: []string{"12345678901234567890.123456789", "0.1", "100"}},
			{Column: "varchar(40)", Texts: []string{"", "a", "007", "1.50", "null", `\N`, "naïve 日本 \t\n\\.'\""}},
			{Column: "char(5)", Texts: []string{"ab", "abcde"}},
			{Column: "text", Texts: []string{"12345678901234567890", " padded "}},
			{Column: "bytea", Texts: []string{`\x`, `\x00ff41`}},
			{Column: "date", Texts: []string{"0001-01-01", "2024-02-29", "9999-12-31"}},
			{Column: "time", Texts: []string{"00:00:00", "23:59:59.123456"}},
			{Column: "timestamp", Texts: []string{"1900-01-01 00:00:00", "2024-02-29 12:34:56.789"}},
			{Column: "timestamp(0)", Texts: []string{"2024-02-29 12:34:56"}},
			{Column: "timestamptz", Texts: []string{"2024-02-29 12:34:56+02:00", "1850-01-01 00:00:00.000001Z"}},
			{Column: "json", Texts: []string{`{"b": 1, "a": [true, null, "x"]}`, `"text"`}},
			{Column: "jsonb", Texts: []string{`{"b": 1, "a": [true, null, "x"]}`, `"text"`, "12.50"}},
			{Column: "uuid", Texts: []string{"6EC0BD7F-11C0-43DA-975E-2A8AD9EBAE0B"}},
			{Column: "inet", Texts: []string{"10.0.0.1"}},
			{Column: "text[]", Texts: []string{"{a,b}"}},
		},
	})
}
