package lawtest

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/report"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// people are the lines of an input; every one holds the name.
func people(from, to int, name string) []string {
	lines := []string{"No,Mail,Name"}
	for i := from; i <= to; i++ {
		lines = append(lines, fmt.Sprintf("%d,%d@x,%s", i, i, name))
	}
	return lines
}

var tooLong = strings.Repeat("too long ", 9)

// TestBrokenRetryGoesOn: what a retry has landed itself does not change which
// records it is over, wherever they stand in the mended input.
func TestBrokenRetryGoesOn(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for name, before := range map[string][]string{
			"new": nil, "changed": people(1, 9, "first"),
		} {
			t.Run(name, func(t *testing.T) {
				w := w.fresh(t, personTable)
				w.mapping(personMapping("}"))
				if before != nil {
					w.file("persons.csv", before...)
					w.run(run.Options{})
				}
				w.file("persons.csv", people(1, 9, tooLong)...)
				w.run(run.Options{})
				w.file("persons.csv", people(0, 9, "mended")...)
				stop, stopped := make(chan struct{}), false
				result, err := w.try(run.Options{RetryOpen: true, Records: 2, Stop: stop, Observe: func(e run.Event) {
					if e.Kind == run.EventBatch && !stopped {
						stopped = true
						close(stop)
					}
				}}, run.Run)
				if err != nil || !result.Stopped {
					t.Fatalf("the retry was to be stopped: %v", err)
				}
				if result, err = w.try(run.Options{}, run.Resume); err != nil {
					t.Fatalf("resumed: %v", err)
				}
				if out := w.outcome(result); len(out.ends) != 9 || out.counts["person"][record.Failed] != 0 {
					t.Errorf("ends: %v", out.ends)
				}
				same(t, "mended", []string{"9"}, w.query("SELECT count(*) FROM persons WHERE name = 'mended'"))
				same(t, "retried again", []string{}, w.run(run.Options{RetryOpen: true}).ends)
			})
		}
	})
}

// legacyPeople has a table of persons read, and the world's mapping say so.
func legacyPeople(t *testing.T, w *world, kind string, statements ...string) sqldb.DB {
	t.Helper()
	legacy := open(t, emptyFile(t, w.dir, "legacy.db"))
	do(t, legacy, "", statements...)
	w.mapping(strings.Replace(personMapping("}"), "file: persons.csv", kind, 1))
	return legacy
}

// TestRetryEnds: what a retry or a run over single records has brought to a good
// end is open no more, whatever number it has now or has not.
func TestRetryEnds(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		only := run.Options{Only: []record.Ref{ref("person:3")}}
		for name, again := range map[string]run.Options{"retry": {RetryOpen: true}, "only": only} {
			t.Run(name, func(t *testing.T) {
				table := w.fresh(t, personTable)
				legacy := legacyPeople(t, table, "table: person", "CREATE TABLE person (No integer PRIMARY KEY, Mail text, Name text)",
					"INSERT INTO person VALUES (1, '1@x', 'n'), (2, '2@x', 'n'), (3, '3@x', '"+tooLong+"')")
				same(t, "failed", 1, int(table.run(run.Options{}).counts["person"][record.Failed]))
				do(t, legacy, "", "UPDATE person SET Name = 'mended'")
				same(t, "again", []string{"person:3 created"}, table.run(again).ends)
				same(t, "table", []string{}, table.run(run.Options{RetryOpen: true}).ends)

				shifted := w.fresh(t, personTable)
				shifted.mapping(personMapping("}"))
				shifted.file("persons.csv", "No,Mail,Name", "1,1@x,n", "3,3@x,"+tooLong, "3,5@x,second")
				same(t, "failed", 2, int(shifted.run(run.Options{}).counts["person"][record.Failed]))
				shifted.file("persons.csv", "No,Mail,Name", "0,0@x,n", "1,1@x,n", "1,2@x,n", "3,3@x,mended", "3,5@x,second")
				twice := []string{"person:3 created", "person:3 failed: duplicate-key"}
				same(t, "again", twice, shifted.run(again).ends)
				same(t, "the second stays open", twice[1:], shifted.run(run.Options{RetryOpen: true}).ends)
			})
		}
	})
}

// TestDoubleOfLongAgo: once a run over all records has met no second record of a
// key, a file that brings the key brings a change of the first.
func TestDoubleOfLongAgo(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(personTable)
		w.mapping(personMapping("}"))
		w.file("persons.csv", "No,Mail,Name", "1,a@x,first", "1,b@x,second")
		w.run(run.Options{})
		input := run.Options{Inputs: map[string]string{"person": filepath.Join(w.dir, "changes.csv")}}
		w.file("changes.csv", "No,Mail,Name", "1,b@x,changed")
		same(t, "the second may be meant", []string{"person:1 failed: duplicate-key"}, w.run(input).ends)
		w.file("persons.csv", "No,Mail,Name", "1,a@x,first")
		w.run(run.Options{})
		same(t, "only the first is there", []string{"person:1 updated"}, w.run(input).ends)
	})
}

// TestExplainTellsTwinsApart: each record of a key has its own entry, also where
// the source gives no numbers.
func TestExplainTellsTwinsApart(t *testing.T) {
	w := sqliteWorld(t)
	w.do(personTable)
	legacyPeople(t, w, "table: people", "CREATE TABLE person (No integer, Mail text, Name text)",
		"INSERT INTO person VALUES (1, 'a@x', 'first'), (1, 'b@x', 'second')", "CREATE VIEW people AS SELECT * FROM person")
	w.run(run.Options{Only: []record.Ref{ref("person:1")}})
	w.look(func(tx sqldb.Tx) error {
		story, err := report.Explain(context.Background(), tx, w.ledger(), "acme", ref("person:1"))
		if err != nil || len(story.Chapters) != 2 {
			t.Fatalf("%v: %v", err, story)
		}
		for i, want := range []string{"created first", "failed duplicate-key second"} {
			c := story.Chapters[i]
			got := strings.Join(strings.Fields(fmt.Sprint(c.Disposition, " ", c.Code, " ", *c.Read[2].Text)), " ")
			same(t, "chapter", want, got)
		}
		return nil
	})
}
