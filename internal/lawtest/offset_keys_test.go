package lawtest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"landfall/internal/run"
)

// accountMapping makes keys of 1000 and the row number; more are further settings.
func accountMapping(more string) string {
	return `  account:
    from: {file: accounts.csv, key: No}
    to: {table: accounts, key: {column: id, new: offset, base: 1000` + more + `}}
    fields: {legacy: No, amount: Amount}
`
}

const accountSchema = "CREATE TABLE accounts (id bigint PRIMARY KEY, legacy varchar(20), amount integer)"

// accounts writes the delta file.
func (w *world) accounts(keys ...string) {
	lines := []string{"No,Amount"}
	for _, key := range keys {
		lines = append(lines, key+",1")
	}
	w.file("accounts.csv", lines...)
}

// used lands A to E, which take 1001 to 1005.
func (w *world) used() {
	w.do(accountSchema)
	w.mapping(accountMapping(""))
	w.accounts("A", "B", "C", "D", "E")
	w.run(run.Options{})
	same(w.t, "the first five", []string{"1001|A", "1002|B", "1003|C", "1004|D", "1005|E"}, w.query("SELECT id, legacy FROM accounts ORDER BY id"))
}

// refused runs and wants to be refused, with nothing written; the message must
// hold the texts.
func (w *world) refused(o run.Options, texts ...string) {
	w.t.Helper()
	state := func() []string {
		rows, runs := w.query("SELECT id, legacy FROM accounts ORDER BY id"), w.runNames()
		if runs == nil {
			return append(rows, "no books")
		}
		return append(append(rows, w.crosswalk()...), runs...)
	}
	before := state()
	_, err := w.try(o, run.Run)
	if err == nil {
		w.t.Fatal("the run was not refused")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			w.t.Errorf("%q is not in the refusal: %v", text, err)
		}
	}
	same(w.t, "what is there after a refusal", before, state())
}

func (w *world) runNames() []string {
	if _, err := w.db.Table(w.t.Context(), w.ledger().Books().Name("run").String()); err != nil {
		return nil
	}
	return w.query("SELECT name FROM " + w.ledger().Books().Table("run") + " ORDER BY id")
}

// warnings lists what runs warn of.
func warnings(into *[]string) func(run.Event) {
	return func(e run.Event) {
		if e.Kind == run.EventWarning {
			*into = append(*into, e.Message)
		}
	}
}

// TestA09OffsetTable is the table of examples.
func TestA09OffsetTable(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		start := func(row int64) map[string]int64 { return map[string]int64{"account": row} }
		for _, c := range []struct {
			name, policy string
			start        map[string]int64
			warning      string
		}{
			{name: "start 6", start: start(6)},
			{name: "by default"},
			{name: "start 4, resolve", policy: ", collisions: resolve", start: start(4), warning: "2 of the 2 row numbers from 4 on are taken (keys 1004, 1005)"},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := w.fresh(t)
				w.used()
				w.mapping(accountMapping(c.policy))
				w.accounts("F", "G")
				var warned []string
				out := w.run(run.Options{StartRows: c.start, Observe: warnings(&warned)})
				same(t, "ends", []string{"account:F created", "account:G created"}, out.ends)
				same(t, "keys", []string{"1006|F", "1007|G"}, w.query("SELECT id, legacy FROM accounts WHERE id > 1005 ORDER BY id"))
				if told := strings.Join(warned, "\n"); (c.warning == "") != (told == "") || !strings.Contains(told, c.warning) {
					t.Errorf("warned of %q", told)
				}
			})
		}
		t.Run("start 4, strict", func(t *testing.T) {
			w := w.fresh(t)
			w.used()
			w.mapping(accountMapping(", collisions: strict"))
			w.accounts("F", "G")
			w.refused(run.Options{StartRows: start(4)}, "keys 1004, 1005", "Nothing was written")
			// What was refused keeps nobody from starting otherwise.
			w.run(run.Options{StartRows: start(6)})
			same(t, "keys", []string{"1006|F", "1007|G"}, w.query("SELECT id, legacy FROM accounts WHERE id > 1005 ORDER BY id"))
		})
	})
}

// TestA09MostCandidatesCollide: the first row number is that of an earlier run.
// The million rows of the table are a few hundred here, and counted as exactly.
func TestA09MostCandidatesCollide(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(accountSchema, "INSERT INTO accounts (id) VALUES "+rows(1001, 1490))
		w.mapping(accountMapping(""))
		var keys []string
		for i := range 500 {
			keys = append(keys, fmt.Sprintf("N%d", i))
		}
		w.accounts(keys...)
		one := map[string]int64{"account": 1}
		w.refused(run.Options{StartRows: one}, "490 of the 500 row numbers from 1 on are taken, more than 50 %, all by rows that no run made or found", "start at 491")
		// Half of them are no reason.
		w.do("DELETE FROM accounts WHERE id > 1250")
		w.run(run.Options{StartRows: one})
		same(t, "keys", []string{"1251|N0", "1750|N499"}, w.query("SELECT id, legacy FROM accounts WHERE legacy IN ('N0', 'N499') ORDER BY id"))
		// What the run made is told apart from what was there.
		for i := range keys {
			keys[i] = "M" + keys[i]
		}
		w.accounts(keys...)
		w.refused(run.Options{StartRows: one}, "500 of the 500 row numbers from 1 on are taken, more than 50 %, 250 by earlier runs and 250 by rows that no run made or found")
		w.refused(run.Options{StartRows: map[string]int64{"account": 251}}, "all by earlier runs")
	})
}

// rows are the keys of rows to insert.
func rows(from, to int) string {
	var texts []string
	for i := from; i <= to; i++ {
		texts = append(texts, fmt.Sprintf("(%d)", i))
	}
	return strings.Join(texts, ", ")
}

// TestA09RegisteredKeyIsNeverReissued: a row is gone, its key stays in the
// registry; new keys are written there with their rows.
func TestA09RegisteredKeyIsNeverReissued(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(accountSchema, "CREATE TABLE accounts_k (id bigint PRIMARY KEY, env integer NOT NULL)",
			"INSERT INTO accounts (id) VALUES (1001), (1002)", "INSERT INTO accounts_k VALUES (1001, 1), (1002, 1), (1003, 1), (1005, 1)")
		w.mapping(accountMapping(", registry: {table: accounts_k, column: id, fields: {env: 7}}"))
		w.accounts("F", "G")
		w.run(run.Options{StartRows: map[string]int64{"account": 3}})
		same(t, "keys", []string{"1004|F", "1006|G"}, w.query("SELECT id, legacy FROM accounts WHERE legacy IS NOT NULL ORDER BY id"))
		same(t, "registry", []string{"1001|1", "1002|1", "1003|1", "1004|7", "1005|1", "1006|7"}, w.query("SELECT id, env FROM accounts_k ORDER BY id"))
		same(t, "again", []string{"account:F unchanged", "account:G unchanged"}, w.run(run.Options{}).ends)
		w.do("DELETE FROM accounts WHERE id = 1006")
		w.accounts("H")
		w.run(run.Options{})
		same(t, "past the registry", []string{"1007|H"}, w.query("SELECT id, legacy FROM accounts WHERE legacy = 'H'"))
	})
}

// TestA09KeySpaceExhausted: told before anything is written, with numbers.
func TestA09KeySpaceExhausted(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(accountSchema, "INSERT INTO accounts (id) VALUES "+rows(1, 9990))
		w.mapping(strings.Replace(accountMapping(", width: 4"), "base: 1000", "base: 0", 1))
		var keys []string
		for i := range 20 {
			keys = append(keys, fmt.Sprintf("N%d", i))
		}
		w.accounts(keys...)
		w.refused(run.Options{}, "9990 are used", "9 are free", "20 are wanted")
		w.accounts(keys[:9]...)
		w.run(run.Options{})
		same(t, "the last keys", []string{"9999|N8"}, w.query("SELECT id, legacy FROM accounts WHERE id > 9998"))
	})
}

// TestA09RollbackBurnsKeys: keys of rows that were undone are not given again,
// not even below.
func TestA09RollbackBurnsKeys(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.used()
		w.accounts("F", "G")
		undone := w.run(run.Options{})
		if code, out, errs := w.cli("rollback", undone.Run.Name); code != 0 {
			t.Fatalf("rollback: exit %d\n%s%s", code, out, errs)
		}
		same(t, "after the rollback", []string{"1005"}, w.query("SELECT max(id) FROM accounts"))
		w.accounts("H", "F")
		w.run(run.Options{StartRows: map[string]int64{"account": 5}})
		same(t, "keys", []string{"1008|H", "1009|F"}, w.query("SELECT id, legacy FROM accounts WHERE id > 1005 ORDER BY id"))
		w.accounts("I")
		w.run(run.Options{StartRows: map[string]int64{"account": 6}})
		same(t, "F's first key stays burnt though F has another", []string{"1010|I"}, w.query("SELECT id, legacy FROM accounts WHERE id > 1009 ORDER BY id"))
	})
}

// TestA04OffsetGoesOn: rejected records leave gaps only where others come
// behind them.
func TestA04OffsetGoesOn(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(accountSchema, "INSERT INTO accounts (id) VALUES "+rows(1001, 1040))
		w.mapping(strings.Replace(accountMapping(""), "amount: Amount", "amount: {from: Amount, check: required}", 1))
		w.file("accounts.csv", "No,Amount", "L41,10", "L42,5", "L43,")
		out := w.run(run.Options{StartRows: map[string]int64{"account": 41}})
		same(t, "ends", []string{"account:L41 created", "account:L42 created", "account:L43 failed: rule in amount"}, out.ends)
		w.file("accounts.csv", "No,Amount", "L44,1")
		w.run(run.Options{})
		same(t, "keys", []string{"1041|L41", "1042|L42", "1043|L44"}, w.query("SELECT id, legacy FROM accounts WHERE id > 1040 ORDER BY id"))
	})
}

// TestA09RecreatedRowGetsAnotherKey: the first one was used.
func TestA09RecreatedRowGetsAnotherKey(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.used()
		w.mapping(accountMapping("") + "    missing: recreate\n")
		w.do("DELETE FROM accounts WHERE id = 1003")
		out := w.run(run.Options{Records: 2})
		same(t, "ends", []string{"account:A unchanged", "account:B unchanged", "account:C created", "account:D unchanged", "account:E unchanged"}, out.ends)
		same(t, "keys", []string{"1006|C"}, w.query("SELECT id, legacy FROM accounts WHERE legacy = 'C'"))
	})
}

// TestA09LastKeyTakenMeanwhile: no key is left for the record, and all others land.
func TestA09LastKeyTakenMeanwhile(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.disturbed = true
		w.do(accountSchema, "INSERT INTO accounts (id) VALUES (9996)")
		w.mapping(strings.Replace(accountMapping(", width: 4"), "base: 1000", "base: 0", 1))
		w.accounts("F", "G", "H")
		out := w.run(run.Options{Points: func(p run.Point) {
			if p == run.PointKeys {
				w.do("INSERT INTO accounts (id) VALUES (9998)")
			}
		}})
		same(t, "ends", []string{"account:F created", "account:G failed: key-space-exhausted in id", "account:H created"}, out.ends)
	})
}

// TestA09OneRunAtATimeMakesKeys: another migration waits for the end of a run
// that is not finished; the same one goes on with it, and a rehearsal may be held.
func TestA09OneRunAtATimeMakesKeys(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.used()
		w.accounts("F", "G", "H", "I")
		stop := make(chan struct{})
		broken, err := w.try(run.Options{Records: 2, StartRows: map[string]int64{"account": 10}, Stop: stop, Points: func(p run.Point) {
			if p == run.PointKeys {
				close(stop)
			}
		}}, run.Run)
		if err != nil || !broken.Stopped {
			t.Fatalf("stopped %v, %v", broken.Stopped, err)
		}
		own := readFile(t, w.dir+"/landfall.yaml")
		w.file("landfall.yaml", strings.Replace(own, "name: acme", "name: other", 1))
		if code, out, errs := w.cli("run"); code != 3 || !strings.Contains(errs, "makes keys of the same row numbers") {
			t.Errorf("exit %d\n%s%s", code, out, errs)
		}
		w.file("landfall.yaml", own)
		if code, out, errs := w.cli("run", "--dry-run", "--limit", "1"); code != 0 {
			t.Errorf("a rehearsal: exit %d\n%s%s", code, out, errs)
		}
		var drift *run.DriftError
		if _, err := w.try(run.Options{Records: 2, StartRows: map[string]int64{"account": 11}}, run.Run); !errors.As(err, &drift) || !strings.Contains(err.Error(), "--start-row-number") {
			t.Errorf("another first row number: %v", err)
		}
		if _, err := w.try(run.Options{}, run.Resume); err != nil {
			t.Fatal(err)
		}
		same(t, "keys", []string{"1010|F", "1011|G", "1012|H", "1013|I"}, w.query("SELECT id, legacy FROM accounts WHERE id > 1005 ORDER BY id"))
	})
}

// TestA09RetryTakesTheNextKeys: records that were rejected get keys when they land.
func TestA09RetryTakesTheNextKeys(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE accounts (id bigint PRIMARY KEY, legacy varchar(20), amount integer CHECK (amount > 0))")
		w.mapping(accountMapping(""))
		w.file("accounts.csv", "No,Amount", "F,1", "G,0", "H,1", "I,0")
		w.run(run.Options{Records: 2})
		w.file("accounts.csv", "No,Amount", "F,1", "G,1", "H,1", "I,1")
		w.disturbed = true
		same(t, "retried", []string{"account:G created", "account:I created"}, w.run(run.Options{RetryOpen: true, Records: 1, Points: func(p run.Point) {
			if p == run.PointKeys {
				w.do("INSERT INTO accounts (id, amount) SELECT 1004, 1 WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE id = 1004)")
			}
		}}).ends)
		same(t, "keys", []string{"1001|F", "1003|H", "1004|NULL", "1005|I", "1006|G"}, w.query("SELECT id, legacy FROM accounts ORDER BY id"))
	})
}

// TestA09ColumnsThatHoldNoKeys are told before anything runs.
func TestA09ColumnsThatHoldNoKeys(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(accountSchema, "CREATE TABLE loose (id bigint, legacy varchar(20))", "CREATE TABLE coded (id varchar(4) PRIMARY KEY, legacy varchar(20), account_id bigint)",
			"CREATE TABLE dated (id date PRIMARY KEY, legacy varchar(20))", "CREATE TABLE short (id smallint PRIMARY KEY, legacy varchar(20), account_id bigint)",
			"CREATE TABLE kept (id bigint PRIMARY KEY, env integer NOT NULL)", "CREATE TABLE kept_loose (id bigint)")
		w.accounts("A")
		for _, c := range []struct{ table, key, want string }{
			{"loose", "new: offset", "needs a key column that .*loose keeps unique"},
			{"coded", "new: offset", "give `width`, the digits that each key has"},
			{"coded", "new: offset, width: 5", "has no room for 5 digits"},
			{"dated", "new: offset", "holds neither whole numbers nor text of digits"},
			{"short", "new: offset, base: 32767", "base 32767 leaves no row numbers: id holds keys up to 32767"},
			{"accounts", "new: offset, base: 1000, width: 3", "base 1000 leaves no row numbers: id holds keys up to 999"},
			{"accounts", "new: offset, registry: {table: kept, column: id}", `kept.env wants a value \(NOT NULL, no default\): give one in .fields.`},
			{"accounts", "new: offset, registry: {table: kept, column: di}", `kept has no column "di", did you mean "id"\?`},
			{"accounts", "new: offset, registry: {table: kept_loose, column: id}", `kept_loose.id is not kept unique`},
			{"accounts", "new: offset, registry: {table: accounts, column: id}", `accounts is the table of the rows themselves`},
			{"short", "new: inherited, from: account_id, digits: 5", `5 digits leave no room for the key of its parent`},
			{"coded", "new: inherited, from: account_id, digits: 4", `4 digits leave no room for the key of its parent|no room`},
		} {
			t.Run(c.table+" "+c.key, func(t *testing.T) {
				fields := "{legacy: No}"
				if strings.Contains(c.key, "inherited") {
					fields = "{legacy: No, account_id: {ref: parent, from: No}}"
				}
				w.mapping("  parent:\n    from: {file: accounts.csv, key: No}\n    to: {table: accounts, key: {column: id, new: offset}}\n    fields: {legacy: No}\n" +
					"  child:\n    from: {file: accounts.csv, key: No}\n    to: {table: " + c.table + ", key: {column: id, " + c.key + "}}\n    fields: " + fields + "\n")
				if c.table == "accounts" {
					w.mapping("  child:\n    from: {file: accounts.csv, key: No}\n    to: {table: accounts, key: {column: id, " + c.key + "}}\n    fields: " + fields + "\n")
				}
				code, out, errs := w.cli("check")
				if matched, _ := regexp.MatchString(c.want, out+errs); code != 2 || !matched {
					t.Errorf("exit %d\n%s%s", code, out, errs)
				}
			})
		}
	})
}
