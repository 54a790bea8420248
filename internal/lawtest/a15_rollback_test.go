package lawtest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"landfall/internal/connector/table"
	"landfall/internal/reconcile"
	"landfall/internal/record"
	"landfall/internal/rollback"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// printOf is the fingerprint of all rows of a table.
func (w *world) printOf(name string) (print record.Fingerprint) {
	w.t.Helper()
	w.look(func(tx sqldb.Tx) error {
		found, err := w.db.Table(context.Background(), name)
		if err != nil {
			return err
		}
		key, _ := found.Column("id")
		print, err = table.NewLander(w.db.Dialect(), found, []sqldb.Column{*key}).FingerprintAll(context.Background(), tx)
		return err
	})
	return print
}

// TestA15WaveIsUndone: exactly the rows of a wave go, children first, the target
// is what it was, entries stay as rolled back, and their keys are never given out
// again.
func TestA15WaveIsUndone(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = beforeWave(t, w, "REFERENCES t2 (id)")
		w.waveFiles(6, 7, 41, 50, "L50,P7,1") // refers to a row of the wave itself
		two, one, known := w.printOf("t2"), w.printOf("t1"), w.crosswalk()
		w.run(run.Options{Mode: target.InsertOnly})
		path := w.backup("after-the-wave.crosswalk")
		w.disturbed = true
		w.do("INSERT INTO t1 (two_id, amount) VALUES (1, 7)", "INSERT INTO t2 (name) VALUES ('by business')")
		business := append(w.query("SELECT 't1', id, amount FROM t1 WHERE amount = 7 AND id > 50"), w.query("SELECT 't2', id, name FROM t2 WHERE name = 'by business'")...)

		undone := w.rollback(rollback.Options{Run: "acme-0002"})
		for _, end := range undone.ends {
			if !strings.HasSuffix(end, " reversed") {
				t.Error(end)
			}
		}
		var order []string
		for _, end := range undone.ends {
			entity, _, _ := strings.Cut(end, ":")
			if order = append(order, entity); len(order) > 1 && order[len(order)-2] == entity {
				order = order[:len(order)-1]
			}
		}
		same(t, "the order of undoing", []string{"one", "two"}, order)
		same(t, "rows of the business", business, append(w.query("SELECT 't1', id, amount FROM t1 WHERE amount = 7 AND id > 50"), w.query("SELECT 't2', id, name FROM t2 WHERE name = 'by business'")...))

		burnt := map[string]bool{}
		for _, entry := range w.crosswalk() {
			if cells := strings.Split(entry, "|"); cells[4] == "b" {
				burnt[cells[0]+"|"+cells[2]] = true
			} else if !slices.Contains(known, entry) {
				t.Errorf("an entry of an earlier wave changed: %s", entry)
			}
		}
		same(t, "entries of the wave", 12, len(burnt))
		w.do("DELETE FROM t1 WHERE amount = 7 AND id > 50", "DELETE FROM t2 WHERE name = 'by business'")
		same(t, "the fingerprint of t2", two, w.printOf("t2"))
		same(t, "the fingerprint of t1", one, w.printOf("t1"))

		// The backup from before the rollback brings nothing back to life.
		rolledBack := w.wholeCrosswalk()
		if code, out, errs := w.cli("crosswalk", "restore", path); code != 0 || !strings.Contains(out, "0 of 57 entries added, 57 were there") {
			t.Errorf("restore: exit %d: %s%s", code, out, errs)
		}
		same(t, "the crosswalk after the restore", rolledBack, w.wholeCrosswalk())
		if code, out, errs := w.cli("crosswalk", "verify"); code != 0 {
			t.Errorf("verify: exit %d: %s%s", code, out, errs)
		}

		w.run(run.Options{Mode: target.InsertOnly})
		for _, entry := range w.crosswalk() {
			if cells := strings.Split(entry, "|"); cells[4] == "l" && burnt[cells[0]+"|"+cells[2]] {
				t.Errorf("a burnt key is given out again: %s", entry)
			}
		}
	})
}

// TestA15WhatOthersNeedIsKept: of a wave of which some rows are needed or were
// edited, the rest is undone, and each row that stays is named with why.
func TestA15WhatOthersNeedIsKept(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = beforeWave(t, w, "REFERENCES t2 (id)")
		w.do("CREATE TABLE notes (id NUMBER, one_id bigint REFERENCES t1 (id))")
		w.run(run.Options{Mode: target.InsertOnly})
		w.disturbed = true
		w.do("INSERT INTO notes (one_id) VALUES (41)", "UPDATE t1 SET amount = -1 WHERE id = 42", "INSERT INTO t1 (two_id, amount) VALUES (6, 7)")
		undone := w.rollback(rollback.Options{Run: "acme-0002"})
		var stay []string
		for _, end := range undone.ends {
			if !strings.HasSuffix(end, " reversed") {
				stay = append(stay, end)
			}
		}
		slices.Sort(stay)
		same(t, "what stays", []string{"one:L41 kept: referenced in id", "one:L42 kept: edited", "two:P6 kept: referenced in id"}, stay)
		same(t, "states", []string{"acme-0001|completed", "acme-0002|partly-rolled-back", "acme-0003|completed"}, w.states())
		same(t, "rows of the wave", []string{"41", "42", "50"}, w.query("SELECT id FROM t1 WHERE id > 40 ORDER BY id"))
		code, out, errs := w.cli("reconcile", "--live")
		if code != 6 || !strings.Contains(out, "partly-rolled-back") {
			t.Errorf("reconcile: exit %d: %s%s", code, out, errs)
		}
		if v := w.reconcile(reconcile.Options{Live: true, Fresh: true}); len(v.Balances) > 0 {
			t.Errorf("a balance is drawn of a wave that was undone since: %v", v.balance("t1"))
		}
	})
}

// TestUndoneTwinIsRolledBack: of two records of one key the run landed the first
// and rejected the second; once it is undone, the first is rolled back and not
// taken for the one that never landed.
func TestUndoneTwinIsRolledBack(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE persons (id NUMBER, email varchar(40), name varchar(40), legacy_id varchar(20))")
		w.mapping(personMapping("}"))
		w.file("persons.csv", "No,Mail,Name", "1,a@x,n", "1,b@x,n", "2,c@x,n")
		w.run(run.Options{})
		w.rollback(rollback.Options{Run: "acme-0001"})
		v := w.reconcile(reconcile.Options{})
		same(t, "rolled back", int64(2), v.Entities[0].Counts["rolled-back"])
		same(t, "not landed", int64(1), v.Entities[0].Counts["not-landed"])
		w.run(run.Options{})
		if v := w.reconcile(reconcile.Options{}); v.Differs() || v.Entities[0].Counts["equal"] != 2 || v.Entities[0].Counts["not-landed"] != 1 {
			t.Errorf("after another run: %v", v.Entities[0].Counts)
		}
	})
}
