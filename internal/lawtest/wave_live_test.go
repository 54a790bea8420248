package lawtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// begun is a transaction of somebody else's that has done this and stays open.
func (w *world) begun(statements ...string) sqldb.Tx {
	w.t.Helper()
	tx, err := open(w.t, w.url).Begin(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := tx.Exec(context.Background(), statement); err != nil {
			w.t.Fatalf("%s: %v", statement, err)
		}
	}
	return tx
}

// TestA03OpenTransactions: people create rows in transactions that are open while
// the table is measured before a wave, with keys below others that are there
// already. Such rows are no change to what was there, and nothing else passes for
// one of them: no row of the wave that is gone, and none of before that is gone
// or has changed, old ones or those that were committed beside the open ones.
func TestA03OpenTransactions(t *testing.T) {
	t.Parallel()
	w := postgresWorld(t)
	const person = "INSERT INTO persons (email, name) VALUES ('%s@x', 'business')"
	for _, key := range []string{"identity", "uuid"} {
		for _, c := range []struct {
			name, business string
			says           string
		}{
			{name: "nothing else"},
			{name: "a row of the wave is gone", business: "DELETE FROM persons WHERE email = 'b@x'", says: "1 rows that this run wrote are gone: person:1 (row "},
			{name: "a row of the wave has changed", business: "UPDATE persons SET name = 'else' WHERE email = 'b@x'", says: "must have 4 rows and has 7"},
			{name: "an old row is gone", business: "DELETE FROM persons WHERE email = 'a@x'", says: "must have 4 rows and has 6"},
			{name: "an old row has changed", business: "UPDATE persons SET name = 'else' WHERE email = 'a@x'", says: "must have 4 rows and has 7"},
			{name: "a row beside the open ones is gone", business: "DELETE FROM persons WHERE email = 'quick@x'", says: "must have 4 rows and has 6"},
			{name: "a row beside the open ones has changed", business: "UPDATE persons SET name = 'else' WHERE email = 'quick@x'", says: "must have 4 rows and has 7"},
		} {
			column := "NUMBER"
			if key == "uuid" {
				if column = "uuid PRIMARY KEY DEFAULT gen_random_uuid()"; strings.HasPrefix(c.name, "an old row") {
					continue
				}
			}
			t.Run(key+", "+c.name, func(t *testing.T) {
				w := w.fresh(t, strings.Replace(personTable, "NUMBER", column, 1), fmt.Sprintf(person, "a"))
				w.disturbed = true
				w.mapping(strings.Replace(personMapping("}"), "identity", key, 1))
				w.file("persons.csv", "No,Mail,Name", "1,b@x,Bob", "2,c@x,Cy")
				slow := w.begun(fmt.Sprintf(person, "slow"), "SAVEPOINT a", fmt.Sprintf(person, "saved"), "RELEASE a", "SAVEPOINT b", fmt.Sprintf(person, "held"))
				never := w.begun(fmt.Sprintf(person, "never"))
				w.do(fmt.Sprintf(person, "quick"))
				o, measured := wave, false
				o.Points = func(p run.Point) {
					switch {
					case p == run.PointMeasured && !measured:
						measured = true
						if err := slow.Commit(context.Background()); err != nil {
							t.Error(err)
						}
					case p == run.PointEntityEnd && c.business != "":
						w.do(c.business)
					}
				}
				result, err := w.try(o, run.Run)
				if err := never.Commit(context.Background()); err != nil {
					t.Error(err)
				}
				f := w.fingerprints(result.Run)["person"]
				if c.says == "" {
					if err != nil || f.Others.Rows != 3 || result.Run.State != ledger.Completed {
						t.Fatalf("%s, %d rows by others: %v", result.Run.State, f.Others.Rows, err)
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("it ended with %v", err)
				}
				same(t, "state", ledger.Unreconciled, result.Run.State)
				same(t, "rows by others", int64(0), f.Others.Rows)
			})
		}
	}
}

// business creates rows until it is told to stop, each in a transaction that is
// open for a while, and says how many are there to stay.
type business struct {
	stop  chan struct{}
	rows  chan int64
	fault error
}

func (w *world) business(name string, seed uint64) *business {
	b := &business{stop: make(chan struct{}), rows: make(chan int64, 1)}
	db, random := open(w.t, w.url), rand.New(rand.NewPCG(seed, 0))
	go func() {
		committed := int64(0)
		defer func() { b.rows <- committed }()
		for n := 0; ; n++ {
			select {
			case <-b.stop:
				return
			case <-time.After(time.Duration(random.IntN(4)) * time.Millisecond):
			}
			done, err := b.insert(db, random, fmt.Sprintf("%s %d", name, n))
			if done {
				committed++
			}
			if err != nil && !db.Dialect().Classify(err).Transient {
				b.fault = err
				return
			}
		}
	}()
	return b
}

func (b *business) insert(db sqldb.DB, random *rand.Rand, name string) (done bool, err error) {
	ctx := context.Background()
	tx, err := db.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer tx.Rollback(ctx)
	if random.IntN(3) == 0 {
		if _, err := tx.Exec(ctx, "SAVEPOINT one"); err != nil {
			return false, err
		}
	}
	if _, err := tx.Exec(ctx, "INSERT INTO persons (email, name) VALUES ('"+name+"', 'business')"); err != nil {
		return false, err
	}
	if random.IntN(5) == 0 {
		time.Sleep(time.Duration(random.IntN(40)) * time.Millisecond)
	}
	if random.IntN(6) == 0 {
		return false, nil // it thinks better of it
	}
	err = tx.Commit(ctx)
	return err == nil, err
}

func (b *business) ends(t *testing.T) int64 {
	close(b.stop)
	rows := <-b.rows
	if b.fault != nil {
		t.Error(b.fault)
	}
	return rows
}

// TestA03LiveBusiness: people create rows all the time while one wave after the
// other lands beside them, in lanes. Every wave holds, and one of which a row
// is lost does not and names it.
func TestA03LiveBusiness(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		const waves, records = 3, 60
		w.disturbed = true
		w.do(personTable)
		w.mapping(personMapping("}"))
		crowd := []*business{w.business("p", 1), w.business("q", 2), w.business("r", 3)}
		for n := range waves {
			lines := []string{"No,Mail,Name"}
			for i := range records {
				lines = append(lines, fmt.Sprintf("%d,%d@x,wave", n*records+i, n*records+i))
			}
			w.file("persons.csv", lines...)
			o, last := wave, n == waves-1
			o.Records, o.Lanes = 10, 3
			o.Points = func(p run.Point) {
				if p == run.PointEntityEnd && last {
					w.do("DELETE FROM persons WHERE legacy_id = '150'")
				}
			}
			result, err := w.try(o, run.Run)
			var unreconciled *run.UnreconciledError
			switch {
			case !last && err != nil:
				t.Errorf("wave %d: %v", n, err)
			case last && (!errors.As(err, &unreconciled) || !strings.Contains(err.Error(), "1 rows that this run wrote are gone: person:150 (row ")):
				t.Errorf("the last wave ended with %v", err)
			}
			same(t, "records", ledger.Counts{record.Created: records}, w.outcome(result).counts["person"])
		}
		rows := int64(0)
		for _, b := range crowd {
			rows += b.ends(t)
		}
		same(t, "rows of business", []string{fmt.Sprint(rows)}, w.query("SELECT count(*) FROM persons WHERE name = 'business'"))
		same(t, "rows of waves", []string{fmt.Sprint(waves*records - 1)}, w.query("SELECT count(*) FROM persons WHERE name = 'wave'"))
	})
}
