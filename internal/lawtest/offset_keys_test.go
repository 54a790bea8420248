package lawtest

import (
	"fmt"
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
		w.refused(run.Options{StartRows: one}, "490 of the 500 row numbers from 1 on are taken", "start at 491")
		// Half of them are no reason.
		w.do("DELETE FROM accounts WHERE id > 1250")
		w.run(run.Options{StartRows: one})
		same(t, "keys", []string{"1251|N0", "1750|N499"}, w.query("SELECT id, legacy FROM accounts WHERE legacy IN ('N0', 'N499') ORDER BY id"))
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
