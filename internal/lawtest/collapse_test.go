package lawtest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
)

const pairMapping = `  worker:
    from: {file: workers.csv, key: No}
    to: {table: workers, key: {column: name, new: natural}, collapse: true}
    fields: {name: Name}
  job:
    from: {file: jobs.csv, key: No}
    to: {table: jobs, key: {column: id, new: identity}}
    fields: {no: No}
  work:
    from: {file: work.csv, key: [Job, Worker]}
    to: {table: work, key: {columns: [job_id, worker], new: natural}, collapse: true}
    fields: {job_id: {ref: job, from: Job}, worker: {ref: worker, from: Worker}, role: Role}
  note:
    from: {file: notes.csv, key: No}
    to: {table: notes, key: {column: id, new: identity}}
    fields: {no: No}
`

// TestCollapse: pairs that became one row land once, whatever the batches, and
// stay what they are.
func TestCollapse(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, size := range []int{1, 2, 3, 100} {
			t.Run(fmt.Sprint(size), func(t *testing.T) {
				w := w.fresh(t, "CREATE TABLE workers (name varchar(9) PRIMARY KEY)",
					"CREATE TABLE jobs (id NUMBER, no varchar(9))", "CREATE TABLE notes (id NUMBER, no varchar(9))",
					"CREATE TABLE work (job_id bigint REFERENCES jobs (id), worker varchar(9) REFERENCES workers (name), role varchar(9) CHECK (role <> 'bad'), PRIMARY KEY (job_id, worker))")
				w.mapping(pairMapping)
				w.file("workers.csv", "No,Name", "1,ann", "2,bob", "3,ann", "4,ann")
				w.file("jobs.csv", "No", "1", "2", "3")
				w.file("notes.csv", "No", "1")
				w.file("work.csv", "Job,Worker,Role", "1,1,lead", "1,2,help", "1,3,other", "2,1,bad", "2,3,lead", "2,4,help", "3,1,bad", "1,4,x", "3,9,x")
				ends := []string{
					"work:1|1 created", "work:1|2 created", "work:1|3 duplicate", "work:2|1 failed: check", "work:2|3 created", "work:2|4 duplicate",
					"work:3|1 failed: check", "work:1|4 duplicate", "work:3|9 failed: missing-parent in worker",
				}
				work := func(out *outcome) []string {
					found := []string{}
					for _, end := range out.ends {
						if strings.HasPrefix(end, "work:") {
							found = append(found, strings.Replace(end, "check in role", "check", 1))
						}
					}
					return found
				}
				first := w.run(run.Options{Records: size, Lanes: 3})
				same(t, "ends", ends, work(first))
				rows := []string{"1|ann|lead", "1|bob|help", "2|ann|lead"}
				const query = "SELECT j.no, w.worker, w.role FROM work w JOIN jobs j ON j.id = w.job_id ORDER BY j.no, w.worker"
				same(t, "rows", rows, w.query(query))
				if told := first.entry(t, "1|3"); told.Role != "alias" || !strings.Contains(told.Message, "work:1|1") {
					t.Errorf("told: %+v", told)
				}
				for i := range ends {
					ends[i] = strings.Replace(ends[i], "created", "unchanged", 1)
				}
				ends[3] = "work:2|1 duplicate" // the pair has landed by now
				same(t, "again", ends, work(w.run(run.Options{Records: size})))
				before := w.crosswalk()
				same(t, "once more", ends, work(w.run(run.Options{Records: size})))
				same(t, "rows then", rows, w.query(query))
				same(t, "crosswalk", before, w.crosswalk())
				// One alias becomes a row of its own, and a new record meets one of before.
				w.file("workers.csv", "No,Name", "1,ann", "2,bob", "3,ann", "4,ann", "5,bob")
				w.file("work.csv", "Job,Worker,Role", "1,1,lead", "1,2,help", "1,3,other", "2,3,lead", "2,4,help", "1,4,x", "1,5,new", "3,5,new")
				out := w.run(run.Options{Records: size})
				same(t, "counts", ledger.Counts{record.Unchanged: 3, record.Duplicate: 4, record.Created: 1}, out.counts["work"])
				same(t, "more rows", append(rows, "3|bob|new"), w.query(query))
				runs := filepath.Join(w.dir, "runs")
				code, told, errs := w.cli("explain", "work:1|5", "--runs", runs)
				if code != 0 {
					code, told, errs = w.cli("explain", "work:1|5")
				}
				if code != 0 || !strings.Contains(told, "alias of work:1|2") || !strings.Contains(told, "duplicate (alias)") {
					t.Errorf("explain: exit %d\n%s%s", code, told, errs)
				}
				code, told, errs = w.cli("run", "--only", "work:1|5", "--dry-run")
				if code != 0 || !strings.Contains(told, "would be duplicate, row ") {
					t.Errorf("dry run: exit %d\n%s%s", code, told, errs)
				}
			})
		}
	})
}

// TestCollapseOfOneInput: the same pair twice in the source is one row, too, and
// a row that nobody here owns is not shared.
func TestCollapseOfOneInput(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE work (job varchar(3), worker varchar(3), PRIMARY KEY (job, worker))", "INSERT INTO work VALUES ('9', '9')")
		w.mapping(`  work:
    from: {file: work.csv, key: No}
    to: {table: work, key: {columns: [job, worker], new: natural}, collapse: true}
    fields: {job: Job, worker: Worker}
`)
		w.file("work.csv", "No,Job,Worker", "1,1,1", "2,1,1", "3,9,9", "4,1,2", "5,9,9")
		for range 2 {
			out := w.run(run.Options{Records: 2})
			if out.counts["work"][record.Duplicate] != 1 || out.counts["work"][record.Failed] != 2 {
				t.Errorf("ends: %v", out.ends)
			}
		}
		// The survivor's source changes: it moves on, and the next run gives the
		// other a row of its own.
		w.file("work.csv", "No,Job,Worker", "1,1,3", "2,1,1", "3,8,8", "4,1,2")
		w.run(run.Options{Records: 1})
		same(t, "rows", []string{"1|1", "1|2", "1|3", "8|8", "9|9"}, w.query("SELECT job, worker FROM work ORDER BY job, worker"))
		same(t, "settled", ledger.Counts{record.Unchanged: 4}, w.run(run.Options{}).counts["work"])
	})
}
