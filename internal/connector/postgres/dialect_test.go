package postgres_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"landfall/internal/record"
	"landfall/internal/servertest"
	"landfall/internal/sqldb"
)

func TestStageTable(t *testing.T) {
	db := connect(t, servertest.Database(t))
	dialect := db.Dialect()
	for range 2 { // the second transaction finds nothing of the first
		tx := begin(t, db)
		exec(t, tx, "CREATE TABLE t (id int PRIMARY KEY, word varchar(3) NOT NULL, fixed char(2), at timestamp(0))")
		table := tableOf(t, db, "t")
		ordinal := sqldb.Column{Name: "landfall_ord", Type: record.Type{Kind: record.KindInt}}
		for range 2 {
			ddl, stage := dialect.StageTable(table.Columns)
			for _, sql := range ddl {
				exec(t, tx, sql)
			}
			rows := [][]record.Value{
				{record.Int(1), record.Text("far too long"), record.Text("x"), record.Null(), record.Int(0)},
				{record.Int(1), record.Null(), record.Null(), record.Null(), record.Int(1)},
			}
			written, err := tx.BulkInsert(t.Context(), stage, append(slices.Clone(table.Columns), ordinal), sqldb.RowsOf(rows))
			if err != nil || written != 2 {
				t.Fatalf("%d rows staged: %v", written, err)
			}
			if got := query(t, tx, "SELECT count(*) FROM "+dialect.QuoteName(stage)); got[0] != "integer 2" {
				t.Errorf("the stage holds %v", got)
			}
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTypedDoesNotCut: a cast to the declared type would cut and round.
func TestTypedDoesNotCut(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	exec(t, tx, "CREATE TABLE t (word varchar(2), fixed char(2), n numeric(4,1), b bit(2), at timestamp(0))")
	exec(t, tx, "INSERT INTO t VALUES ('ab', 'a', 1.3, '10', '2024-01-01 00:00:01')")
	table := tableOf(t, db, "t")
	for i, test := range []struct{ found, missed string }{
		{"ab", "abc"}, {"a", "a b"}, {"1.30", "1.26"}, {"10", "101"}, {"2024-01-01 00:00:01", "2024-01-01 00:00:01.2"},
	} {
		column := table.Columns[i]
		sql := "SELECT count(*) FROM t WHERE " + column.Name + " = " + db.Dialect().Typed("$1", column)
		if got := query(t, tx, sql, test.found); got[0] != "integer 1" {
			t.Errorf("%s: %q is not found", column.Name, test.found)
		}
		if got := query(t, tx, sql, test.missed); got[0] != "integer 0" {
			t.Errorf("%s: %q is found", column.Name, test.missed)
		}
	}
}

func TestRelationLocksAndCompares(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	dialect := db.Dialect()
	exec(t, tx, "CREATE TABLE t (id int PRIMARY KEY, name text)")
	exec(t, tx, "INSERT INTO t VALUES (1, 'a'), (2, NULL)")
	table := tableOf(t, db, "t")
	rows := [][]record.Value{{record.Int(2), record.Null()}, {record.Int(9), record.Text("x")}, {record.Int(1), record.Text("b")}}
	relation, args := dialect.Relation("k", table.Columns, rows, 2)
	sql := "SELECT k.ord, t.id FROM " + relation + ` JOIN t ON t.id = k.c0 WHERE t.id > $1::int AND ` + dialect.IsDistinct("t.name", "k.c1") + dialect.LockRows()
	if got := query(t, tx, sql, append([]any{int64(0)}, args...)...); len(got) != 1 || got[0] != "integer 2|integer 1" {
		t.Errorf("got %v", got)
	}
	relation, args = dialect.Relation("k", table.Columns, nil, 1)
	if got := query(t, tx, "SELECT * FROM "+relation, args...); len(got) != 0 {
		t.Errorf("an empty relation holds %v", got)
	}
	if got := query(t, tx, "SELECT x FROM (VALUES ('b'), ('B'), ('a'), (NULL), ('ä')) AS v(x) ORDER BY "+dialect.AsText("x")); fmt.Sprint(got) != "[text B text a text b text ä NULL]" {
		t.Errorf("the order is %v", got)
	}
	own := dialect.(sqldb.OwnTables)
	if got := query(t, tx, "SELECT "+own.Now(3600)+" > "+own.Now(0)+", length("+own.Now(-1)+")"); got[0] != "bool true|integer 24" {
		t.Errorf("the clock says %v", got)
	}
}

func TestForceDeferredAndOverriding(t *testing.T) {
	db := connect(t, servertest.Database(t))
	tx := begin(t, db)
	dialect := db.Dialect()
	exec(t, tx, "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, up int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
	exec(t, tx, "INSERT INTO t (id, up) "+dialect.InsertOverriding()+" SELECT 1, 2")
	if _, err := tx.Exec(t.Context(), dialect.ForceDeferred()); dialect.Classify(err).Code != record.CodeForeignKey {
		t.Errorf("the open reference is %v", err)
	}
}

func TestReserve(t *testing.T) {
	url := servertest.Database(t)
	db := connect(t, url)
	tx := begin(t, db)
	exec(t, tx, "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	table := tableOf(t, db, "t")
	column := &table.Columns[0]
	sequencer := db.Dialect().(sqldb.Sequencer)
	reserve := func(db sqldb.DB, n int, floor int64) []int64 {
		tx, err := db.Begin(t.Context())
		if err != nil {
			t.Error(err)
			return nil
		}
		defer tx.Rollback(t.Context())
		sql, args := sequencer.ReserveSQL(table, column, n, floor)
		rows, err := tx.Query(t.Context(), sql, args...)
		if err != nil {
			t.Error(err)
			return nil
		}
		var keys []int64
		for rows.Next() {
			keys = append(keys, rows.Values()[0].Int())
		}
		if err := rows.Err(); err != nil {
			t.Error(err)
		}
		return keys
	}
	for _, test := range []struct {
		n     int
		floor int64
		want  string
	}{
		{3, 0, "[1 2 3]"}, {2, 0, "[4 5]"}, {2, 10, "[11 12]"}, {1, 12, "[13]"}, {2, 5_000_000, "[5000001 5000002]"}, {1, 7, "[5000003]"},
	} {
		if got := fmt.Sprint(reserve(db, test.n, test.floor)); got != test.want {
			t.Errorf("%d above %d: %s instead of %s", test.n, test.floor, got, test.want)
		}
	}
	// Lanes that find the sequence far behind at the same moment.
	var mu sync.Mutex
	var wg sync.WaitGroup
	seen := map[int64]bool{}
	for range 4 {
		lane := connect(t, url)
		wg.Go(func() {
			for round := range int64(5) {
				for _, key := range reserve(lane, 100, 10_000_000*(1+round)) {
					mu.Lock()
					if seen[key] || key <= 10_000_000*(1+round) {
						t.Errorf("key %d is given out twice, or too low", key)
					}
					seen[key] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if len(seen) != 4*5*100 {
		t.Errorf("%d keys", len(seen))
	}
	tx = begin(t, db)
	exec(t, tx, "INSERT INTO t (id) OVERRIDING SYSTEM VALUE VALUES (90000000)")
	for range 2 {
		exec(t, tx, sequencer.AdvanceSQL(table, column))
	}
	if got := query(t, tx, "SELECT nextval('t_id_seq')"); got[0] != "integer 90000001" {
		t.Errorf("the sequence stands at %v", got)
	}
}

// While the counter is brought past keys that others wrote, sessions go on
// drawing from it: no number may come twice.
func TestAdvanceBesideOthers(t *testing.T) {
	url := servertest.Database(t)
	db := connect(t, url)
	tx := begin(t, db)
	exec(t, tx, "CREATE SEQUENCE n INCREMENT BY 3")
	exec(t, tx, "CREATE TABLE t (id bigint PRIMARY KEY DEFAULT nextval('n'))")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	table := tableOf(t, db, "t")
	statement := db.Dialect().(sqldb.Sequencer).AdvanceSQL(table, &table.Columns[0])
	var mu sync.Mutex
	var drawing, advancing sync.WaitGroup
	seen := map[string]bool{}
	stop := make(chan struct{})
	for range 2 {
		lane := connect(t, url)
		drawing.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				tx, err := lane.Begin(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				got := query(t, tx, "SELECT nextval('n') FROM generate_series(1, 20)")
				_ = tx.Rollback(t.Context())
				mu.Lock()
				for _, number := range got {
					if seen[number] {
						t.Errorf("%s came twice", number)
					}
					seen[number] = true
				}
				mu.Unlock()
			}
		})
	}
	for lane := range 2 {
		advancing.Go(func() {
			db := connect(t, url)
			for round := range 150 {
				tx, err := db.Begin(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				// A row a little ahead of the counter, as an application leaves it.
				_, err = tx.Exec(t.Context(), "INSERT INTO t SELECT last_value + "+fmt.Sprint(40+round%7+lane)+" FROM n ON CONFLICT DO NOTHING")
				if err == nil {
					_ = query(t, tx, statement)
					err = tx.Commit(t.Context())
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	advancing.Wait()
	close(stop)
	drawing.Wait()
	if got := query(t, begin(t, db), "SELECT n.last_value >= max(t.id) FROM n, t GROUP BY n.last_value"); got[0] != "bool true" {
		t.Errorf("the counter is not past the keys: %v", got)
	}
}
