package lawtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
)

// throttle adds a throttle to the target's connection.
func (w *world) throttle(throttle string) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "landfall.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	before, after, found := strings.Cut(string(text), "}\ntarget: goal")
	if !found {
		before, after, found = strings.Cut(string(text), "}\nsource: legacy\ntarget: goal")
	}
	if !found {
		w.t.Fatalf("no connection to throttle in:\n%s", text)
	}
	w.file("landfall.yaml", strings.TrimSuffix(before+", throttle: "+throttle+"}\ntarget: goal"+after, "\n"))
}

// manyPersons is a world with so many records to land.
func manyPersons(w *world, records int) {
	w.do(personTable)
	w.mapping(personMapping("}"))
	lines := []string{"No,Mail,Name"}
	for i := range records {
		lines = append(lines, fmt.Sprintf("%d,%d@x,n", i+1, i+1))
	}
	w.file("persons.csv", lines...)
}

// TestPause: while the target suffers nothing lands and nobody holds a lock;
// Ctrl-C works at once; when it is well again the run goes on.
func TestPause(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		manyPersons(w, 60)
		w.do("CREATE TABLE load (high bigint)", "INSERT INTO load VALUES (0)")
		w.throttle(`{pause_while: "SELECT high FROM load", check_every: 100ms}`)
		paused := make(chan string, 100)
		// Who makes it suffer is somebody else than who watches the runs.
		other := open(t, w.url)
		suffer := func(high int) { do(t, other, w.number, fmt.Sprintf("UPDATE load SET high = %d", high)) }
		var batches atomic.Int64
		observe := func(e run.Event) {
			switch e.Kind {
			case run.EventPaused:
				paused <- e.Message
			case run.EventBatch:
				batches.Add(1)
			}
		}
		suffer(1)
		stop, ended := make(chan struct{}), make(chan *run.Result, 1)
		go func() {
			result, err := w.try(run.Options{Records: 10, Stop: stop, Observe: observe}, run.Run)
			if err != nil {
				t.Error(err)
			}
			ended <- result
		}()
		if message := <-paused; message != "paused: the target suffers (pause_while)" {
			t.Errorf("told: %s", message)
		}
		w.do("INSERT INTO persons (email) VALUES ('other')") // somebody else writes meanwhile
		close(stop)
		select {
		case result := <-ended:
			if result == nil || !result.Stopped || result.Run.State != ledger.Interrupted || batches.Load() != 0 {
				t.Fatalf("%+v after %d batches", result, batches.Load())
			}
		case <-time.After(3 * time.Second):
			t.Fatal("a paused run does not stop at once")
		}
		w.do("DELETE FROM persons")
		// Another throttle is no other run; what is paused goes on by itself.
		w.mapping(personMapping("}"))
		w.throttle(`{pause_while: "SELECT high > 0 FROM load", check_every: 100ms, lanes: 1, rows_per_second: 1000000}`)
		go func() {
			result, err := w.try(run.Options{Observe: observe}, run.Resume)
			if err != nil {
				t.Error(err)
			}
			ended <- result
		}()
		<-paused
		time.Sleep(300 * time.Millisecond)
		if n := batches.Load(); n != 0 {
			t.Errorf("%d batches landed while the target suffers", n)
		}
		suffer(0)
		if result := <-ended; result == nil || result.Run.State != ledger.Completed || result.Entities[0].Counts[record.Created] != 60 {
			t.Errorf("%+v", result)
		}
	})
}

// TestThrottleFaults: what cannot be asked is told with its place, by check
// and before a run writes anything, and ends a run that is under way.
func TestThrottleFaults(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		manyPersons(w, 30)
		for query, says := range map[string]string{
			"SELECT high FROM nothing": "landfall.yaml:4:", "SELECT 'much'": "must be true, false or a number", "DELETE FROM persons": "pause_while", "SELEC 1": "pause_while",
		} {
			w.mapping(personMapping("}"))
			w.throttle(fmt.Sprintf("{pause_while: %q}", query))
			for _, command := range []string{"check", "run"} {
				code, out, errs := w.cli(command)
				if code != 3 || !strings.Contains(errs, "connections.goal.throttle.pause_while: ") || !strings.Contains(errs, says) {
					t.Errorf("%s with %s: exit %d\n%s%s", command, query, code, out, errs)
				}
			}
		}
		same(t, "rows", []string{"0"}, w.query("SELECT count(*) FROM persons"))
		w.mapping(personMapping("}"))
		w.do("CREATE TABLE load (high bigint)")
		w.throttle(`{pause_while: "SELECT high FROM load", check_every: 100ms, rows_per_second: 10}`)
		gone := false
		result, err := w.try(run.Options{Records: 10, Observe: func(e run.Event) {
			if e.Kind == run.EventSlowed && !gone {
				gone = true
				w.do("DROP TABLE load")
			}
		}}, run.Run)
		if !errors.Is(err, migration.ErrEnvironment) || !strings.Contains(err.Error(), "landfall.yaml:4:") {
			t.Errorf("under way: %v", err)
		}
		if result == nil || result.Run.State != ledger.Broken {
			t.Errorf("%+v", result)
		}
		code, _, errs := w.cli("check")
		if code != 3 {
			t.Errorf("check: exit %d %s", code, errs)
		}
		w.mapping(personMapping("}"))
		w.throttle(`{pause_on_lag: 10s}`)
		code, out, errs := w.cli("check")
		if strings.HasPrefix(w.url, "sqlite:") {
			if code != 2 || !strings.Contains(out, "connections.goal.throttle") {
				t.Errorf("lag of a database without standbys: exit %d\n%s%s", code, out, errs)
			}
			return
		}
		if code != 0 {
			t.Errorf("lag: exit %d\n%s%s", code, out, errs)
		}
		if result, err := w.try(run.Options{}, run.Resume); err != nil || result.Entities[0].Counts[record.Created] != 30 {
			t.Errorf("without standbys: %+v %v", result, err)
		}
	})
}

// TestRowLimit: rows land at the limit's pace, in however many lanes, also when
// a batch is larger than what may land in a second; no transaction is open
// while a lane waits.
func TestRowLimit(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		manyPersons(w, 300)
		w.throttle(`{rows_per_second: 100}`)
		var open, waited atomic.Int64
		slowed := 0
		begun := time.Now()
		result, err := w.try(run.Options{Records: 150, Lanes: 2, Observe: func(e run.Event) {
			if e.Kind == run.EventSlowed {
				slowed++
				waited.Add(open.Load())
				if e.Limit != 100 {
					t.Errorf("told a limit of %d", e.Limit)
				}
			}
		}, Points: func(p run.Point) {
			switch p {
			case run.PointBegun:
				open.Add(1)
			case run.PointCommitted:
				open.Add(-1)
			}
		}}, run.Run)
		if err != nil || result.Entities[0].Counts[record.Created] != 300 {
			t.Fatalf("%+v %v", result, err)
		}
		// The first second's worth is there at once.
		if took := time.Since(begun); took < 1900*time.Millisecond {
			t.Errorf("300 rows at 100 a second took %s", took)
		}
		if slowed == 0 || strings.HasPrefix(w.url, "sqlite:") && waited.Load() > 0 {
			t.Errorf("told %d times, %d transactions open meanwhile", slowed, waited.Load())
		}
	})
}

// TestPausedKeepsItsLease: a run that is paused keeps its lease.
func TestPausedKeepsItsLease(t *testing.T) {
	w := postgresWorld(t)
	manyPersons(w, 10)
	w.throttle(`{pause_while: "SELECT true", check_every: 100ms}`)
	paused, stop, ended := make(chan struct{}, 100), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		if _, err := w.try(run.Options{Stop: stop, Observe: func(e run.Event) {
			if e.Kind == run.EventPaused {
				paused <- struct{}{}
			}
		}}, run.Run); err != nil {
			t.Error(err)
		}
	}()
	<-paused
	if code, _, errs := w.cli("run"); code != 3 || !strings.Contains(errs, "is being run by") {
		t.Errorf("a second run beside a paused one: exit %d %s", code, errs)
	}
	close(stop)
	<-ended
}

// TestFewConnections: a target that has no connection to spare for more lanes
// breaks no run that goes on with fewer.
func TestFewConnections(t *testing.T) {
	w := postgresWorld(t)
	manyPersons(w, 60)
	database := w.query("SELECT current_database()")[0]
	role := "few_" + database
	w.do(`CREATE ROLE "`+role+`" LOGIN PASSWORD 'few' CONNECTION LIMIT 2`, `GRANT ALL ON DATABASE "`+database+`" TO "`+role+`"`,
		`GRANT ALL ON ALL TABLES IN SCHEMA public TO "`+role+`"`, `GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "`+role+`"`)
	t.Cleanup(func() {
		w.do(`DROP OWNED BY "`+role+`" CASCADE`, `DROP ROLE "`+role+`"`)
	})
	address, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword(role, "few")
	t.Setenv("LAWTEST_PASSWORD", "few")
	w.url = address.String()
	w.mapping(personMapping("}"))
	result, err := w.try(run.Options{Records: 2}, run.Run)
	if err != nil || result.Entities[0].Counts[record.Created] != 60 {
		t.Errorf("%+v %v", result, err)
	}
}

// TestThrottledLanes: the mapping bounds the lanes, also those that are asked
// for.
func TestThrottledLanes(t *testing.T) {
	w := postgresWorld(t)
	manyPersons(w, 60)
	w.throttle("{lanes: 2}")
	most := 0
	result, err := w.try(run.Options{Records: 2, Lanes: 8, Observe: func(e run.Event) { most = max(most, e.Lanes) }}, run.Run)
	if err != nil || result.Entities[0].Counts[record.Created] != 60 || most != 2 {
		t.Errorf("%+v %v, %d lanes", result, err, most)
	}
}
