package lawtest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/rollback"
	"landfall/internal/run"
)

// rollback undoes a run and reads every record's end in it.
func (w *world) rollback(o rollback.Options) *outcome {
	w.t.Helper()
	result, err := w.tryRollback(o, rollback.Rollback)
	if err != nil {
		w.t.Fatalf("rollback: %v", err)
	}
	return w.outcome(&run.Result{Run: result.Run})
}

func (w *world) tryRollback(o rollback.Options, start func(context.Context, *migration.TargetEnd, rollback.Options) (*rollback.Result, error)) (*rollback.Result, error) {
	w.t.Helper()
	ctx := context.Background()
	end, err := migration.OpenTargetEnd(ctx, migration.Options{Path: filepath.Join(w.dir, "landfall.yaml"), Getenv: os.Getenv})
	if err != nil {
		w.t.Fatal(err)
	}
	defer end.Close(ctx)
	return start(ctx, end, o)
}

// ends are a rollback's ends, sorted: the order of undoing is not what tests are
// about that use it.
func (o *outcome) sorted() []string { return slices.Sorted(slices.Values(o.ends)) }

// states are the runs' states, oldest first.
func (w *world) states() []string {
	w.t.Helper()
	return w.query("SELECT name, state FROM " + w.books("run") + " ORDER BY id")
}

// wholeCrosswalk is all that the crosswalk says.
func (w *world) wholeCrosswalk() []string {
	w.t.Helper()
	return w.query("SELECT entity_id, source_key, role, state, table_id, target_key, hash, shape_id, first_run, last_run, record_no, survivor, scope FROM " +
		w.books("crosswalk") + " ORDER BY 1, 2")
}

func (w *world) books(table string) string { return w.ledger().Books().Table(table) }

const agencySchema = `CREATE TABLE branches (id NUMBER, name text NOT NULL, code text UNIQUE, opened date, note text DEFAULT 'none')`

const agencyMapping = `  branch:
    from: {file: branches.csv, key: ID}
    to: {table: branches, key: {column: id, new: identity}, match: [code]}
    on_match: update
    fields: {name: Name, code: Code}
  person:
    from: {file: people.csv, key: ID}
    to: {table: people, key: {column: id, new: identity}, match: [email]}
    on_match: link
    fields:
      branch_id: {ref: branch, from: Branch}
      name: Name
      email: Email
`

func agency(w *world) {
	w.do(agencySchema,
		"CREATE TABLE people (id NUMBER, branch_id bigint NOT NULL REFERENCES branches (id), name text NOT NULL, email text UNIQUE, score integer NOT NULL DEFAULT 7)",
		"CREATE TABLE visits (id NUMBER, person_id bigint REFERENCES people (id))",
		"INSERT INTO branches (name, code, opened) VALUES ('there before', 'B2', '2020-01-02')",
		"INSERT INTO people (branch_id, name, email) VALUES (1, 'Linked', 'l@example.org')")
	w.mapping(agencyMapping)
	w.file("branches.csv", "ID,Name,Code", "1,One,B1", "2,Two,B2", "3,Three,B3")
	w.file("people.csv", "ID,Branch,Name,Email", "1,1,Ada,a@example.org", "2,2,Bob,b@example.org", "3,3,Cleo,c@example.org", "4,1,Linked,l@example.org", "5,9,Orphan,o@example.org")
}

const agencyRows = "SELECT 'branch', id, name, code, note, CAST(opened AS text) FROM branches UNION ALL SELECT 'person', id, name, email, CAST(score AS text), CAST(branch_id AS text) FROM people ORDER BY 1, 2"

func TestRollbackUndoesALoad(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		agency(w)
		before := w.query(agencyRows)
		w.run(run.Options{Records: 2, Lanes: 1}) // so that keys are given out in order
		loaded := w.query(agencyRows)
		back := w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "ends", []string{
			"branch:1 reversed", "branch:2 reversed", "branch:3 reversed",
			"person:1 reversed", "person:2 reversed", "person:3 reversed", "person:4 reversed",
		}, back.sorted())
		same(t, "rows", before, w.query(agencyRows))
		same(t, "crosswalk", []string{
			"branch|1|2|c|b", "branch|3|3|c|b", "person|1|2|c|b", "person|2|3|c|b", "person|3|4|c|b",
		}, w.crosswalk())
		same(t, "states", []string{"acme-0001|rolled-back", "acme-0002|completed"}, w.states())

		w.run(run.Options{Records: 2})
		again := w.query("SELECT name, code, note FROM branches ORDER BY code")
		same(t, "branches loaded again", []string{"One|B1|none", "Two|B2|none", "Three|B3|none"}, again)
		same(t, "as many rows", len(loaded), len(w.query(agencyRows)))
		back = w.rollback(rollback.Options{Run: "acme-0003"})
		same(t, "all reversed", len(back.ends), int(back.counts["branch"]["reversed"]+back.counts["person"]["reversed"]))
		same(t, "rows", before, w.query(agencyRows))
		same(t, "nothing is left of the first run", ledger.Counts{}, w.rollback(rollback.Options{Run: "acme-0001"}).counts["branch"])
	})
}

func TestRollbackKeepsWhatPeopleChanged(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		agency(w)
		w.run(run.Options{})
		w.do("UPDATE people SET score = 8 WHERE email = 'a@example.org'", // a column that the mapping does not write
			"UPDATE people SET name = 'Robert' WHERE email = 'b@example.org'",
			"INSERT INTO visits (person_id) SELECT id FROM people WHERE email = 'c@example.org'",
			"DELETE FROM people WHERE email = 'l@example.org'",
			"INSERT INTO people (branch_id, name, email) SELECT id, 'New', 'n@example.org' FROM branches WHERE code = 'B2'")
		loaded := w.query(agencyRows)
		back := w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "ends", []string{
			"branch:1 kept: referenced in id", "branch:2 reversed", "branch:3 kept: referenced in id",
			"person:1 kept: edited in score", "person:2 kept: edited", "person:3 kept: referenced in id", "person:4 reversed",
		}, back.sorted())
		same(t, "states", []string{"acme-0001|partly-rolled-back", "acme-0002|completed"}, w.states())
		after := w.query(agencyRows)
		loaded[slices.Index(loaded, "branch|1|Two|B2|none|2020-01-02")] = "branch|1|there before|B2|none|2020-01-02"
		same(t, "rows", loaded, after)

		// What stood in the way is gone.
		w.do("UPDATE people SET score = 7 WHERE email = 'a@example.org'", "UPDATE people SET name = 'Bob' WHERE email = 'b@example.org'",
			"DELETE FROM visits")
		back = w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "ends", []string{
			"branch:1 reversed", "branch:3 reversed", "person:1 reversed", "person:2 reversed", "person:3 reversed",
		}, back.sorted())
		same(t, "states", []string{"acme-0001|rolled-back", "acme-0002|completed", "acme-0003|completed"}, w.states())
	})
}

func TestRollbackOfASecondRunLeavesTheFirst(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		agency(w)
		w.run(run.Options{})
		w.file("branches.csv", "ID,Name,Code", "1,One and only,B1", "2,Two,B2", "3,Three!,B3", "4,Four,B4")
		w.file("people.csv", "ID,Branch,Name,Email", "1,4,Ada,a@example.org", "2,2,Bob,b@example.org", "3,4,Cleopatra,cleo@example.org", "4,1,Linked,l@example.org", "6,4,Dora,c@example.org")
		w.run(run.Options{})
		early := w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "ends of undoing the first run too early", []string{
			"branch:1 blocked: later-run", "branch:2 reversed", "branch:3 blocked: later-run",
			"person:1 blocked: later-run", "person:2 reversed", "person:3 blocked: later-run", "person:4 reversed",
		}, early.sorted())
		w.run(run.Options{}) // makes what was undone anew
		same(t, "states", []string{"acme-0001|partly-rolled-back", "acme-0002|completed", "acme-0003|completed", "acme-0004|completed"}, w.states())
		w.rollback(rollback.Options{Run: "acme-0004"})
		back := w.rollback(rollback.Options{Run: "acme-0002"})
		same(t, "ends", []string{
			"branch:1 reversed", "branch:3 reversed", "branch:4 reversed", "person:1 reversed", "person:3 reversed",
		}, back.sorted())
	})
}

// A row that people changed or deleted after a later run wrote it holds up the
// rollback of neither run for ever.
func TestRollbackGoesPastWhatALaterOneKept(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE people (id NUMBER, name text)")
		w.mapping("  person:\n    from: {file: people.csv, key: ID}\n    to: {table: people, key: {column: id, new: identity}}\n    fields: {name: Name}\n")
		w.file("people.csv", "ID,Name", "1,Ada", "2,Bob", "3,Cleo", "4,Dora")
		w.run(run.Options{Records: 2})
		w.file("people.csv", "ID,Name", "1,Ada L.", "2,Bob L.", "3,Cleo L.", "4,Dora L.")
		w.run(run.Options{Records: 2})
		w.do("DELETE FROM people WHERE name = 'Ada L.'", "UPDATE people SET name = 'edited' WHERE name IN ('Bob L.', 'Cleo L.', 'Dora L.')")
		same(t, "the later run", []string{"person:1 reversed", "person:2 kept: edited", "person:3 kept: edited", "person:4 kept: edited"},
			w.rollback(rollback.Options{Run: "acme-0002"}).sorted())
		w.do("DELETE FROM people WHERE id = 3", "UPDATE people SET name = 'Dora' WHERE id = 4")
		back := w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "the earlier run", []string{"person:1 reversed", "person:2 kept: edited", "person:3 reversed", "person:4 reversed"}, back.sorted())
		same(t, "rows", []string{"edited"}, w.query("SELECT name FROM people"))
		same(t, "states", []string{"acme-0001|partly-rolled-back", "acme-0002|partly-rolled-back", "acme-0003|completed", "acme-0004|completed"}, w.states())
		w.do("DELETE FROM people")
		same(t, "the later run again", []string{"person:2 reversed"}, w.rollback(rollback.Options{Run: "acme-0002"}).sorted())
		same(t, "the earlier run again", []string{"person:2 reversed"}, w.rollback(rollback.Options{Run: "acme-0001"}).sorted())
		same(t, "states at last", []string{"acme-0001|rolled-back", "acme-0002|rolled-back"}, w.states()[:2])
	})
}

func TestRollbackPutsTheCrosswalkBack(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		agency(w)
		w.run(run.Options{})
		crosswalk := w.wholeCrosswalk()
		w.file("branches.csv", "ID,Name,Code", "1,One and only,B1", "2,Two,B2", "3,Three!,B3")
		w.file("people.csv", "ID,Branch,Name,Email", "1,3,Ada,a@example.org", "2,2,Bob,b@example.org", "3,1,Cleopatra,cleo@example.org", "4,1,Linked,l@example.org", "5,1,Orphan,o@example.org")
		w.do("UPDATE people SET name = 'Roberta' WHERE email = 'b@example.org'") // the source does not touch it
		first := w.query(agencyRows)
		w.run(run.Options{})
		back := w.rollback(rollback.Options{Run: "acme-0002"})
		same(t, "ends", []string{"branch:1 reversed", "branch:3 reversed", "person:1 reversed", "person:3 reversed", "person:5 reversed"}, back.sorted())
		same(t, "rows", first, w.query(agencyRows))
		now := w.wholeCrosswalk()
		same(t, "crosswalk", crosswalk, slices.DeleteFunc(now, func(row string) bool { return slices.Contains([]string{"2|5"}, row[:3]) }))
		same(t, "nothing is left of what the crosswalk was", []string{"0"}, w.query("SELECT count(*) FROM "+w.books("former")))
	})
}

func refsOf(texts ...string) (refs []record.Ref) {
	for _, text := range texts {
		refs = append(refs, ref(text))
	}
	return refs
}

// An unfinished rollback is gone on with or given up, before anything else; and
// an unfinished run is not rolled back under its own feet.
func TestUnfinishedRollback(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		agency(w)
		stop := make(chan struct{})
		w.run(run.Options{Records: 1, Points: func(p run.Point) {
			if p == run.PointCommitted {
				select {
				case <-stop:
				default:
					close(stop)
				}
			}
		}, Stop: stop})
		refused := func(what, words string, err error) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err := w.tryRollback(rollback.Options{Run: "acme-0001"}, rollback.Rollback)
		refused("of an unfinished run", "end it with `landfall abandon acme-0001`", err)
		w.run(run.Options{Records: 1})
		w.run(run.Options{Records: 1, Only: refsOf("branch:1")})

		broken := func() {
			t.Helper()
			stop := make(chan struct{})
			n := 0
			result, err := w.tryRollback(rollback.Options{Run: "acme-0001", Stop: stop, Points: func(p run.Point) {
				if n++; p == run.PointCommitted && n > 20 {
					select {
					case <-stop:
					default:
						close(stop)
					}
				}
			}}, rollback.Rollback)
			if err != nil || !result.Stopped {
				t.Fatalf("%v %v", result, err)
			}
		}
		broken()
		_, err = w.try(run.Options{}, run.Run)
		refused("a run meanwhile", "it is a rollback", err)
		_, err = w.tryRollback(rollback.Options{Run: "acme-0002"}, rollback.Rollback)
		refused("another rollback meanwhile", "run acme-0003 is not finished", err)
		_, err = w.tryRollback(rollback.Options{Run: "acme-0001", ThroughTriggers: true}, rollback.Rollback)
		refused("the same otherwise", "what is asked for is another one", err)
		if err := run.Abandon(context.Background(), w.db, "acme", "acme-0003"); err != nil {
			t.Fatal(err)
		}
		same(t, "states", []string{"acme-0001|partly-rolled-back", "acme-0002|completed", "acme-0003|abandoned"}, w.states())
		broken()
		if _, err := w.tryRollback(rollback.Options{}, rollback.Resume); err != nil {
			t.Fatal(err)
		}
		same(t, "states", []string{"acme-0001|rolled-back", "acme-0002|completed", "acme-0003|abandoned", "acme-0004|completed"}, w.states())
		same(t, "rows", []string{"1|there before|B2"}, w.query("SELECT id, name, code FROM branches"))
		_, err = w.tryRollback(rollback.Options{}, rollback.Resume)
		refused("resuming nothing", run.ErrNothingToResume.Error(), err)
		_, err = w.try(run.Options{}, run.Resume)
		refused("resuming nothing", run.ErrNothingToResume.Error(), err)
	})
}

// What a rollback could not undo is nothing that a retry runs again, nor a cause
// of anything.
func TestRetryAfterARollback(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		agency(w)
		w.run(run.Options{})
		w.do("UPDATE people SET name = 'Robert' WHERE email = 'b@example.org'", "INSERT INTO visits (person_id) SELECT id FROM people WHERE email = 'c@example.org'")
		w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "retried", []string{"person:5 failed: missing-parent in branch_id"}, w.run(run.Options{RetryOpen: true}).ends)
		w.run(run.Options{})
		same(t, "branches", "3", w.query("SELECT count(*) FROM branches")[0])
		same(t, "people", "4", w.query("SELECT count(*) FROM people")[0])
	})
}

// A rollback spares the target's other users as a load does.
func TestRollbackWaitsWhileTheTargetSuffers(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		agency(w)
		w.do("CREATE TABLE load (high integer)", "INSERT INTO load VALUES (0)")
		w.run(run.Options{})
		w.throttle(`{pause_while: "SELECT high FROM load", check_every: 100ms, rows_per_second: 1000000}`)
		w.do("UPDATE load SET high = 1")
		other := open(t, w.url)
		paused := false
		result, err := w.tryRollback(rollback.Options{Run: "acme-0001", Observe: func(e run.Event) {
			if e.Kind == run.EventPaused && !paused {
				paused = true
				same(t, "rows while it waits", "4", w.query("SELECT count(*) FROM people")[0])
				do(t, other, w.number, "UPDATE load SET high = 0")
			}
		}}, rollback.Rollback)
		if err != nil || !paused {
			t.Fatalf("paused %v, %v", paused, err)
		}
		same(t, "reversed", 7, int(result.Counts[record.Reversed]))
	})
}
