package postgres_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/servertest"
	"landfall/internal/sqldb"
)

const secret = "s3cret"

// TestClassify makes the server refuse rows and statements for every reason.
func TestClassify(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	for _, sql := range []string{
		"CREATE EXTENSION IF NOT EXISTS btree_gist",
		"CREATE TYPE mood AS ENUM ('ok')",
		"CREATE TABLE parent (id int PRIMARY KEY)",
		`CREATE TABLE child (id int PRIMARY KEY, parent_id int CONSTRAINT child_parent REFERENCES parent, code varchar(3) CONSTRAINT child_code UNIQUE,
  n numeric(4,2) CONSTRAINT positive CHECK (n > 0), must text NOT NULL DEFAULT '', small smallint, born date, m mood, one int GENERATED ALWAYS AS (1) STORED, js jsonb,
  EXCLUDE (small WITH =))`,
		`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 666 THEN RAISE EXCEPTION 'not this one'; END IF; RETURN NEW; END $$`,
		"CREATE TRIGGER refuse BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION refuse()",
		"INSERT INTO child (id, code, small) VALUES (1, 'abc', 1)",
		"CREATE ROLE landfall_nobody",
	} {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			if strings.Contains(sql, "EXTENSION") {
				t.Skip("btree_gist is not installed")
			}
			t.Fatalf("%s: %v", sql, err)
		}
	}
	for _, test := range []struct {
		sql  string
		want sqldb.Fault
	}{
		{"INSERT INTO child (id) VALUES (1)", sqldb.Fault{Code: record.CodeUnique, Constraint: "child_pkey"}},
		{"INSERT INTO child (id, code) VALUES (2, 'abc')", sqldb.Fault{Code: record.CodeUnique, Constraint: "child_code"}},
		{"INSERT INTO child (id, parent_id) VALUES (2, 9)", sqldb.Fault{Code: record.CodeForeignKey, Constraint: "child_parent"}},
		{"INSERT INTO child (id, n) VALUES (2, -1)", sqldb.Fault{Code: record.CodeCheck, Constraint: "positive"}},
		{"INSERT INTO child (id, small) VALUES (2, 1)", sqldb.Fault{Code: record.CodeCheck, Constraint: "child_small_excl"}},
		{"INSERT INTO child (id, must) VALUES (2, NULL)", sqldb.Fault{Code: record.CodeNotNull, Columns: []string{"must"}}},
		{"INSERT INTO child (id, code) VALUES (2, 's3cret')", sqldb.Fault{Code: record.CodeTooLong}},
		{"INSERT INTO child (id, n) VALUES (2, 123456)", sqldb.Fault{Code: record.CodeOutOfRange}},
		{"INSERT INTO child (id, small) VALUES (2, 99999)", sqldb.Fault{Code: record.CodeOutOfRange}},
		{"INSERT INTO child (id, born) VALUES (2, '2024-13-45')", sqldb.Fault{Code: record.CodeOutOfRange}},
		{"INSERT INTO child (id, born) VALUES (2, 's3cret')", sqldb.Fault{Code: record.CodeWrongType}},
		{"INSERT INTO child (id, small) VALUES (2, 's3cret')", sqldb.Fault{Code: record.CodeWrongType}},
		{"INSERT INTO child (id, m) VALUES (2, 's3cret')", sqldb.Fault{Code: record.CodeWrongType}},
		{"INSERT INTO child (id, js) VALUES (2, '{s3cret')", sqldb.Fault{Code: record.CodeWrongType}},
		{"INSERT INTO child (id, small) VALUES (2, true)", sqldb.Fault{Code: record.CodeWrongType}},
		{"INSERT INTO child (id, one) VALUES (2, 5)", sqldb.Fault{Code: record.CodeRefused}},
		{"INSERT INTO child (id) VALUES (666)", sqldb.Fault{Code: record.CodeRefused, Message: "not this one"}},
		{"SET ROLE landfall_nobody; ", sqldb.Fault{}},
	} {
		exec(t, tx, "SAVEPOINT s")
		_, err := tx.Exec(t.Context(), test.sql)
		if test.want.Code == "" {
			_, err = tx.Exec(t.Context(), "INSERT INTO child (id) VALUES (3)")
			test.want.Denied = true
		}
		checkFault(t, db, test.sql, err, test.want)
		exec(t, tx, "ROLLBACK TO s")
	}
	// COPY is refused with the same faults, and shows no values either.
	table := tableOf(t, db, "child")
	for _, test := range []struct {
		column string
		value  record.Value
		want   record.Code
	}{
		{"small", record.Text(secret), record.CodeWrongType},
		{"code", record.Text(secret), record.CodeTooLong},
		{"code", record.Text("abc"), record.CodeUnique},
		{"parent_id", record.Int(9), record.CodeForeignKey},
		{"must", record.Null(), record.CodeNotNull},
		{"must", record.Text("\x00"), record.CodeWrongType},
		{"must", record.Text("\xff"), record.CodeWrongType},
	} {
		exec(t, tx, "SAVEPOINT s")
		id, _ := table.Column("id")
		column, _ := table.Column(test.column)
		_, err := tx.BulkInsert(t.Context(), table.Name, []sqldb.Column{*id, *column}, sqldb.RowsOf([][]record.Value{{record.Int(5), test.value}}))
		checkFault(t, db, "COPY "+test.column, err, sqldb.Fault{Code: test.want})
		exec(t, tx, "ROLLBACK TO s")
	}
}

func checkFault(t *testing.T, db sqldb.DB, what string, err error, want sqldb.Fault) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	got := db.Dialect().Classify(err)
	if got.Code != want.Code || got.Denied != want.Denied || got.Transient != want.Transient || got.Lost != want.Lost {
		t.Errorf("%s: %+v instead of %+v", what, got, want)
	}
	if want.Constraint != "" && got.Constraint != want.Constraint {
		t.Errorf("%s: constraint %s instead of %s", what, got.Constraint, want.Constraint)
	}
	if want.Message != "" && got.Message != want.Message {
		t.Errorf("%s: message %q instead of %q", what, got.Message, want.Message)
	}
	if len(want.Columns) > 0 && (len(got.Columns) != 1 || got.Columns[0] != want.Columns[0]) {
		t.Errorf("%s: columns %v instead of %v", what, got.Columns, want.Columns)
	}
	if got.Message == "" {
		t.Errorf("%s: no message", what)
	}
	for _, text := range []string{got.Message, err.Error()} {
		if strings.Contains(text, secret) || strings.Contains(text, "99999") || strings.Contains(text, "2024-13") {
			t.Errorf("%s: the message shows a value: %s", what, text)
		}
	}
}

func TestClassifyTransient(t *testing.T) {
	url := servertest.Database(t)
	db, other := connect(t, url), connect(t, url)
	tx := begin(t, db)
	exec(t, tx, "CREATE TABLE t (id int PRIMARY KEY)")
	exec(t, tx, "INSERT INTO t VALUES (1), (2)")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	tx, rival := begin(t, db), begin(t, other)
	exec(t, tx, "SELECT * FROM t FOR UPDATE")
	_, err := rival.Exec(t.Context(), "SELECT * FROM t FOR UPDATE NOWAIT")
	checkFault(t, db, "lock", err, sqldb.Fault{Transient: true})

	// A connection that the server ends.
	pid := query(t, tx, "SELECT pg_backend_pid()")[0]
	if err := rival.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	rival = begin(t, other)
	exec(t, rival, "SELECT pg_terminate_backend("+strings.TrimPrefix(pid, "integer ")+")")
	_, err = tx.Exec(t.Context(), "SELECT 1")
	checkFault(t, db, "terminated", err, sqldb.Fault{Transient: true, Lost: true})
	if err := tx.Commit(t.Context()); err == nil || !db.Dialect().Classify(err).Lost {
		t.Errorf("a commit over a lost connection says %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Errorf("rolling back what the server has rolled back: %v", err)
	}
	if _, err := db.Begin(t.Context()); err == nil || !db.Dialect().Classify(err).Lost {
		t.Errorf("a transaction on a lost connection: %v", err)
	}
}

func TestClassifyWithoutServer(t *testing.T) {
	dialect := connect(t, servertest.Database(t)).Dialect()
	for _, err := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, &net.OpError{Op: "read", Err: errors.New("reset")}} {
		if fault := dialect.Classify(err); !fault.Lost || !fault.Transient {
			t.Errorf("%v is %+v", err, fault)
		}
	}
	for _, err := range []error{nil, errors.New("something else"), sqldb.ErrNoTable} {
		if fault := dialect.Classify(err); fault.Lost || fault.Transient || fault.Denied || fault.Code != "" {
			t.Errorf("%v is %+v", err, fault)
		}
	}
}
