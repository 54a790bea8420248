package lawtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"landfall/internal/books"
	"landfall/internal/ledger"
	"landfall/internal/proof"
	"landfall/internal/record"
	"landfall/internal/report"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

const officeMapping = `  branch:
    from: {file: branches.csv, key: No}
    to: {table: branches, key: {column: id, new: identity}}
    totals: ["count() by name"]
    fingerprint: true
    fields: {name: Name}
  person:
    from: {file: people.csv, key: No}
    to: {table: people, key: {column: id, new: identity}, match: [email]}
    on_match: update
    fields:
      name: Name
      email: Mail
      branch_id: {ref: branch, by: Code, from: Branch}
      boss_id: {ref: person, from: Boss}
`

// office is a run that leaves something in every table of the books: rows that
// were there, updates, rejections, corrections, keys by which records are found,
// measures and a comparison.
func office(t *testing.T, w *world) (*world, *ledger.Run) {
	t.Helper()
	w = w.fresh(t, "CREATE TABLE branches (id NUMBER, name varchar(10) NOT NULL)",
		"CREATE TABLE people (id NUMBER, name varchar(10), email varchar(30) UNIQUE, branch_id bigint REFERENCES branches (id), boss_id bigint REFERENCES people (id))",
		"INSERT INTO people (name, email) VALUES ('was', 'h@x')")
	w.mapping(officeMapping)
	w.file("branches.csv", "No,Code,Name", "1,A,one", "2,B,two", "3,C,three")
	w.file("people.csv", "No,Name,Mail,Branch,Boss", "1,a,a@x,A,", "2,b,b@x,B,1", "3,c,c@x,C,1")
	w.run(run.Options{Records: 2})
	w.file("branches.csv", "No,Code,Name", "1,A,ONE", "2,B,two", "3,CC,THREE", "4,D,far far too long")
	w.file("people.csv", "No,Name,Mail,Branch,Boss", "1,A,a@x,A,", "2,b,b@x,B,1", "3,C,c@x,CC,8", "4,d,d@x,A,7", "5,e,e@x,D,", "6,much too long,f@x,A,",
		"7,g,g@x,ZZ,", "8,h,h@x,B,1", "9,i,i@x,B,3", "10,j,j@x,A,8", "11,k,k@x,A,")
	out := w.run(run.Options{Records: 2})
	b := w.ledger().Books()
	err := w.within(func(ctx context.Context, tx sqldb.Tx) error {
		for _, statement := range []string{
			"INSERT INTO {reconciliation} VALUES (1, 'acme-0002-check-1', 'acme', 2, 'completed', ?, 'a', 'h', 'm', 'then', 'later', 'no')",
			"INSERT INTO {reconciliation_entity} VALUES (1, 2, 0, 'done', '[]', ?, ?, '[\"its counter\"]')",
			"INSERT INTO {difference} VALUES (1, 2, 1, 'differs', '1', '2', 'name', 'a', 'b', 'Name', 'look', 'then')",
			"INSERT INTO {difference} VALUES (1, 2, 2, 'differs', '3', '4', 'name', 'c', 'd', 'Name', 'look', 'then')",
		} {
			args := []any{"{}", `{"differs":2}`}[:strings.Count(statement, "?")]
			if _, err := b.Exec(ctx, tx, statement, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w, out.Run
}

// within runs in a transaction that is committed unless it fails.
func (w *world) within(do func(context.Context, sqldb.Tx) error) error {
	ctx := context.Background()
	tx, err := w.db.Begin(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if err := do(ctx, tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// account is the report of a run.
func (w *world) account(name string) *report.Account {
	w.t.Helper()
	var account *report.Account
	l := w.ledger()
	w.look(func(tx sqldb.Tx) error {
		runs, err := l.Runs(w.t.Context(), tx, "acme")
		if err != nil {
			return err
		}
		at := slices.IndexFunc(runs, func(r *ledger.Run) bool { return r.Name == name })
		account, err = report.Tell(w.t.Context(), tx, l, runs[at], report.AccountOptions{Program: "test"})
		return err
	})
	return account
}

// prove compares the books with a report.
func (w *world) prove(account *report.Account) []proof.Fault {
	w.t.Helper()
	var faults []proof.Fault
	l := w.ledger()
	w.look(func(tx sqldb.Tx) error {
		found, unreadable, err := proof.Find(w.t.Context(), tx, l, "acme", account.Run.Name, account.Run.ID)
		if err != nil {
			return err
		}
		if unreadable != nil {
			faults = append(faults, *unreadable)
		}
		if found == nil {
			faults = append(faults, proof.Fault{Table: "run", Text: "is not there"})
			return nil
		}
		v, err := proof.Books(w.t.Context(), tx, l, found, account.Books, &proof.Said{State: account.Run.State, EndedAt: account.Run.EndedAt, Error: account.Run.Error})
		if err != nil {
			return err
		}
		faults = append(faults, v.Faults...)
		if len(faults) > 0 {
			return nil
		}
		said, _, err := report.Contradict(w.t.Context(), tx, l, found, account)
		for _, f := range said {
			faults = append(faults, proof.Fault{Table: "report", Row: f.Section, Text: f.Text})
		}
		return err
	})
	return faults
}

// flipped changes one byte of a cell; there are several ways, as the database
// may refuse one.
func flipped(v record.Value, way int) record.Value {
	switch v.Kind() {
	case record.KindInt:
		return record.Int(v.Int() ^ 1<<way)
	case record.KindBytes:
		text := []byte(v.Raw())
		text[len(text)/2] ^= 1 << way
		return record.Bytes(text)
	}
	text := []byte(v.Raw())
	if len(text) == 0 {
		return record.Text(string(rune('a' + way)))
	}
	at := len(text) - 1 - way%len(text)
	if text[at] ^= 1; text[at] < ' ' || text[at] > '~' {
		text[at] = 'x'
	}
	return record.Text(string(text))
}

// TestEveryByteOfTheBooks: one byte that changes in any column of any table is
// found, and its table and column are named; what is put back verifies.
func TestEveryByteOfTheBooks(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w, last := office(t, w)
		account := w.account(last.Name)
		if faults := w.prove(account); len(faults) > 0 {
			t.Fatalf("untouched books: %v", faults)
		}
		own := w.db.Dialect().(sqldb.OwnTables)
		tried := 0
		for _, layout := range books.Layouts() {
			table := w.db.Dialect().QuoteName(own.OwnName(layout.Table))
			for _, column := range layout.Columns {
				rows := w.rowsOf(layout, column, last.ID)
				if len(rows) == 0 {
					if !neverFilled[layout.Table+"."+column] && !ofGuardedTargets[layout.Table] {
						t.Errorf("%s.%s: the test has no row to change", layout.Table, column)
					}
					continue
				}
				row := rows[len(rows)/2]
				done := false
				for way := 0; way < 5 && !done; way++ {
					at := slices.Index(layout.Columns, column)
					changed := slices.Clone(row)
					changed[at] = flipped(row[at], way)
					if w.set(table, layout, column, row, changed) != nil {
						continue
					}
					done = true
					tried++
					faults := w.prove(account)
					if !named(faults, layout, column) {
						t.Errorf("%s.%s, %v: found %v", layout.Table, column, row[at], faults)
					}
					if err := w.set(table, layout, column, changed, row); err != nil {
						t.Fatalf("%s.%s: putting it back: %v", layout.Table, column, err)
					}
				}
				if !done {
					t.Errorf("%s.%s: the database takes no change of %v", layout.Table, column, row[slices.Index(layout.Columns, column)])
				}
			}
		}
		if faults := w.prove(account); len(faults) > 0 {
			t.Errorf("all put back: %v", faults)
		}
		t.Logf("%d columns", tried)
	})
}

// ofGuardedTargets lists the tables of the books that only serve targets, keys
// and loads that this office does not have. Those of the guard are of no run:
// the audit has a chain of its own (TestA19TamperedAudit), which the row of the
// guard is held against. Intents are gone when a run has ended.
var ofGuardedTargets = map[string]bool{"guard": true, "audit": true, "key_space": true, "key_seat": true, "key_lot": true, "key_heir": true, "key_block": true, "index_work": true, "intent": true}

// neverFilled lists what is empty in the books of an ended run.
var neverFilled = map[string]bool{
	"lease.holder": true, "lease.process": true, "lease.run_name": true, "lease.expires_at": true,
	"crosswalk.survivor": true, "crosswalk.scope": true, "former.survivor": true, "former.scope": true,
	"run.parent_id": true, "run.error": true,
	"pending.run_id": true, "pending.entity_id": true, "pending.source_key": true, "pending.field": true, "pending.parent_entity_id": true,
	"pending.parent_key": true, "pending.record_no": true, "pending.disposition": true,
}

// elsewhere lists the columns whose change moves a row out of what belongs to
// the run or its entity: the table that misses it is named.
var elsewhere = map[string]bool{"run_id": true, "entity_id": true, "reconciliation_id": true, "id": true, "last_run": true, "migration": true, "version": true}

func named(faults []proof.Fault, layout books.Layout, column string) bool {
	return slices.ContainsFunc(faults, func(f proof.Fault) bool {
		if f.Table != layout.Table {
			return false
		}
		if slices.Contains(f.Columns, column) || elsewhere[column] {
			return true
		}
		return false
	})
}

// rowsOf reads the run's rows of a table that have something in the column, in
// the order of their keys.
func (w *world) rowsOf(layout books.Layout, column string, runID int64) [][]record.Value {
	w.t.Helper()
	own := w.db.Dialect().(sqldb.OwnTables)
	quoted := make([]string, len(layout.Columns))
	for i, name := range layout.Columns {
		quoted[i] = w.db.Dialect().Quote(name)
	}
	where := w.db.Dialect().Quote(column) + " IS NOT NULL"
	switch {
	case layout.Table == "crosswalk":
		where += fmt.Sprintf(" AND last_run = %d", runID)
	case layout.Table == "run":
		where += fmt.Sprintf(" AND id = %d", runID)
	case slices.Contains(layout.Columns, "run_id"):
		where += fmt.Sprintf(" AND run_id = %d", runID)
	}
	var rows [][]record.Value
	w.look(func(tx sqldb.Tx) error {
		return sqldb.Each(w.t.Context(), tx, func(row []record.Value) error {
			rows = append(rows, slices.Clone(row))
			return nil
		}, "SELECT "+strings.Join(quoted, ", ")+" FROM "+w.db.Dialect().QuoteName(own.OwnName(layout.Table))+" WHERE "+where+" ORDER BY "+strings.Join(layout.Primary, ", "))
	})
	return rows
}

// set writes one cell of a row that is found by its present key.
func (w *world) set(table string, layout books.Layout, column string, was, is []record.Value) error {
	return w.within(func(ctx context.Context, tx sqldb.Tx) error {
		at := slices.Index(layout.Columns, column)
		args := []any{is[at]}
		where := []string{}
		for _, key := range layout.Primary {
			args = append(args, was[slices.Index(layout.Columns, key)])
			where = append(where, w.db.Dialect().Quote(key)+" = "+w.db.Dialect().Placeholder(len(args)))
		}
		changed, err := tx.Exec(ctx, "UPDATE "+table+" SET "+w.db.Dialect().Quote(column)+" = "+w.db.Dialect().Placeholder(1)+" WHERE "+strings.Join(where, " AND "), args...)
		if err == nil && changed != 1 {
			err = fmt.Errorf("%d rows changed", changed)
		}
		return err
	})
}
