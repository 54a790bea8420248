package lawtest

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"landfall/internal/guard"
	"landfall/internal/indexwork"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

const indexedMapping = `  account:
    from: {file: accounts.csv, key: No}
    to: {table: accounts, key: {column: id, new: identity}%s}
    fields: {name: Name, city: City, amount: Amount}
    indexes: rebuild
    analyze: true
`

// indexedWorld has a table with indexes of all kinds, and accounts for it.
func indexedWorld(w *world, to string) {
	w.t.Helper()
	w.do("CREATE TABLE accounts (id NUMBER, name varchar(10) UNIQUE, city varchar(10), amount int)",
		"CREATE INDEX accounts_by_city ON accounts (city, amount DESC)",
		"CREATE INDEX accounts_large ON accounts (amount) WHERE amount > 2",
		"CREATE INDEX accounts_by_lower ON accounts (lower(city))",
		"CREATE UNIQUE INDEX accounts_tell ON accounts (name, city)",
		"INSERT INTO accounts (name, city, amount) VALUES ('own', 'Ghent', 5)")
	if !strings.HasPrefix(w.url, "sqlite:") {
		w.do("COMMENT ON INDEX accounts_large IS 'for sales'' lists'", "ALTER TABLE accounts CLUSTER ON accounts_by_city",
			"ALTER INDEX accounts_by_lower ALTER COLUMN 1 SET STATISTICS 250", "CREATE INDEX \"odd name\" ON accounts USING hash (city) WITH (fillfactor = 70)")
	}
	w.mapping(fmt.Sprintf(indexedMapping, to))
	lines := []string{"No,Name,City,Amount"}
	for i := range 9 {
		lines = append(lines, fmt.Sprintf("%d,n%d,c%d,%d", i, i, i%3, i))
	}
	w.file("accounts.csv", lines...)
}

// secondary are the definitions of the indexes that serve no rule.
func (w *world) secondary() []string {
	w.t.Helper()
	found := []string{}
	w.look(func(tx sqldb.Tx) error {
		table, err := w.db.Table(context.Background(), "accounts")
		if err != nil {
			return err
		}
		indexes, err := w.db.Dialect().(sqldb.Indexes).SecondaryIndexes(context.Background(), tx, table.Name)
		for _, index := range indexes {
			found = append(found, index.Shown)
		}
		return err
	})
	return found
}

// away are the names of the indexes that the books say are not there.
func (w *world) away() []string {
	w.t.Helper()
	names := []string{}
	w.look(func(tx sqldb.Tx) error {
		left, err := indexwork.Left(context.Background(), tx, w.ledger().Books(), "")
		for _, d := range left {
			names = append(names, d.Index)
		}
		return err
	})
	return names
}

// TestA13IndexesAreAwayWhileRecordsLand: secondary indexes are taken before the
// first row and made again after the last exactly as they were; those that
// serve a rule stay, statistics are fresh, and what was there keeps its rows.
func TestA13IndexesAreAwayWhileRecordsLand(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		indexedWorld(w, "")
		before := w.secondary()
		if len(before) < 3 {
			t.Fatalf("only %v", before)
		}
		var during []string
		var told []string
		o := run.Options{Records: 4, Points: func(p run.Point) {
			if p == run.PointTaken {
				during = w.secondary()
				same(t, "in the books", len(before), len(w.away()))
				same(t, "rows before the first", []string{"1"}, w.query("SELECT count(*) FROM accounts"))
			}
		}, Observe: func(e run.Event) {
			if e.Kind == run.EventIndexes {
				told = append(told, e.Message)
			}
		}}
		out := w.run(o)
		same(t, "counts", ledger.Counts{record.Created: 9}, out.counts["account"])
		same(t, "while records land", []string{}, during)
		same(t, "afterwards", before, w.secondary())
		same(t, "away", []string{}, w.away())
		if len(told) != len(before)+2 || !strings.Contains(told[0], "accounts_by_city") || !strings.HasPrefix(told[1], "rebuilding index ") || !strings.HasPrefix(told[len(told)-1], "refreshing the statistics of ") {
			t.Errorf("told: %q", told)
		}
		fresh := "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'accounts'"
		if strings.HasPrefix(w.url, "sqlite:") {
			fresh = "SELECT count(*) > 0 FROM sqlite_stat1 WHERE tbl = 'accounts'"
		}
		if got := w.query(fresh)[0]; got != "true" && got != "1" {
			t.Error("the statistics are not there")
		}

		// A run over few records leaves indexes alone.
		during, told = nil, nil
		w.run(run.Options{Only: []record.Ref{ref("account:3")}, Points: o.Points, Observe: o.Observe})
		same(t, "told by --only", 0, len(told))
		w.run(run.Options{RetryOpen: true, Points: o.Points, Observe: o.Observe})
		same(t, "told by a retry", 0, len(told))
		same(t, "in the end", before, w.secondary())
	})
}

// TestA13IndexesThatTheRunLooksThroughStay: what rows are matched by while the
// run goes on is not taken.
func TestA13IndexesThatTheRunLooksThroughStay(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		indexedWorld(w, ", match: [city]")
		var during []string
		w.run(run.Options{Mode: "delta", Points: func(p run.Point) {
			if p == run.PointTaken {
				during = w.secondary()
			}
		}})
		if len(during) == 0 || !slices.ContainsFunc(during, func(s string) bool { return strings.Contains(s, "accounts_by_city") }) ||
			slices.ContainsFunc(during, func(s string) bool { return strings.Contains(s, "accounts_large") }) {
			t.Errorf("while records land: %q", during)
		}
	})
}

// TestA13LeftOversAreReportedAndMended: what a run that broke off left away is
// told by status, check, abandon and the next run, and made again by the
// resumed run, the next one, or by hand.
func TestA13LeftOversAreReportedAndMended(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		indexedWorld(w, "")
		before := w.secondary()
		breakOff := func() {
			t.Helper()
			lines := strings.Split(strings.TrimSpace(readFile(t, w.dir+"/accounts.csv")), "\n")
			w.file("accounts.csv", append(lines, fmt.Sprintf("%d,m%d,c,1", len(lines), len(lines)))...)
			o := run.Options{Records: 2, StopAfter: limit(t, "1")}
			lines = strings.Split(strings.TrimSpace(readFile(t, w.dir+"/accounts.csv")), "\n")
			w.file("accounts.csv", append(lines, fmt.Sprintf("%d,far too long a name,c,1", len(lines)))...)
			w.spends(w.runs(o))
			same(t, "away", len(before), len(w.away()))
			same(t, "there", []string{}, w.secondary())
		}
		told := func(wantCode int, args ...string) {
			t.Helper()
			code, out, errs := w.cli(args...)
			if code != wantCode || !strings.Contains(out+errs, "accounts_by_city on ") {
				t.Errorf("%v: exit %d\n%s%s", args, code, out, errs)
			}
		}
		breakOff()
		told(0, "status")
		told(0, "check")
		told(4, "indexes")
		if _, out, _ := w.cli("status", "--json"); !strings.Contains(out, `"indexes_away":[{"run":"acme-0001"`) {
			t.Errorf("status --json: %s", out)
		}
		// Resumed.
		code, out, errs := w.cli("resume", "--stop-after", "none")
		if code != 4 || !strings.Contains(errs, "indexes are away since run acme-0001 took them: ") {
			t.Errorf("resume: exit %d\n%s%s", code, out, errs)
		}
		same(t, "after the resume", before, w.secondary())
		if code, out, _ := w.cli("indexes"); code != 0 || out != "no index is away\n" {
			t.Errorf("indexes: exit %d, %s", code, out)
		}
		// By hand, after it was given up.
		breakOff()
		told(0, "abandon", "acme-0002")
		code, out, errs = w.cli("indexes", "rebuild")
		if code != 0 || !strings.Contains(errs, "rebuilding index accounts_by_city on ") || out != fmt.Sprintf("indexes that were away: %d, made again: %[1]d\n", len(before)) {
			t.Errorf("indexes rebuild: exit %d\n%s%s", code, out, errs)
		}
		same(t, "after the rebuild", before, w.secondary())
		// By the next run, whatever it is over.
		breakOff()
		told(0, "abandon", "acme-0003")
		told(0, "run", "--only", "account:3")
		same(t, "after the next run", before, w.secondary())
		// Made again by somebody else meanwhile, or given up.
		breakOff()
		w.do("CREATE INDEX accounts_large ON accounts (name)")
		if !strings.HasPrefix(w.url, "sqlite:") {
			w.do("CREATE INDEX accounts_by_lower ON accounts (lower(city))", "ALTER INDEX accounts_by_lower ALTER COLUMN 1 SET STATISTICS 250")
		} else {
			w.do("CREATE INDEX accounts_by_lower ON accounts (lower(city))")
		}
		code, out, errs = w.cli("indexes", "rebuild")
		if code != 1 || !strings.Contains(errs, "accounts_large on ") || !strings.Contains(errs, "is not what it was") {
			t.Errorf("indexes rebuild over another index: exit %d\n%s%s", code, out, errs)
		}
		same(t, "away", []string{"accounts_large"}, w.away())
		if code, _, errs := w.cli("indexes", "forget", "nobody", "--reason", "x"); code != 2 || !strings.Contains(errs, "no index nobody is away") {
			t.Errorf("forget: exit %d, %s", code, errs)
		}
		if code, out, errs := w.cli("indexes", "forget", "accounts_large", "--reason", "another took its place"); code != 0 || !strings.Contains(out, "accounts_large on ") {
			t.Errorf("forget: exit %d, %s%s", code, out, errs)
		}
		same(t, "away", []string{}, w.away())
	})
}

// TestA13AnIndexThatCannotBeMadeAgainIsNamed: the run does not end well, the
// other indexes come back, and what kept this one away is in the books.
func TestA13AnIndexThatCannotBeMadeAgainIsNamed(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		indexedWorld(w, "")
		before := w.secondary()
		picky := "CREATE INDEX accounts_picky ON accounts ((100 / amount))"
		if strings.HasPrefix(w.url, "sqlite:") {
			picky = "CREATE INDEX accounts_picky ON accounts (json_extract(CASE amount WHEN 0 THEN '{' ELSE '{}' END, '$.a'))"
		}
		w.do(picky)
		code, out, errs := w.cli("run")
		if code != 1 || !strings.Contains(errs, "indexes could not be made again:\n  accounts_picky on ") || !strings.Contains(out, "broke off and can be resumed") {
			t.Fatalf("exit %d\n%s%s", code, out, errs)
		}
		same(t, "the others", before, w.secondary())
		if code, out, _ := w.cli("status"); code != 0 || !strings.Contains(out, "accounts_picky on ") || !strings.Contains(out, "could not be made again: ") {
			t.Errorf("status: %s", out)
		}
		same(t, "landed", []string{"10"}, w.query("SELECT count(*) FROM accounts"))
		w.do("UPDATE accounts SET amount = 1 WHERE amount = 0")
		if code, out, errs := w.cli("resume"); code != 0 {
			t.Errorf("resume: exit %d\n%s%s", code, out, errs)
		}
		same(t, "all", len(before)+1, len(w.secondary()))
	})
}

const indexNights = `environment: production, guard: {window: [{from: "22:00", to: "05:00", zone: Australia/Sydney}, {days: [sun], from: "00:00", to: "04:00", zone: Australia/Sydney, allow: [indexes]}]}`

// TestA13RefusedOnLiveTablesUnlessTheWindowAllows: on a protected target the
// steps are refused before anything is written, but for a window that says so.
func TestA13RefusedOnLiveTablesUnlessTheWindowAllows(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.protects = indexNights
		indexedWorld(w, "")
		before := w.secondary()
		clock := clockAt(t, "2026-12-05 23:00", "Australia/Sydney") // Saturday
		w.arm(guard.Arming{For: 40 * time.Hour}, clock.now)
		o := run.Options{Clock: clock.now, Points: func(p run.Point) {
			if p == run.PointTaken {
				same(t, "taken", []string{}, w.secondary())
			}
		}}
		refused := w.refuses(guard.CodeStep, o, run.Run)
		if !strings.HasPrefix(refused.Text, "account.indexes, account.analyze: no window of connection goal that holds at ") {
			t.Error(refused.Text)
		}
		same(t, "indexes", before, w.secondary())
		same(t, "rows", []string{"1"}, w.query("SELECT count(*) FROM accounts"))
		same(t, "audit", "run refused step", w.audited()[len(w.audited())-1])
		clock.pass(3 * time.Hour)
		w.run(o)
		same(t, "indexes afterwards", before, w.secondary())
		same(t, "rows afterwards", []string{"10"}, w.query("SELECT count(*) FROM accounts"))
	})
}

// TestA13LiveTablesGetTheirIndexesBackAtOnce: a run on a protected target that is
// broken off, or whose time runs out, makes the indexes again before it ends and
// the target is closed.
func TestA13LiveTablesGetTheirIndexesBackAtOnce(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.protects = indexNights
		indexedWorld(w, "")
		before := w.secondary()
		clock := clockAt(t, "2026-12-06 01:00", "Australia/Sydney")
		w.arm(guard.Arming{For: time.Hour}, clock.now)
		o := run.Options{Records: 2, Lanes: 1, Clock: clock.now, Points: func(p run.Point) {
			if p == run.PointCommitted {
				clock.pass(25 * time.Minute)
			}
		}}
		w.refuses(guard.CodeExpired, o, run.Run)
		same(t, "rows in time", []string{"7"}, w.query("SELECT count(*) FROM accounts"))
		same(t, "indexes when the time has run out", before, w.secondary())
		same(t, "away", []string{}, w.away())

		// Too many fail.
		w = w.beside(t)
		w.protects = indexNights
		indexedWorld(w, "")
		w.file("accounts.csv", "No,Name,City,Amount", "1,a,b,1", "2,far too long a name,b,2")
		clock = clockAt(t, "2026-12-06 01:00", "Australia/Sydney")
		w.arm(guard.Arming{For: time.Hour}, clock.now)
		w.spends(w.runs(run.Options{Clock: clock.now, StopAfter: limit(t, "1")}))
		same(t, "indexes of a broken run", before, w.secondary())
		if w.mode(clock.now).Open() {
			t.Error("a broken run leaves the target open")
		}
	})
}

// TestA13NotDisarmedBeforeLeftOversAreMended: what a crash left away keeps a
// person from closing the target, until it is there again or given up.
func TestA13NotDisarmedBeforeLeftOversAreMended(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		indexedWorld(w, "")
		before := w.secondary()
		w.file("accounts.csv", "No,Name,City,Amount", "1,a,b,1", "2,far too long a name,b,2")
		w.spends(w.runs(run.Options{StopAfter: limit(t, "1")})) // before the target was protected: as a kill would leave it
		same(t, "away", len(before), len(w.away()))
		w.protects = "environment: production"
		w.mapping(fmt.Sprintf(indexedMapping, ""))
		wants := func(wantCode int, part string, args ...string) {
			t.Helper()
			if code, out, errs := w.cli(args...); code != wantCode || !strings.Contains(out+errs, part) {
				t.Errorf("%v: exit %d\n%s%s", args, code, out, errs)
			}
		}
		wants(5, "refused (mode-disabled)", "indexes", "rebuild")
		wants(5, "refused (mode-disabled)", "indexes", "forget", "accounts_large", "--reason", "x")
		w.arm(guard.Arming{}, nil)
		wants(0, "accounts_large on ", "guard", "status")
		// Taken by what was let in before it is closed, they keep it open, too.
		w.do("UPDATE " + w.books("index_work") + " SET state = 'rebuilt'")
		tx, err := w.db.Begin(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(context.Background())
		if err := w.gate(nil).Check(context.Background(), tx); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(context.Background(), "UPDATE "+w.books("index_work")+" SET state = 'dropped'"); err != nil {
			t.Fatal(err)
		}
		beside, disarmed := open(t, w.url), make(chan error, 1)
		go func() {
			_, err := w.gate(nil).Disarm(context.Background(), beside, "sales needs it")
			disarmed <- err
		}()
		time.Sleep(100 * time.Millisecond)
		if err := tx.Commit(context.Background()); err != nil {
			t.Fatal(err)
		}
		refusal(t, guard.CodeIndexesOpen, <-disarmed)
		wants(0, "The audit holds", "guard", "status", "--verify")
		// Mending is let in whatever plan or migration it is armed for.
		w.arm(guard.Arming{PlanHash: "aaaa7"}, nil)
		w.do("UPDATE " + w.books("guard") + " SET migration = 'other'")
		wants(5, "refused (indexes-open): indexes that were taken around a load are not there again: accounts_by_city on ", "guard", "disarm")
		if !w.mode(nil).Open() {
			t.Error("it is disarmed")
		}
		wants(0, "made again: ", "indexes", "rebuild")
		same(t, "indexes", before, w.secondary())
		wants(0, "disarmed ", "guard", "disarm")
	})
}

// TestA13RightsAreAskedFirst: who does not own the table takes nothing and
// writes nothing.
func TestA13RightsAreAskedFirst(t *testing.T) {
	w := postgresWorld(t)
	indexedWorld(w, "")
	before := w.secondary()
	name := "loader_" + strings.ToLower(strings.ReplaceAll(w.query("SELECT current_database()")[0], "-", "_"))
	w.do("CREATE ROLE "+name+" LOGIN PASSWORD 'loader'", "GRANT ALL ON SCHEMA public TO "+name, "GRANT ALL ON accounts TO "+name, "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "+name)
	address, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword(name, "loader")
	owner := w.url
	w.url = address.String()
	t.Setenv("LAWTEST_PASSWORD", "loader")
	w.mapping(fmt.Sprintf(indexedMapping, ""))
	for _, args := range [][]string{{"check"}, {"run"}} {
		code, out, errs := w.cli(args...)
		if code != 3 || !strings.Contains(errs, "account: indexes: only the owner of public.accounts may take its indexes") || !strings.Contains(errs, "account: analyze: only the owner of public.accounts") {
			t.Fatalf("%v: exit %d\n%s%s", args, code, out, errs)
		}
	}
	w.url = owner
	same(t, "indexes", before, w.secondary())
	same(t, "books", []string{"0"}, w.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'landfall'"))
	w.do("DROP OWNED BY "+name, "DROP ROLE "+name)
}

// TestA13PartitionedTablesAreRefused: their indexes hang together.
func TestA13PartitionedTablesAreRefused(t *testing.T) {
	w := postgresWorld(t)
	w.do("CREATE TABLE accounts (id bigint GENERATED BY DEFAULT AS IDENTITY, name varchar(10), city varchar(10), amount int) PARTITION BY RANGE (id)",
		"CREATE TABLE accounts_1 PARTITION OF accounts FOR VALUES FROM (0) TO (1000)", "CREATE INDEX ON accounts (city)")
	w.mapping(fmt.Sprintf(indexedMapping, ""))
	w.file("accounts.csv", "No,Name,City,Amount", "1,a,b,1")
	code, out, errs := w.cli("run")
	if code != 2 || !strings.Contains(errs, "account: indexes: public.accounts is partitioned: its indexes belong to those of its partitions") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	w.mapping(strings.Replace(strings.Replace(fmt.Sprintf(indexedMapping, ""), "table: accounts, key: {column: id, new: identity}", "table: accounts_1, key: {column: id, new: sequence, sequence: accounts_id_seq}", 1), "    analyze: true\n", "", 1))
	code, out, errs = w.cli("check")
	if code != 2 || !strings.Contains(errs, "public.accounts_1 is a partition") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
}
