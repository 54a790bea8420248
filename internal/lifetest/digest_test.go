package lifetest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"landfall/internal/books"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/report"
	"landfall/internal/sqldb"
)

// digest is what must be equal in the end, however often a run was broken off:
// every row, every entry of the crosswalk with what it points at, and the end
// of every record. Keys that the target gave out are replaced by what they
// stand for, since a broken run burns some.
type digest struct {
	Rows      []string
	Crosswalk []string
	Records   []string // the run's segments: each record has exactly one end
	Entries   []string
	Counts    map[string]report.EntityCounts
	Totals    map[string][]report.Total
	Held      map[string]report.FingerprintState // of what the run did not write
	State     ledger.State
}

// digest reads the state that the run has left.
func (l *life) digest(runName string) *digest {
	l.t.Helper()
	db := l.ground.open(l.t)
	defer db.Close(context.Background())
	tx, err := db.Snapshot(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	d, names := &digest{}, newNames(l.t, tx)
	d.Rows = names.rows
	b, err := books.New(db.Dialect())
	if err != nil {
		l.t.Fatal(err)
	}
	d.readCrosswalk(l.t, tx, b, names)
	d.readRun(l.t, tx, ledger.New(b), names, runName)
	return d
}

func (d *digest) readCrosswalk(t testing.TB, tx sqldb.Tx, b *books.Books, names *names) {
	t.Helper()
	owned := map[string]string{}
	for _, row := range texts(t, tx, b.SQL("SELECT e.name, c.source_key, t.name, c.target_key, c.role, c.state, c.record_no FROM {crosswalk} c JOIN {entity} e ON e.id = c.entity_id JOIN {target_table} t ON t.id = c.table_id")) {
		table := row[2][strings.LastIndexByte(row[2], '.')+1:]
		d.Crosswalk = append(d.Crosswalk, fmt.Sprintf("%s:%s = %s %s, role %s, state %s, record %s", row[0], row[1], table, names.of(table, row[3]), row[4], row[5], row[6]))
		if row[4] == "l" {
			continue
		}
		row3 := table + " " + row[3]
		if other, twice := owned[row3]; twice {
			t.Errorf("%s belongs to %s and to %s:%s", row3, other, row[0], row[1])
		}
		owned[row3] = row[0] + ":" + row[1]
	}
	slices.Sort(d.Crosswalk)
}

func (d *digest) readRun(t testing.TB, tx sqldb.Tx, l *ledger.Ledger, names *names, runName string) {
	t.Helper()
	runs, err := l.Runs(context.Background(), tx, "life")
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(runs, func(r *ledger.Run) bool { return r.Name == runName })
	if at < 0 {
		t.Fatalf("the books know no run %s", runName)
	}
	d.State = runs[at].State
	summary, err := report.Summarize(context.Background(), tx, l, runs[at])
	if err != nil {
		t.Fatal(err)
	}
	d.Counts, d.Totals, d.Held = summary.Entities, summary.Totals, map[string]report.FingerprintState{}
	for entity, f := range summary.Fingerprints {
		d.Held[entity] = f.State
	}
	entities, err := l.Entities(context.Background(), tx, runs[at].ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, entity := range entities {
		table := entity.Name + "s"
		err := l.Segments(context.Background(), tx, runs[at].ID, entity.ID, func(_ int, line *ledger.Line) error {
			d.Records = append(d.Records, fmt.Sprintf("%s:%s record %d line %d %s %s", entity.Name, line.Key, line.Number, line.Line, line.Disposition, names.of(table, line.TargetKey)))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = l.Entries(context.Background(), tx, func(e *ledger.Told) error {
			d.Entries = append(d.Entries, fmt.Sprintf("%s:%s record %d %s %s %s/%s/%s %s before %s after %s", entity.Name, e.Key, e.Number,
				e.Disposition, e.Role, e.Step, e.Field, e.Code, e.Source, names.image(t, table, e.Before), names.image(t, table, e.After)))
			return nil
		}, "e.run_id = ? AND e.entity_id = ?", runs[at].ID, entity.ID)
		if err != nil {
			t.Fatal(err)
		}
		balance(t, entity.Name, d.Counts[entity.Name])
	}
}

// balance is the law of every run.
func balance(t testing.TB, entity string, c report.EntityCounts) {
	t.Helper()
	ends := int64(0)
	for _, disposition := range record.Dispositions {
		ends += *c.Of(disposition)
	}
	if c.Read != ends {
		t.Errorf("%s: %d read, %d have an end", entity, c.Read, ends)
	}
}

// names says what generated keys stand for.
type names struct {
	keys map[string]string // table and key -> what the row is known by
	rows []string
}

// readable are the columns of each table: its key, what it is known by, and
// the rest.
var readable = map[string]string{
	"regions":   "id, code, name, legacy_id",
	"customers": "id, email, name, balance, legacy_id, region_id",
	"orders":    "number, number, placed_on, total, customer_id",
	"lines":     "id, order_no, place, article, amount, note",
}

// refersTo are the columns that hold generated keys.
var refersTo = map[string]string{"region_id": "regions", "customer_id": "customers"}

func newNames(t testing.TB, tx sqldb.Tx) *names {
	t.Helper()
	n := &names{keys: map[string]string{}}
	for _, table := range tables {
		columns := strings.Split(readable[table], ", ")
		for _, row := range texts(t, tx, "SELECT "+readable[table]+" FROM "+table) {
			known := row[1]
			if table == "lines" {
				known += "/" + row[2]
			}
			n.keys[table+" "+row[0]] = known
			for i, column := range columns {
				if parent, refers := refersTo[column]; refers && row[i] != "∅" {
					row[i] = n.of(parent, row[i])
				}
			}
			n.rows = append(n.rows, table+" "+strings.Join(row[1:], " | "))
		}
	}
	slices.Sort(n.rows) // twice the same row is two lines
	return n
}

// of is what the row with the key is known by; rows that are gone are told so.
func (n *names) of(table, key string) string {
	if key == "" {
		return ""
	}
	if known, there := n.keys[table+" "+key]; there {
		return "<" + known + ">"
	}
	return "<gone>"
}

// image is a before- or after-image with its generated keys replaced.
func (n *names) image(t testing.TB, table, text string) string {
	t.Helper()
	if text == "" {
		return "-"
	}
	var cells map[string]*string
	if err := json.Unmarshal([]byte(text), &cells); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(cells)) {
		value := "∅"
		if cells[name] != nil {
			value = *cells[name]
			if parent, refers := refersTo[name]; refers {
				value = n.of(parent, value)
			} else if name == "id" {
				value = n.of(table, value)
			}
		}
		fmt.Fprintf(&out, "%s=%s ", name, value)
	}
	return out.String()
}

// same fails unless the life's run has come to the same end as the unbroken one.
func (l *life) same(want *digest, runName string) {
	l.t.Helper()
	if diff := cmp.Diff(want, l.digest(runName), cmpopts.IgnoreUnexported(report.Total{})); diff != "" {
		l.t.Errorf("not as after an unbroken run (-unbroken +this):\n%.6000s", diff)
	}
}

// filesTell fails unless report.json is there and says the numbers.
func (l *life) filesTell(want *digest, runName string) {
	l.t.Helper()
	var told report.Summary
	dir := filepath.Join(l.dir, "runs", runName)
	if err := json.Unmarshal([]byte(read(l.t, filepath.Join(dir, "report.json"))), &told); err != nil {
		l.t.Fatal(err)
	}
	if diff := cmp.Diff(want.Counts, told.Entities); diff != "" || told.State != ledger.Completed {
		l.t.Errorf("report.json, state %s:\n%s", told.State, diff)
	}
	for _, entity := range []string{"region", "customer", "order", "line"} {
		if _, err := os.Stat(filepath.Join(dir, entity, "success.csv")); err != nil {
			l.t.Error(err)
		}
	}
}
