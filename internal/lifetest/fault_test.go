package lifetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"landfall/internal/run"
)

// Faults that other sessions raise are waited out; no record pays for them.
func TestTransientFaults(t *testing.T) {
	s := stageOf(t, onPostgres, "load")
	ctx := context.Background()

	t.Run("lock time-out", func(t *testing.T) {
		t.Parallel()
		l := newLife(t, onPostgres, s.before, s.edition)
		l.ground.alone(t, "ALTER DATABASE "+l.ground.database()+" SET lock_timeout = '80ms'")
		stranger := l.ground.connect(t)
		must(t, stranger.Exec, "BEGIN; LOCK TABLE customers IN EXCLUSIVE MODE")
		p := l.start("", s.args...)
		p.says("trying again")
		time.Sleep(200 * time.Millisecond)
		must(t, stranger.Exec, "COMMIT")
		p.wait(exitOpen)
		l.same(s.after, s.run)
	})

	t.Run("deadlock", func(t *testing.T) {
		t.Parallel()
		l := newLife(t, onPostgres, s.before, s.edition)
		l.ground.alone(t, "ALTER DATABASE "+l.ground.database()+" SET deadlock_timeout = '600ms'")
		p := l.start(string(run.PointRead)+":10:"+deedHold, append(s.args, "--lanes", "1")...)
		p.reached() // the first batch of orders
		stranger := l.ground.connect(t)
		must(t, stranger.Exec, "SET deadlock_timeout = '1h'") // the run is the one that is chosen
		must(t, stranger.Exec, "BEGIN; SELECT 1 FROM customers FOR UPDATE")
		p.goOn()
		l.ground.waitsForLock(t)
		must(t, stranger.Exec, "LOCK TABLE orders IN EXCLUSIVE MODE")
		p.says("trying again")
		must(t, stranger.Exec, "ROLLBACK")
		p.wait(exitOpen)
		l.same(s.after, s.run)
	})

	t.Run("raised while rows land", func(t *testing.T) {
		t.Parallel()
		l := newLife(t, onPostgres, s.before, s.edition)
		l.ground.alone(t, "CREATE SEQUENCE rows_sent") // a sequence counts on over rollbacks
		l.ground.alone(t, `CREATE FUNCTION falter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  CASE nextval('rows_sent')
    WHEN 5 THEN RAISE EXCEPTION USING ERRCODE = '40001';
    WHEN 40 THEN RAISE EXCEPTION USING ERRCODE = '40P01';
    WHEN 90 THEN RAISE EXCEPTION USING ERRCODE = '55P03';
    WHEN 140 THEN PERFORM pg_terminate_backend(pg_backend_pid());
    ELSE NULL; END CASE; RETURN NEW; END $$`)
		for _, table := range []string{"customers", "lines"} {
			l.ground.alone(t, "CREATE TRIGGER falter BEFORE INSERT ON "+table+" FOR EACH ROW EXECUTE FUNCTION falter()")
		}
		l.run(exitOpen, s.args...)
		if sent := l.ground.query(t, "SELECT last_value >= 140 FROM rows_sent"); sent[0][0] != "true" {
			t.Errorf("not all faults were raised")
		}
		l.same(s.after, s.run)
	})

	t.Run("sessions ended by an operator", func(t *testing.T) {
		t.Parallel()
		l := newLife(t, onPostgres, s.before, s.edition)
		l.env = []string{slowPoints + "=20ms"}
		p := l.start("", s.args...)
		stranger := l.ground.connect(t)
		p.says("started")
		ended := 0
		for range 6 {
			time.Sleep(60 * time.Millisecond)
			row := stranger.QueryRow(ctx, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'landfall' AND state <> 'idle'")
			n := 0
			if err := row.Scan(&n); err != nil {
				t.Fatal(err)
			}
			ended += n
		}
		t.Logf("%d sessions ended", ended)
		p.wait(exitOpen)
		l.same(s.after, s.run)
	})
}

func must[tag any](t testing.TB, exec func(context.Context, string, ...any) (tag, error), statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := exec(ctx, statement); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", statement, err))
	}
}

// waitsForLock waits until a session of the command waits for a lock.
func (g *ground) waitsForLock(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		found := g.query(t, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'landfall' AND wait_event_type = 'Lock'")
		if found[0][0] != "0" {
			return
		}
	}
	t.Fatal("nobody waits for a lock")
}
