package lawtest

import (
	"fmt"
	"strings"
	"testing"

	"landfall/internal/run"
)

// meterMapping has accounts with keys of row numbers, and meters whose keys
// begin with those of their accounts.
const meterMapping = `  meter:
    from: {file: meters.csv, key: No}
    to: {table: meters, key: {column: id, new: inherited, from: account_id, digits: 2}}
    fields: {account_id: {ref: account, from: Account}, legacy: No, reading: {from: Reading, check: required}}
`

func (w *world) meters(lines ...string) {
	w.file("meters.csv", append([]string{"No,Account,Reading"}, lines...)...)
}

func (w *world) meterKeys() []string {
	return w.query("SELECT id, legacy FROM meters ORDER BY legacy, id")
}

// meterSchema spells the key columns as numbers or texts.
func meterSchema(text bool) []string {
	statements := []string{
		"CREATE TABLE accounts (id bigint PRIMARY KEY, legacy varchar(20), amount integer)",
		"CREATE TABLE meters (id bigint PRIMARY KEY, account_id bigint REFERENCES accounts (id), legacy varchar(20), reading integer CHECK (reading > 0))",
	}
	if text {
		for i := range statements {
			statements[i] = strings.ReplaceAll(statements[i], "bigint", "varchar(8)")
		}
	}
	return statements
}

// TestA09InheritedKeys: a child's key is its parent's and a number, past what
// is in use under that parent.
func TestA09InheritedKeys(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, text := range []bool{false, true} {
			t.Run(fmt.Sprintf("text %v", text), func(t *testing.T) {
				w := w.fresh(t, meterSchema(text)...)
				w.do("INSERT INTO accounts (id) VALUES ('1001')", "INSERT INTO meters (id, account_id) VALUES ('100101', '1001'), ('100107', '1001'), ('100199', NULL), ('99', NULL)", "DELETE FROM meters WHERE id = '100199'")
				w.mapping(strings.Replace(accountMapping(", width: 4"), "legacy: No,", "legacy: No, ", 1) + meterMapping)
				w.accounts("A", "B")
				w.meters("m1,A,1", "m2,B,1", "m3,A,1", "m4,Z,1", "m5,B,", "m6,A,0", "m7,B,1")
				out := w.run(run.Options{Records: 2})
				same(t, "ends", []string{
					"account:A created", "account:B created", "meter:m1 created", "meter:m2 created", "meter:m3 created", "meter:m4 failed: missing-parent in account_id",
					"meter:m5 failed: rule in reading", "meter:m6 failed: check in reading", "meter:m7 created",
				}, out.ends)
				same(t, "keys", []string{"100201|m1", "100301|m2", "100202|m3", "100302|m7"}, w.query("SELECT id, legacy FROM meters WHERE legacy IS NOT NULL ORDER BY legacy"))
				w.meters("m5,B,1", "m6,A,1", "m8,A,1")
				w.run(run.Options{})
				same(t, "a rejected record's number is free again", []string{"100201|m1", "100301|m2", "100202|m3", "100303|m5", "100203|m6", "100302|m7", "100204|m8"}, w.query("SELECT id, legacy FROM meters WHERE legacy IS NOT NULL ORDER BY legacy"))
			})
		}
	})
}

// TestA09InheritedExhaustion rejects those for which no number is left, and
// goes on with the others.
func TestA09InheritedExhaustion(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(meterSchema(false)...)
		w.do("INSERT INTO accounts (id) VALUES (1001)", "INSERT INTO meters (id) VALUES (100197)")
		w.mapping(strings.Replace(accountMapping(""), "new: offset", "new: offset", 1) + meterMapping)
		w.do("DELETE FROM accounts")
		w.accounts("A", "B")
		w.meters("m1,A,1", "m2,A,1", "m3,A,1", "m4,B,1", "m5,A,1")
		out := w.run(run.Options{Records: 2, StartRows: map[string]int64{"account": 1}})
		same(t, "ends", []string{
			"account:A created", "account:B created", "meter:m1 created", "meter:m2 created", "meter:m3 failed: key-space-exhausted in id", "meter:m4 created", "meter:m5 failed: key-space-exhausted in id",
		}, out.ends)
		same(t, "keys", []string{"100198|m1", "100199|m2", "100201|m4"}, w.query("SELECT id, legacy FROM meters WHERE legacy IS NOT NULL ORDER BY legacy"))
	})
}

// TestA09InheritedRollback: keys stay burnt, whatever the records get later.
func TestA09InheritedRollback(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(meterSchema(false)...)
		w.mapping(accountMapping("") + meterMapping)
		w.accounts("A")
		w.meters("m1,A,1")
		w.run(run.Options{})
		w.meters("m1,A,1", "m2,A,1", "m3,A,1")
		undone := w.run(run.Options{})
		if code, out, errs := w.cli("rollback", undone.Run.Name); code != 0 {
			t.Fatalf("rollback: exit %d\n%s%s", code, out, errs)
		}
		w.meters("m4,A,1", "m2,A,1")
		w.run(run.Options{})
		same(t, "keys", []string{"100101|m1", "100105|m2", "100104|m4"}, w.meterKeys())
	})
}

// TestA09InheritedTiers: the parents' keys are there before the children's.
func TestA09InheritedTiers(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(meterSchema(false)...)
		w.mapping(meterMapping + accountMapping("")) // whatever the file's order
		w.accounts("A", "B")
		w.meters("m1,B,1", "m2,A,1")
		w.run(run.Options{})
		same(t, "keys", []string{"100201|m1", "100101|m2"}, w.meterKeys())
	})
}
