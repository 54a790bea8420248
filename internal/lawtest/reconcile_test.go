package lawtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/migration"
	"landfall/internal/reconcile"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/verdict"
)

// verdicts are what a reconciliation found.
type verdicts struct {
	*reconcile.Result
	found []verdict.Difference
}

// reconcile holds the target against what it must hold.
func (w *world) reconcile(o reconcile.Options) *verdicts {
	w.t.Helper()
	v, err := w.tryReconcile(o)
	if err != nil {
		w.t.Fatalf("reconcile: %v", err)
	}
	if v.State != verdict.Completed || !v.Kept {
		w.t.Fatalf("the reconciliation is %s, kept: %v", v.State, v.Kept)
	}
	return v
}

func (w *world) tryReconcile(o reconcile.Options) (*verdicts, error) {
	w.t.Helper()
	ctx := context.Background()
	m, err := migration.Open(ctx, migration.Options{Path: filepath.Join(w.dir, "landfall.yaml"), Getenv: os.Getenv})
	if err != nil {
		w.t.Fatal(err)
	}
	defer m.Close(ctx)
	o.TempDir = w.t.TempDir()
	result, err := reconcile.Run(ctx, m, o)
	if result == nil || err != nil {
		return nil, err
	}
	defer result.Close(ctx)
	v := &verdicts{Result: result}
	err = result.Each(ctx, func(d *verdict.Difference) error {
		v.found = append(v.found, *d)
		return nil
	})
	left, globErr := os.ReadDir(o.TempDir)
	if globErr != nil || len(left) > 0 {
		w.t.Errorf("left in the temporary folder: %v (%v)", left, globErr)
	}
	return v, err
}

// lines are the differences, one a line.
func (v *verdicts) lines() []string {
	lines := []string{}
	for _, d := range v.found {
		line := fmt.Sprintf("%s %s:%s", d.Verdict, d.Entity, d.Key)
		if d.TargetKey != "" {
			line += " row " + d.TargetKey
		}
		if d.Field != "" {
			line += fmt.Sprintf(" %s: %s -> %s", d.Field, shown(d.Expected), shown(d.Found))
		}
		lines = append(lines, line)
	}
	return lines
}

// reasons are the differences, one a line, with the rule and the message.
func (v *verdicts) reasons() []string {
	lines := v.lines()
	for i, d := range v.found {
		if d.Rule != "" {
			lines[i] += " [" + d.Rule + "]"
		}
		if d.Message != "" {
			lines[i] += ": " + strings.ReplaceAll(d.Message, "public.", "")
		}
	}
	return lines
}

func shown(text *string) string {
	if text == nil {
		return "NULL"
	}
	return "'" + *text + "'"
}

// clean fails when a reconciliation accuses anything.
func (w *world) clean(what string, o reconcile.Options) *verdicts {
	w.t.Helper()
	v := w.reconcile(o)
	if v.Differs() || len(v.found) > 0 {
		w.t.Errorf("%s: a false alarm: %q", what, v.lines())
		for _, d := range v.found {
			w.t.Log(d.Message)
		}
	}
	for _, e := range v.Entities {
		c := e.Counts
		if told := c[verdict.CountEqual] + c[verdict.CountNotLanded] + c[verdict.CountUnresolved]; o.Sample.All() && (told != c[verdict.CountChecked] || c[verdict.CountChecked] != c[verdict.CountRecords]) {
			w.t.Errorf("%s: %s does not add up: %v", what, e.Name, c)
		}
	}
	return v
}

const guildMapping = `  branch:
    from: {file: branches.csv, key: No}
    to: {table: branches, key: {column: id, new: identity}}
    fields: {name: Name, legacy_id: No}
  member:
    from: {file: members.csv, key: No}
    to: {table: members, key: {column: id, new: identity}, match: [email]}
    fields:
      branch_id: {ref: branch, from: Branch}
      legacy_id: No
      first: First
      last: Last
      email: Email
      status: {from: St, values: {A: active, C: closed}}
      balance: Balance
      rate: Rate
      note: Note
      memo: {from: Memo, empty: keep}
      seen_at: Seen
      known_at: Known
  tag:
    from: {file: tags.csv, key: No}
    to: {table: tags, key: {column: name, new: natural}, collapse: true}
    fields: {name: Name}
`

var guildTables = []string{
	"CREATE TABLE branches (id NUMBER, name varchar(20), legacy_id varchar(10))",
	`CREATE TABLE members (id NUMBER, branch_id bigint, legacy_id varchar(10), first varchar(20), last varchar(20), email varchar(40), status varchar(10),
  balance numeric(12,2), rate double precision, note varchar(40), memo varchar(40), seen_at timestamp, known_at timestamp with time zone)`,
	"CREATE TABLE tags (name varchar(10) PRIMARY KEY)",
}

func (w *world) guild(t *testing.T) *world {
	w = w.fresh(t, guildTables...)
	w.mapping(guildMapping)
	w.file("branches.csv", "No,Name", "B1,North", "B2,South")
	w.file("members.csv", "No,Branch,First,Last,Email,St,Balance,Rate,Note,Memo,Seen,Known",
		"1,B1,Ada,Lovelace,Ada@Example.org,A,10.00,0.3,likes tea,,2024-03-01 10:15:30.123456,2024-03-01 10:15:30Z",
		"2,B2,Bob,Müller,bob@example.org,C,20.25,1.5,,x,2024-03-02 11:00:00,2024-03-02 11:00:00Z",
		"3,B1,Cy,Young,cy@example.org,A,0.10,0,  two  blanks  ,y,2024-03-03 12:00:00,2024-03-03 12:00:00Z",
		"4,B2,Dee,Ray,dee@example.org,A,-5.00,2,n,z,2024-03-04 13:00:00,2024-03-04 13:00:00Z")
	w.file("tags.csv", "No,Name", "1,red", "2,blue", "3,red", "4,green")
	w.run(run.Options{})
	return w
}

// TestCorruptions: each way in which a target goes wrong is found and named, and
// nothing else is accused.
func TestCorruptions(t *testing.T) {
	corruptions := []struct {
		name string
		do   string // BOOKS. stands before tables of the books
		lite string // the same for SQLite, where it differs
		want []string
	}{
		{"missing row", "DELETE FROM members WHERE id = 4", "", []string{"missing member:4 row 4: its row 4 of members is gone"}},
		{"extra row", "INSERT INTO members (first, last) VALUES ('Eve', 'Nobody')", "", []string{"extra member: row 5 [no record owns the row]: it came after the first run, and no record owns it"}},
		{"swapped reference", "UPDATE members SET branch_id = 2 WHERE id = 1", "", []string{"changed-by-business member:1 row 1 branch_id: '1' -> '2' [branch_id: from Branch ref branch missing reject]"}},
		{"one cent", "UPDATE members SET balance = balance + 0.01 WHERE id = 2", "", []string{"changed-by-business member:2 row 2 balance: '20.25' -> '20.26' [balance: from Balance]"}},
		{
			"time zone shift", "UPDATE members SET seen_at = '2024-03-02 13:00:00', known_at = '2024-03-02 13:00:00Z' WHERE id = 2", "", []string{
				"changed-by-business member:2 row 2 seen_at: '2024-03-02 11:00:00' -> '2024-03-02 13:00:00' [seen_at: from Seen]",
				"changed-by-business member:2 row 2 known_at: '2024-03-02 11:00:00Z' -> '2024-03-02 13:00:00Z' [known_at: from Known]",
			},
		},
		{"trimmed text", "UPDATE members SET note = trim(note) WHERE id = 3", "", []string{"changed-by-business member:3 row 3 note: '  two  blanks  ' -> 'two  blanks' [note: from Note]"}},
		{"truncated text", "UPDATE members SET last = 'Lovel' WHERE id = 1", "", []string{"changed-by-business member:1 row 1 last: 'Lovelace' -> 'Lovel' [last: from Last]"}},
		{"case", "UPDATE members SET email = lower(email)", "", []string{"changed-by-business member:1 row 1 email: 'Ada@Example.org' -> 'ada@example.org' [email: from Email]"}},
		{"null for empty", "UPDATE members SET memo = NULL WHERE id = 1", "", []string{"changed-by-business member:1 row 1 memo: '' -> NULL [memo: from Memo empty keep]"}},
		{"empty for null", "UPDATE members SET note = '' WHERE id = 2", "", []string{"changed-by-business member:2 row 2 note: NULL -> '' [note: from Note]"}},
		{
			"swapped columns", "UPDATE members SET first = last, last = first WHERE id = 3", "", []string{
				"changed-by-business member:3 row 3 first: 'Cy' -> 'Young' [first: from First]", "changed-by-business member:3 row 3 last: 'Young' -> 'Cy' [last: from Last]",
			},
		},
		{"float noise", "UPDATE members SET rate = 0.30000000000000004 WHERE id = 1", "", []string{"changed-by-business member:1 row 1 rate: '0.3' -> '0.30000000000000004' [rate: from Rate]"}},
		{"wrong alias", "UPDATE BOOKS.crosswalk SET survivor = '2' WHERE role = 's'", "", []string{"wrong-alias tag:3 row red [tag.to.collapse: records that are one row]: it is an alias of tag:2, which owns another row"}},
		{"stale sequence", "SELECT setval('members_id_seq', 2)", "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'members'", []string{"stale-sequence member: id: '4' -> '2' [member.to.key: new: identity]: the counter of members.id is behind the highest key: a new row would be refused"}},
		{"changed key", "UPDATE members SET id = 99 WHERE id = 3", "", []string{"missing member:3 row 3: its row 3 of members is gone", "extra member:3 row 99 legacy_id: NULL -> '3' [legacy_id: from No]: it is the row of member:3, whose row 3 is gone: the key was changed", "stale-sequence member: id: '99' -> '4' [member.to.key: new: identity]: the counter of members.id is behind the highest key: a new row would be refused"}},
		{"lost crosswalk row", "DELETE FROM BOOKS.crosswalk WHERE source_key = '2' AND entity_id = (SELECT id FROM BOOKS.entity WHERE name = 'member')", "", []string{"lost-crosswalk member:2 row 2 [every row that a run makes has an entry in the crosswalk]: the ledger says that it became row 2 of members, and the crosswalk knows nothing of it"}},
		{
			"lost crosswalk row of a parent", "DELETE FROM BOOKS.crosswalk WHERE source_key = 'B2'", "",
			[]string{"lost-crosswalk branch:B2 row 2 [every row that a run makes has an entry in the crosswalk]: the ledger says that it became row 2 of branches, and the crosswalk knows nothing of it"},
		},
		{"doubled row", "INSERT INTO members (branch_id, legacy_id, first, last, email, status, balance, rate, note, memo, seen_at, known_at) SELECT branch_id, legacy_id, first, last, email, status, balance, rate, note, memo, seen_at, known_at FROM members WHERE id = 1", "", []string{"duplicate member:1 row 5 legacy_id: NULL -> '1' [legacy_id: from No]: it is the row of member:1 once more, which is row 1"}},
		{"doubled row by what it is known by", "INSERT INTO members (first, email) VALUES ('B.', 'bob@example.org')", "", []string{"duplicate member:2 row 5 [no record owns the row]: it is the row of member:2 once more, which is row 2"}},
		{"doubled row without its mark", "INSERT INTO branches (name, legacy_id) VALUES ('North', NULL)", "", []string{"extra branch: row 3 [no record owns the row]: it came after the first run, and no record owns it"}},
		{"wrong code", "UPDATE members SET status = 'active' WHERE id = 2", "", []string{"changed-by-business member:2 row 2 status: 'closed' -> 'active' [status: from St values {A=active, C=closed}]"}},
		{"encoding damage", "UPDATE members SET last = 'MÃ¼ller' WHERE id = 2", "", []string{"changed-by-business member:2 row 2 last: 'Müller' -> 'MÃ¼ller' [last: from Last]"}},
		{"lost microseconds", "UPDATE members SET seen_at = '2024-03-01 10:15:30' WHERE id = 1", "", []string{"changed-by-business member:1 row 1 seen_at: '2024-03-01 10:15:30.123456' -> '2024-03-01 10:15:30' [seen_at: from Seen]"}},
		{"reference to nothing", "UPDATE members SET branch_id = 77 WHERE id = 4", "", []string{"changed-by-business member:4 row 4 branch_id: '2' -> '77' [branch_id: from Branch ref branch missing reject]", "orphan member:4 row 4 branch_id: NULL -> '77' [branch_id: from Branch ref branch missing reject]: no row of branches has that key"}},
	}
	eachTarget(t, func(t *testing.T, w *world) {
		own := strings.NewReplacer("BOOKS.", "landfall.")
		lite := strings.HasPrefix(w.url, "sqlite:")
		if lite {
			own = strings.NewReplacer("BOOKS.", "landfall_")
		}
		w.guild(t).clean("before", reconcile.Options{})
		for i, c := range corruptions {
			t.Run(c.name, func(t *testing.T) {
				w := w.guild(t)
				statement := c.do
				if lite && c.lite != "" {
					statement = c.lite
				}
				w.do(own.Replace(statement))
				v := w.reconcile(reconcile.Options{Records: 1 + i%4})
				same(t, "differences", sorted(c.want), sorted(v.reasons()))
			})
		}
	})
}

// TestReconcileTakenOver: of two processes that go on with one reconciliation,
// the first one finds out, and nothing is told twice.
func TestReconcileTakenOver(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = w.guild(t)
		w.do("UPDATE members SET email = 'x@y'")
		want := w.reconcile(reconcile.Options{}).lines()
		other, batches := []string(nil), 0
		_, err := w.tryReconcile(reconcile.Options{Records: 1, Lanes: 1, Points: func(p run.Point) {
			if p == reconcile.PointBatch {
				if batches++; batches == 4 {
					v := w.reconcile(reconcile.Options{Records: 1})
					if !v.Resumed {
						t.Error("the second one does not go on with the first one's")
					}
					other = v.lines()
				}
			}
		}})
		if !errors.Is(err, verdict.ErrTakenOver) {
			t.Errorf("the first one ends with %v", err)
		}
		same(t, "what the second one found", sorted(want), sorted(other))
	})
}

// TestReconcileLive: where people work in the target, rows that nobody owns are
// theirs, unless they are a record's.
func TestReconcileLive(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = w.guild(t)
		w.do("INSERT INTO members (first, legacy_id) VALUES ('theirs', '77')", "INSERT INTO members (first) VALUES ('theirs, too')",
			"INSERT INTO members (first, legacy_id) VALUES ('ours', '2')")
		twice := "duplicate member:2 row 7 legacy_id: NULL -> '2'"
		same(t, "live", []string{twice}, w.reconcile(reconcile.Options{Live: true}).lines())
		same(t, "of nobody", []string{"extra member: row 5 legacy_id: NULL -> '77'", "extra member: row 6", twice}, w.reconcile(reconcile.Options{}).lines())
		v := w.reconcile(reconcile.Options{Entities: []string{"member"}, Only: []record.Ref{ref("member:2"), ref("member:9")}})
		same(t, "of two records", []string{}, v.lines())
		same(t, "not found", []record.Ref{ref("member:9")}, v.NotFound)
	})
}

// TestReconcileTotals: totals are over the rows that records own, exact, and by
// group.
func TestReconcileTotals(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = w.guild(t)
		w.mapping(strings.Replace(guildMapping, "  tag:\n", "    totals: [\"sum(balance)\", \"sum(balance) by status\", \"count() by branch_id\", \"max(seen_at)\", \"min(balance)\"]\n  tag:\n", 1))
		w.do("INSERT INTO members (first, balance, status) VALUES ('of nobody', 1000, 'active')")
		same(t, "only the row of nobody", []string{"extra member: row 5"}, w.reconcile(reconcile.Options{Records: 1}).lines())
		w.do("DELETE FROM members WHERE id > 4", "UPDATE members SET balance = balance + 0.1 WHERE id = 2", "DELETE FROM members WHERE id = 4")
		lines := []string{}
		for _, d := range w.reconcile(reconcile.Options{Records: 2}).found {
			if d.Verdict == verdict.Total {
				lines = append(lines, fmt.Sprintf("%s: %s -> %s, %s", d.Rule, shown(d.Expected), shown(d.Found), d.Message))
			}
		}
		over := "over the rows that the records own"
		same(t, "totals", sorted([]string{
			"count() by branch_id: '2' -> '1', " + over + `, in the group ["2"]`,
			"max(seen_at): '2024-03-04 13:00:00' -> '2024-03-03 12:00:00', " + over,
			"min(balance): '-5' -> '0.1', " + over,
			"sum(balance): '25.35' -> '30.45', " + over,
			"sum(balance) by status: '5.1' -> '10.1', " + over + `, in the group ["active"]`,
			"sum(balance) by status: '20.25' -> '20.35', " + over + `, in the group ["closed"]`,
		}), sorted(lines))
	})
}

func TestParseSample(t *testing.T) {
	for text, right := range map[string]bool{"1%": true, "0.1 %": true, "100%": true, "5000": true, "0": false, "-1": false, "0%": false, "101%": false, "NaN%": false, "half": false, "": false} {
		if s, err := reconcile.ParseSample(text); (err == nil) != right || right && s.String() != text {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}
