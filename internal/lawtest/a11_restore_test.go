package lawtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/entries"
	"landfall/internal/run"
)

const mapSchema = "CREATE TABLE things (id integer PRIMARY KEY, name text)"

const mapMapping = `  thing:
    from: {file: things.csv, key: No}
    to: {table: things, key: {column: id, new: natural}}
    fields: {id: Id, name: Name}
`

// mapped is a world in which records A and B, and then C, became rows.
func mapped(t *testing.T, w *world) *world {
	w = w.fresh(t, mapSchema)
	w.mapping(mapMapping)
	w.file("things.csv", "No,Id,Name", "A,1001,a", "B,1002,b")
	w.run(run.Options{})
	return w
}

func (w *world) wave(lines ...string) *outcome {
	w.file("things.csv", append([]string{"No,Id,Name"}, lines...)...)
	return w.run(run.Options{})
}

// backup saves the crosswalk in a new file.
func (w *world) backup(name string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if code, out, errs := w.cli("crosswalk", "backup", "-o", path); code != 0 {
		w.t.Fatalf("backup: exit %d: %s%s", code, out, errs)
	}
	return path
}

// onServer reports whether the target is a server.
func (w *world) onServer() bool { return !strings.HasPrefix(w.url, "sqlite:") }

// dropReverse takes away the index that keeps two records from one row.
func (w *world) dropReverse() {
	w.t.Helper()
	schema := ""
	if w.onServer() {
		schema = "landfall."
	}
	w.do("DROP INDEX IF EXISTS " + schema + "landfall_crosswalk_target_1")
}

// dropBooks takes the books away.
func (w *world) dropBooks() {
	w.t.Helper()
	if w.onServer() {
		w.do("DROP SCHEMA landfall CASCADE")
		return
	}
	w.do("DROP VIEW " + w.books("records"))
	for _, layout := range books.Layouts() {
		w.do("DROP TABLE " + w.books(layout.Table))
	}
}

// asMap makes the crosswalk hold these entries alone, as a target does that cuts
// its map for a wave.
func (w *world) asMap(entries ...string) {
	w.t.Helper()
	w.do("DELETE FROM " + w.books("crosswalk"))
	for i, entry := range entries {
		key, id, _ := strings.Cut(entry, "→")
		w.do(fmt.Sprintf("INSERT INTO %s (record_no, entity_id, table_id, shape_id, first_run, last_run, source_key, target_key, role, state) VALUES (%d, 1, 1, 0, 1, 1, '%s', '%s', 'c', 'l')",
			w.books("crosswalk"), i, key, id))
	}
}

func (w *world) theMap() []string {
	return w.query("SELECT source_key, target_key FROM " + w.books("crosswalk") + " ORDER BY source_key")
}

func (w *world) runsTold() []string {
	return w.query("SELECT name, mode, state FROM " + w.books("run") + " ORDER BY id")
}

// TestA11Restore is the table of A-11, row by row.
func TestA11Restore(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		base := []string{"acme-0001|full|completed"}
		restored := append(base, "acme-0002|restore|completed")
		for _, c := range []struct {
			name   string
			now    []string // the map
			backup []string // what the backup holds
			code   int
			says   string
			then   []string
			runs   []string
		}{
			{"appends", []string{"C→1003"}, []string{"A→1001", "B→1002"}, 0, "2 of 2 entries added, 0 were there", []string{"A|1001", "B|1002", "C|1003"}, restored},
			{"again", []string{"A→1001", "B→1002", "C→1003"}, []string{"A→1001", "B→1002"}, 0, "0 of 2 entries added, 2 were there", []string{"A|1001", "B|1002", "C|1003"}, base},
			{"another row", []string{"C→1003"}, []string{"A→1001", "C→9999"}, 6, "thing:C: 1003 is not 9999", []string{"C|1003"}, base},
			{"another record", []string{"C→1003"}, []string{"A→1001", "X→1003"}, 6, "1003 of TABLE is claimed by thing:C and thing:X", []string{"C|1003"}, base},
			{"two claim in the file", []string{"C→1003"}, []string{"A→1001", "B→1001"}, 6, "1001 of TABLE is claimed by thing:A and thing:B", []string{"C|1003"}, base},
		} {
			w := mapped(t, w)
			w.dropReverse() // so that a file may hold what no books can
			w.asMap(c.backup...)
			path := w.backup(strings.ReplaceAll(c.name, " ", "-") + ".crosswalk")
			w.asMap(c.now...)
			code, out, errs := w.cli("crosswalk", "restore", path)
			says := strings.ReplaceAll(c.says, "TABLE", w.query("SELECT name FROM " + w.books("target_table"))[0])
			if code != c.code || !strings.Contains(out+errs, says) {
				t.Errorf("%s: exit %d, wanted %d and %q:\n%s%s", c.name, code, c.code, says, out, errs)
			}
			same(t, c.name+": the map", c.then, w.theMap())
			same(t, c.name+": runs", c.runs, w.runsTold())
			// Whatever it was, a second time changes nothing.
			if again, _, _ := w.cli("crosswalk", "restore", path); again != c.code {
				t.Errorf("%s: exit %d the second time", c.name, again)
			}
			same(t, c.name+": runs after the second time", c.runs, w.runsTold())
		}
	})
}

// TestA11TornFile: of a small backup every prefix and every changed byte is
// found.
func TestA11TornFile(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = mapped(t, w)
		path := w.backup("small.crosswalk")
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		torn := filepath.Join(w.dir, "torn.crosswalk")
		refused := func(what string, bytes []byte) {
			t.Helper()
			if err := os.WriteFile(torn, bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			file, err := crosswalk.OpenBackup(torn)
			if err == nil {
				file.Close()
				t.Fatalf("%s: nothing was found", what)
			}
			if !strings.Contains(err.Error(), "torn.crosswalk: ") {
				t.Fatalf("%s: %v does not name the file", what, err)
			}
		}
		for cut := range content {
			refused(fmt.Sprintf("cut at %d of %d", cut, len(content)), content[:cut])
		}
		for at := range content {
			for _, bit := range []byte{1, 0x80, 0xff} {
				changed := append([]byte(nil), content...)
				changed[at] ^= bit
				refused(fmt.Sprintf("byte %d changed by %x", at, bit), changed)
			}
		}
		refused("a byte more", append(append([]byte(nil), content...), 0))
		refused("twice", append(append([]byte(nil), content...), content...))

		before := w.wholeCrosswalk()
		for _, args := range [][]string{{"crosswalk", "restore", torn}, {"crosswalk", "restore", torn, "--verify-only"}, {"crosswalk", "verify", torn}} {
			if code, _, errs := w.cli(args...); code != 6 || !strings.Contains(errs, "torn.crosswalk: was changed") {
				t.Errorf("%v: exit %d: %s", args, code, errs)
			}
		}
		same(t, "the crosswalk", before, w.wholeCrosswalk())
		same(t, "runs", []string{"acme-0001|full|completed"}, w.runsTold())
	})
}

// TestA11KilledRestore: whenever a restore is killed, nothing of it is there, or
// all; a second one completes it. What earlier reports said still holds.
func TestA11KilledRestore(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = mapped(t, w)
		w.wave("C,1003,c", "D,1004,d")
		whole, reports := w.wholeCrosswalk(), []string{"acme-0001", "acme-0002"}
		first, second := w.account(reports[0]), w.account(reports[1])
		path := w.backup("whole.crosswalk")
		for _, point := range entries.Points {
			w.do("DELETE FROM " + w.books("crosswalk") + " WHERE source_key <> 'D'")
			w.killedAt(point, 1, "crosswalk", "restore", path)
			left := w.wholeCrosswalk()
			if committed := point == run.PointCommitted; committed != (len(left) == len(whole)) || !committed && len(left) != 1 {
				t.Errorf("killed at %s: %d entries are there", point, len(left))
			}
			if code, out, errs := w.cli("crosswalk", "restore", path); code != 0 {
				t.Fatalf("after %s: exit %d: %s%s", point, code, out, errs)
			}
			same(t, "the crosswalk after "+string(point), whole, w.wholeCrosswalk())
		}
		same(t, "restores", []string{fmt.Sprint(len(entries.Points))}, w.query("SELECT count(*) FROM "+w.books("run")+" WHERE mode = 'restore' AND state = 'completed'"))
		for _, fault := range append(w.prove(first), w.prove(second)...) {
			t.Errorf("a report from before: %s", fault)
		}
		last := w.query("SELECT max(name) FROM " + w.books("run"))[0]
		for _, fault := range w.prove(w.account(last)) {
			t.Errorf("the restore's own report: %s", fault)
		}
		if page, err := w.account(last).Page(); err != nil || !strings.Contains(string(page), "restore") {
			t.Errorf("the page of a restore: %v", err)
		}
		// A run goes on from what was restored.
		w.file("things.csv", "No,Id,Name", "A,1001,a", "B,1002,new", "C,1003,c", "D,1004,d", "E,1005,e")
		same(t, "a run after it", []string{"thing:A unchanged", "thing:B updated", "thing:C unchanged", "thing:D unchanged", "thing:E created"}, w.run(run.Options{}).ends)
	})
}

// TestA11RestoreIntoEmptyBooks: of a database that was moved without its books
// all is known again, and by whom.
func TestA11RestoreIntoEmptyBooks(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = mapped(t, w)
		w.wave("C,1003,c", "D,1004,d")
		if code, _, errs := w.cli("rollback", "acme-0002", "--only", "thing:D"); code != 0 {
			t.Fatal(errs)
		}
		crosswalkBefore := w.crosswalk()
		path := w.backup("whole.crosswalk")
		w.dropBooks()
		for _, verifyOnly := range []bool{true, false} {
			args := []string{"crosswalk", "restore", path}
			if verifyOnly {
				args = append(args, "--verify-only")
			}
			code, out, errs := w.cli(args...)
			if code != 0 || !strings.Contains(out, "4 of 4 entries") {
				t.Fatalf("exit %d: %s%s", code, out, errs)
			}
		}
		same(t, "the crosswalk", crosswalkBefore, w.crosswalk())
		same(t, "runs", []string{"acme-0001|restore|completed"}, w.runsTold())
		if _, out, errs := w.cli("explain", "thing:C"); !strings.Contains(out, "restored from whole.crosswalk, where acme-0002 had made it") {
			t.Errorf("the story does not tell who had landed it, and where from: %s%s", out, errs)
		}
		for _, fault := range w.prove(w.account("acme-0001")) {
			t.Error(fault)
		}
		w.file("things.csv", "No,Id,Name", "A,1001,a", "B,1002,new", "C,1003,c", "E,1005,e")
		same(t, "a run after it", []string{"thing:A unchanged", "thing:B updated", "thing:C unchanged", "thing:E created"}, w.run(run.Options{}).ends)
		if code, out, errs := w.cli("rollback", "acme-0001"); code != 2 || !strings.Contains(errs, "is a restore") {
			t.Errorf("rolling a restore back: exit %d: %s%s", code, out, errs)
		}
		if code, _, errs := w.cli("retry", "acme-0001"); code != 2 || !strings.Contains(errs, "read no records") {
			t.Errorf("retrying a restore: exit %d: %s", code, errs)
		}
	})
}

// TestA11RestoreFromAnotherDatabase: a backup of a sandbox is not taken for the
// production target's, though mapping and keys are the same. Where the sandbox's
// database is the one that is here now, that is typed, and the run tells of it.
func TestA11RestoreFromAnotherDatabase(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = mapped(t, w)
		path := w.backup("sandbox.crosswalk")
		other := sqliteWorld(t)
		if w.onServer() {
			other = postgresWorld(t)
		}
		other.do(mapSchema, "INSERT INTO things VALUES (1001, 'stranger'), (1002, 'stranger')")
		other.mapping(mapMapping)
		for _, args := range [][]string{{"crosswalk", "restore", path}, {"crosswalk", "restore", path, "--verify-only"}, {"crosswalk", "restore", path, "--moved-from", "elsewhere"}} {
			code, out, errs := other.cli(args...)
			if code != 5 || !strings.Contains(errs, "refused (other-database): "+path+" is of the database ") {
				t.Errorf("%v: exit %d: %s%s", args, code, out, errs)
			}
		}
		if names := other.runNames(); names != nil {
			t.Errorf("what was refused left runs %v", names)
		}
		_, _, errs := other.cli("crosswalk", "restore", path)
		_, identity, _ := strings.Cut(errs, "--moved-from '")
		identity, _, _ = strings.Cut(identity, "'")
		if code, out, errs := other.cli("crosswalk", "restore", path, "--moved-from", identity); code != 0 || !strings.Contains(out, "2 of 2 entries added") {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
		if told := other.query("SELECT options FROM " + other.books("run")); !strings.Contains(told[0], `"moved":"`+identity) {
			t.Errorf("the run does not tell from where: %v", told)
		}
		changed, err := crosswalk.OpenBackup(other.backup("other.crosswalk"))
		if err != nil {
			t.Fatal(err)
		}
		defer changed.Close()
		if changed.Header.Place.Database == "" || changed.Header.Place == (crosswalk.BackupPlace{}) {
			t.Errorf("the backup does not say where it is from: %+v", changed.Header.BackupOrigin)
		}
	})
}

// TestA11TwoClaimOverBatches: two entries of a backup that claim one row are
// found when nothing is written, too, though different runs had made them; with
// and without books.
func TestA11TwoClaimOverBatches(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = mapped(t, w)
		w.wave("C,1003,c")
		w.dropReverse() // so that a file may hold what no books can
		w.do("UPDATE " + w.books("crosswalk") + " SET target_key = '1001' WHERE source_key = 'C'")
		path := w.backup("twice.crosswalk")
		w.do("DELETE FROM " + w.books("crosswalk"))
		for _, booked := range []bool{true, false} {
			if !booked {
				w.dropBooks()
			}
			for _, args := range [][]string{{"crosswalk", "restore", path, "--verify-only"}, {"crosswalk", "restore", path}} {
				if code, out, errs := w.cli(args...); code != 6 || !strings.Contains(out+errs, "is claimed by thing:A and thing:C") {
					t.Errorf("books %v, %v: exit %d: %s%s", booked, args, code, out, errs)
				}
			}
		}
	})
}
