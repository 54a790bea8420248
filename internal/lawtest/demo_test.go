package lawtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"landfall/internal/demo"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/servertest"
)

var demoTables = []string{"branches", "customers", "sites", "technicians", "jobs", "invoices"}

// demoWorld builds the demo and opens its target.
func demoWorld(t *testing.T, target string, records int) (*world, demo.Summary) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "demo")
	summary, err := demo.Build(t.Context(), dir, demo.Options{Records: records, TargetURL: target})
	if err != nil {
		t.Fatal(err)
	}
	address := target
	if address == "" {
		address = "sqlite:" + filepath.Join(dir, "crm.db")
	}
	return newWorld(t, dir, address, ""), summary
}

// TestDemo: what the demo promises comes true, alike on both databases.
func TestDemo(t *testing.T) {
	t.Parallel()
	lite, promised := demoWorld(t, "", 6000)
	ends := heldTo(t, lite, promised)
	address := servertest.Database(t)
	server, promised := demoWorld(t, address, 6000)
	same(t, "ends on SQLite and on PostgreSQL", ends, heldTo(t, server, promised))
}

func heldTo(t *testing.T, w *world, promised demo.Summary) []string {
	t.Helper()
	out := w.run(run.Options{Records: 700})
	for _, entity := range promised.Entities {
		counts := out.counts[entity.Name]
		if counts.Total() != int64(entity.Records) || counts[record.Created] != int64(entity.Created()) || counts[record.Skipped] != int64(entity.Linked) {
			t.Errorf("%s: promised %d records, %d created, %d linked; found %v", entity.Name, entity.Records, entity.Created(), entity.Linked, counts)
		}
		faults, found := map[string]int{}, map[string]int{}
		for _, fault := range entity.Faults {
			faults[string(fault.Disposition)+" "+string(fault.Code)] += fault.Count
		}
		for _, told := range out.told {
			if told.Entity == entity.Name && told.Disposition.NeedsRetry() {
				found[string(told.Disposition)+" "+string(told.Code)]++
			}
		}
		same(t, entity.Name+", promised and found", faults, found)
	}
	rows := w.rows()
	second := w.run(run.Options{})
	for name, counts := range second.counts {
		if counts[record.Created]+counts[record.Updated] > 0 {
			t.Errorf("a second run, %s: %v", name, counts)
		}
	}
	same(t, "rows after a second run", rows, w.rows())
	// Databases name different things in a refusal by a CHECK.
	ends := slices.Clone(out.ends)
	for i, end := range ends {
		if strings.Contains(end, ": check") {
			ends[i] = firstWord(end)
		}
	}
	return ends
}

func (w *world) rows() []string {
	var rows []string
	for _, table := range demoTables {
		rows = append(rows, w.query("SELECT * FROM "+table+" ORDER BY id")...)
	}
	return rows
}

// TestSecretsAreKept: no cell of any record is told by progress, the closing
// table, report.json or errors, and no password by anything at all.
func TestSecretsAreKept(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = w.fresh(t, "CREATE TABLE vault (id NUMBER, code varchar(20) UNIQUE CHECK (code NOT LIKE '%-checked'), day date, amount smallint, note varchar(12) NOT NULL, kind varchar(9))",
			"CREATE UNIQUE INDEX vault_lower ON vault (lower(code))", "INSERT INTO vault (code, note) VALUES ('hush-taken', 'n')")
		w.mapping(`  secret:
    from: {file: secrets.csv, key: No}
    to: {table: vault, key: {column: id, new: identity}, match: [code]}
    fields:
      code: Code
      day: {from: Day, date: ["2006-01-02"]}
      amount: Amount
      note: Note
      kind: {from: Kind, values: {A: open}}
`)
		w.file("secrets.csv", "No,Code,Day,Amount,Note,Kind",
			"1,hush-a,hush-day,1,n,A", "2,hush-b,,hush-amount,n,A", "3,hush-c,,70000,n,A", "4,hush-d,,1,hush-far-too-long,A", "5,hush-e,,1,n,hush-kind",
			"6,hush-f,,1,,A", "7,hush-checked,,1,n,A", "8,hush-taken,,1,n,A", "9,hush-g,,1,n,A", "10,hush-g,,1,n,A", "11,HUSH-G,,1,n,A", "12,hush-h,,1,n,A,hush-more",
			"9,hush-i,,1,n,A", "13,hush-j,2024-13-45,1,n,A", "14,hush-k,,1e9,n,A")
		runs := filepath.Join(w.dir, "runs")
		for _, args := range [][]string{
			{"check"}, {"run", "--runs", runs}, {"run", "--runs", runs, "--json"}, {"retry", "--runs", runs}, {"status"}, {"records", "--disposition", "failed"},
		} {
			code, out, errs := w.cli(args...)
			if code != 0 && code != 4 {
				t.Errorf("%v: exit %d, %s", args, code, errs)
			}
			w.hushed(t, strings.Join(args, " "), out+errs, true)
		}
		if counts := w.newest().counts["secret"]; counts[record.Failed] != 14 {
			t.Errorf("every kind of refusal is meant: %v", w.newest().ends)
		}
		for _, told := range w.newest().told {
			w.hushed(t, "message of "+told.Key, told.Message, true)
		}
		found := 0
		err := filepath.WalkDir(runs, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			found++
			w.hushed(t, path, string(content), strings.HasSuffix(path, ".json"))
			return err
		})
		if err != nil || found == 0 {
			t.Errorf("%d files, %v", found, err)
		}
		// A run that breaks says no more.
		w.do("DROP TABLE vault", "CREATE VIEW vault AS SELECT 1 AS id")
		code, out, errs := w.cli("run", "--runs", runs)
		if code == 0 || code == 4 {
			t.Errorf("exit %d", code)
		}
		w.hushed(t, "a run that cannot go on", out+errs, true)
	})
}

func (w *world) hushed(t *testing.T, what, text string, cells bool) {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		if cells && strings.Contains(strings.ToLower(line), "hush") || cells && strings.Contains(line, "2024-13") {
			t.Errorf("%s tells a cell: %s", what, line)
		}
	}
	if _, password := withoutPassword(t, w.url); password != "" && strings.Contains(text, password) {
		t.Errorf("%s tells the password", what)
	}
}
