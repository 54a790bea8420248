package postgres

import (
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/servertest"
	"landfall/internal/sqldb"
)

// TestWays tells which tables take rows in binary.
func TestWays(t *testing.T) {
	tx := openTx(t, servertest.Database(t))
	defer tx.end()
	run := func(sql string) {
		t.Helper()
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	run("CREATE TYPE mood AS ENUM ('ok')")
	run("CREATE DOMAIN whole AS bigint CHECK (VALUE > 0)")
	run("CREATE DOMAIN wholes AS bigint[]")
	run("CREATE DOMAIN moody AS mood")
	run("CREATE SCHEMA other")
	run("CREATE DOMAIN other.uuid AS text")
	for declared, binary := range map[string]bool{
		"bigint": true, "whole": true, "other.uuid": true, "varchar(3)": true, "char(3)": true, "jsonb": true,
		"mood": false, "moody": false, "wholes": false, "text[]": false, "inet": false, "interval": false, "bit(3)": false,
		`"char"`: false, "xml": false, "timetz": false, "money": false, "point": false, "int4range": false, "pg_type": false,
	} {
		run("CREATE TEMP TABLE t (id integer, v " + declared + ")")
		forms, err := tx.db.formsOf(t.Context(), "t", "id, v")
		if err != nil || forms != nil != binary {
			t.Errorf("%s has a binary form: %t, not %t (%v)", declared, forms != nil, binary, err)
		}
		run("DROP TABLE t")
	}
}

// TestTypesAreThoseOfTheMoment writes to columns that are not what their
// declaration says, as when somebody alters the table during a run.
func TestTypesAreThoseOfTheMoment(t *testing.T) {
	tx := openTx(t, servertest.Database(t))
	defer tx.end()
	columns := []sqldb.Column{{Name: "v", Type: record.Type{Kind: record.KindInt, Bits: 64, Native: "bigint"}}}
	for _, altered := range []string{"bigint", "double precision", "text", "numeric", "integer", "timestamp", "int[]"} {
		if _, err := tx.Exec(t.Context(), "CREATE TEMP TABLE t (v "+altered+")"); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "SAVEPOINT s"); err != nil {
			t.Fatal(err)
		}
		_, err := tx.BulkInsert(t.Context(), sqldb.Name{Table: "t"}, columns, sqldb.RowsOf([][]record.Value{{record.Int(12)}}))
		if refused := altered == "timestamp" || altered == "int[]"; refused {
			if code := Dialect.Classify(err).Code; code != record.CodeWrongType {
				t.Errorf("12 in %s gives %v", altered, err)
			}
			if _, err := tx.Exec(t.Context(), "ROLLBACK TO s"); err != nil {
				t.Fatal(err)
			}
		} else {
			err = tx.db.each(t.Context(), "SELECT v::text FROM t", func(row []record.Value) error {
				if row[0].Raw() != "12" {
					t.Errorf("12 in %s becomes %s", altered, row[0])
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := tx.Exec(t.Context(), "DROP TABLE t"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRefusalsOfBothWays holds binary to the refusals of text.
func TestRefusalsOfBothWays(t *testing.T) {
	url := servertest.Database(t)
	for _, test := range []struct {
		declared string
		value    record.Value
		state    string
	}{
		{"varchar(3)", record.Text("four"), "22001"},
		{"varchar(3)", record.Text("äöüß"), "22001"},
		{"char(3)", record.Text("four"), "22001"},
		{"text", record.Text("a\x00b"), "22021"},
		{"text", record.Text("\xc3("), "22021"},
		{"text NOT NULL", record.Null(), "23502"},
		{"text CHECK (v <> 'bad')", record.Text("bad"), "23514"},
		{"text PRIMARY KEY", record.Text("good"), "23505"},
		{"small", record.Int(11), "23514"},
		{"filled", record.Null(), "23502"},
		{"numeric(5,2)", record.Decimal("12345.00"), "22003"},
		{"numeric(5,2)", record.Decimal("999.996"), "22003"},
		{"jsonb", record.JSON("{bad"), "22P02"},
		{"json", record.JSON(""), "22P02"},
		{"jsonb", record.JSON(`"\u0000"`), "22P05"},
		{"jsonb", record.JSON("\"\xff\""), "22021"},
		{"bytea GENERATED ALWAYS AS ('') STORED", record.Bytes(nil), "42P10"},
	} {
		var errs [2]error
		for i := range errs {
			tx := openTx(t, url)
			for _, sql := range []string{
				"CREATE DOMAIN small AS integer CHECK (VALUE < 10)", "CREATE DOMAIN filled AS text NOT NULL", "CREATE TEMP TABLE t (v " + test.declared + ")",
			} {
				if _, err := tx.Exec(t.Context(), sql); err != nil {
					t.Fatalf("%s: %v", sql, err)
				}
			}
			good := test.value
			if test.state == "23505" {
				good = record.Text("good")
			}
			rows := sqldb.RowsOf([][]record.Value{{good}, {test.value}})
			if i == 0 {
				_, errs[i] = tx.copyText(t.Context(), "COPY t (v) FROM STDIN", rows)
			} else {
				_, errs[i] = tx.BulkInsert(t.Context(), sqldb.Name{Table: "t"}, []sqldb.Column{{Name: "v"}}, rows)
			}
			tx.end()
		}
		if errs[0] == nil || errs[1] == nil || !strings.Contains(errs[1].Error(), test.state) {
			t.Errorf("%s: binary says %v, text %v, wanted %s", test.declared, errs[1], errs[0], test.state)
			continue
		}
		text, binary := Dialect.Classify(errs[0]), Dialect.Classify(errs[1])
		if text.Code != binary.Code || text.Transient != binary.Transient || text.Constraint != binary.Constraint || text.Message != binary.Message {
			t.Errorf("%s: binary is %+v, text %+v", test.declared, binary, text)
		}
	}
}

// TestWritersNeedNotRead lets a role write that may do nothing else.
func TestWritersNeedNotRead(t *testing.T) {
	tx := openTx(t, servertest.Database(t))
	defer tx.end()
	role := "landfall_writer_" + strings.ToLower(t.Name())
	for _, sql := range []string{
		"CREATE TABLE public.t (v bigint)", "CREATE ROLE " + role, "GRANT INSERT ON public.t TO " + role, "SET LOCAL ROLE " + role,
	} {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	written, err := tx.BulkInsert(t.Context(), sqldb.Name{Schema: "public", Table: "t"}, []sqldb.Column{{Name: "v"}}, sqldb.RowsOf([][]record.Value{{record.Int(1)}}))
	if err != nil || written != 1 {
		t.Errorf("%d rows: %v", written, err)
	}
}
