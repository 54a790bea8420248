package lawtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/report"
	"landfall/internal/run"
)

// TestInterruptedNumbers: the numbers that a run shows while it goes on, that
// status tells and that report.json holds are those of an unbroken run, however
// often it was broken off: over several files, from a source that can count and
// one that cannot, with a limit, and of a retry.
func TestInterruptedNumbers(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for name, o := range map[string]run.Options{"all": {}, "limit": {Limit: 17}, "several lanes": {Lanes: 3}} {
			t.Run(name, func(t *testing.T) {
				o.Records = 3
				whole, broken := numbersWorld(t, w), numbersWorld(t, w.beside(t))
				want := whole.numbers(o, -1)
				got := broken.numbers(o, 2)
				same(t, "numbers", want, got)
				if read := want["person"].Read; o.Limit > 0 && read != o.Limit || o.Limit == 0 && read != 40 {
					t.Errorf("persons read: %d", read)
				}
				// The rejected ones are mended in both and run again.
				for _, w := range []*world{whole, broken} {
					w.file("persons-1.csv", personLines(0, 20, "fine")...)
					w.file("persons-2.csv", personLines(20, 40, "fine")...)
				}
				again := run.Options{Records: 2, RetryOpen: true}
				want = whole.numbers(again, -1)
				same(t, "numbers of a retry", want, broken.numbers(again, 1))
				if counts := want["person"]; counts.Read == 0 || counts.Created != counts.Read {
					t.Errorf("retried: %+v", counts)
				}
			})
		}
	})
}

func personLines(from, to int, third string) []string {
	lines := []string{"No,Mail,Name"}
	for i := from; i < to; i++ {
		name := "n"
		if i%3 == 0 {
			name = third
		}
		lines = append(lines, fmt.Sprintf("%d,%d@x,%s", i+1, i+1, name))
	}
	return lines
}

// numbersWorld has persons in two files, which cannot count, and sites in a
// table, which can.
func numbersWorld(t *testing.T, like *world) *world {
	w := like.fresh(t, personTable, "CREATE TABLE sites (id NUMBER, name varchar(20))")
	statements := []string{"CREATE TABLE site (no INTEGER PRIMARY KEY, name TEXT)"}
	for i := range 25 {
		statements = append(statements, fmt.Sprintf("INSERT INTO site VALUES (%d, 's%d')", i+1, i+1))
	}
	w.legacy(statements...)
	w.mapping(strings.Replace(personMapping("}"), "persons.csv", `"persons-*.csv"`, 1) + `  site:
    from: {table: site, key: no}
    to: {table: sites, key: {column: id, new: identity}}
    fields: {name: name}
`)
	tooLong := strings.Repeat("x", 50)
	w.file("persons-1.csv", personLines(0, 20, tooLong)...)
	w.file("persons-2.csv", personLines(20, 40, tooLong)...)
	return w
}

// numbers runs to the end, broken off after every so many batches (never when
// negative), and returns what all that tell numbers agree on.
func (w *world) numbers(o run.Options, batches int) map[string]report.EntityCounts {
	w.t.Helper()
	shown, start := map[string]run.Event{}, run.Run
	var result *run.Result
	for session := 0; ; session++ {
		stop, left := make(chan struct{}), batches
		o.Stop, o.Observe = stop, func(e run.Event) {
			before, known := shown[e.Entity]
			switch e.Kind {
			case run.EventEntityStarted, run.EventBatch, run.EventEntityEnded:
				if known && e.Read < before.Read {
					w.t.Errorf("%s: %d read, after %d", e.Entity, e.Read, before.Read)
				}
				if known && before.Percent > e.Percent {
					w.t.Errorf("%s: %.1f %%, after %.1f %%", e.Entity, e.Percent, before.Percent)
				}
				if known && e.Total != before.Total {
					w.t.Errorf("%s: of %d, before of %d", e.Entity, e.Total, before.Total)
				}
				if e.Total >= 0 && e.Read > e.Total || e.Counts.Total() != e.Read {
					w.t.Errorf("%s: %d of %d read, %v", e.Entity, e.Read, e.Total, e.Counts)
				}
				shown[e.Entity] = e
			}
			if e.Kind == run.EventBatch {
				if left--; left == 0 {
					close(stop)
				}
			}
		}
		var err error
		if result, err = w.try(o, start); err != nil {
			w.t.Fatal(err)
		}
		if !result.Stopped {
			if batches > 0 && session < 3 {
				w.t.Errorf("only broken off %d times", session)
			}
			break
		}
		start = run.Resume
	}
	runs := filepath.Join(w.dir, "runs")
	if code, _, errs := w.cli("resume", "--runs", runs); code != 0 && code != 4 {
		w.t.Fatalf("writing the run's files: exit %d %s", code, errs)
	}
	written, err := os.ReadFile(report.File(runs, result.Run.Name))
	if err != nil {
		w.t.Fatal(err)
	}
	_, status, _ := w.cli("status", "--json")
	newest, _, _ := strings.Cut(status, "\n")
	numbers := map[string]report.EntityCounts{}
	for _, text := range []string{string(written), newest} {
		var summary report.Summary
		if err := json.Unmarshal([]byte(text), &summary); err != nil {
			w.t.Fatalf("%v in %s", err, text)
		}
		if summary.Run != result.Run.Name || summary.State != ledger.Completed {
			w.t.Errorf("run %s is %s", summary.Run, summary.State)
		}
		for name, counts := range summary.Entities {
			if known, ok := numbers[name]; ok && known != counts {
				w.t.Errorf("%s: report.json tells %+v, status %+v", name, known, counts)
			}
			numbers[name] = counts
		}
	}
	for _, entity := range result.Entities {
		counts, told := numbers[entity.Name], shown[entity.Name]
		var sum report.EntityCounts
		for disposition, n := range entity.Counts {
			*sum.Of(disposition) += n
		}
		sum.Read = entity.Counts.Total()
		if sum != counts || told.Read != counts.Read {
			w.t.Errorf("%s: the run ends with %+v and shows %d read, its report has %+v", entity.Name, sum, told.Read, counts)
		}
	}
	return numbers
}
