package lawtest

import (
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/run"
)

const familyMapping = `  parent:
    from: {file: parents.csv, key: No}
    to: {table: parents, key: {column: id, new: identity}}
    fields: {name: Name}
  child:
    from: {file: children.csv, key: No}
    to: {table: children, key: {column: id, new: identity}}
    fields:
      parent_id: {ref: parent, from: Parent}
      friend_id: {ref: parent, from: Friend, missing: null}
      name: Name
`

func family(t *testing.T, w *world) *world {
	t.Helper()
	w = w.fresh(t, "CREATE TABLE parents (id NUMBER, name varchar(10) NOT NULL)",
		"CREATE TABLE children (id NUMBER, parent_id bigint NOT NULL REFERENCES parents (id), friend_id bigint REFERENCES parents (id), name varchar(10))")
	w.mapping(familyMapping)
	w.file("parents.csv", "No,Name", "1,one", "2,far too long", "3,three")
	w.file("children.csv", "No,Parent,Friend,Name", "1,1,3,1", "2,2,,2", "3,9,,3", "4,1,9,4", "5,1,2,5", "6,,,6", "7,3,,7")
	return w
}

var firstEnds = []string{
	"parent:1 created", "parent:2 failed: too-long in name", "parent:3 created",
	"child:1 created", "child:2 blocked: parent-failed in parent_id", "child:3 failed: missing-parent in parent_id", "child:4 created",
	"child:5 created", "child:6 failed: not-null in parent_id", "child:7 created",
}

// TestParents: a child of a parent that failed is blocked, one of a parent
// that never was fails, and a retry lands what was mended and nothing else.
func TestParents(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = family(t, w)
		out := w.run(run.Options{Records: 2})
		same(t, "ends", firstEnds, out.ends)
		if message := out.entry(t, "2").Message; strings.Contains(message, "far too long") {
			t.Errorf("a value is told: %s", message)
		}
		same(t, "friends", []string{"1|one|three", "4|one|NULL", "5|one|NULL", "7|three|NULL"},
			w.query("SELECT c.name, p.name, f.name FROM children c JOIN parents p ON p.id = c.parent_id LEFT JOIN parents f ON f.id = c.friend_id ORDER BY c.name"))
		same(t, "nothing mended", []string{
			"parent:2 failed: too-long in name", "child:2 blocked: parent-failed in parent_id",
			"child:3 failed: missing-parent in parent_id", "child:6 failed: not-null in parent_id",
		}, w.run(run.Options{RetryOpen: true, Records: 2}).ends)

		w.file("parents.csv", "No,Name", "1,changed", "2,mended", "3,three")
		w.file("children.csv", "No,Parent,Friend,Name", "1,1,3,changed", "2,2,,2", "3,9,,3", "4,1,9,4", "5,1,2,5", "6,1,,6", "7,3,,7")
		same(t, "mended", []string{"parent:2 created", "child:2 created", "child:3 failed: missing-parent in parent_id", "child:6 created"},
			w.run(run.Options{RetryOpen: true}).ends)
		same(t, "the rest", []string{"child:3 failed: missing-parent in parent_id"}, w.run(run.Options{RetryOpen: true}).ends)
		// The run that is named has its open records run again, whatever landed since.
		named := w.run(run.Options{Retry: "acme-0001"})
		same(t, "a named run", []string{"parent:2 unchanged", "child:2 unchanged", "child:3 failed: missing-parent in parent_id", "child:6 unchanged"}, named.ends)
		same(t, "what was not retried", []string{"mended", "one", "three"}, w.query("SELECT name FROM parents ORDER BY name"))
		// A run over all takes the rest of the changes, and friends that are there by now.
		same(t, "all", []string{
			"parent:1 updated", "parent:2 unchanged", "parent:3 unchanged",
			"child:1 updated", "child:2 unchanged", "child:3 failed: missing-parent in parent_id", "child:4 unchanged",
			"child:5 updated", "child:6 unchanged", "child:7 unchanged",
		}, w.run(run.Options{}).ends)
	})
}

// TestRetryFile: what landed from a retry file is open no more.
func TestRetryFile(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = family(t, w)
		same(t, "ends", firstEnds, w.run(run.Options{}).ends)
		w.file("mended.csv", "No,Name", "2,mended")
		same(t, "from the file", []string{"parent:2 created"}, w.run(run.Options{Inputs: map[string]string{"parent": filepath.Join(w.dir, "mended.csv")}}).ends[:1])
		out := w.run(run.Options{RetryOpen: true})
		same(t, "what is still open", []string{"child:3 failed: missing-parent in parent_id", "child:6 failed: not-null in parent_id"}, out.ends)
	})
}

// TestRetryByCommand: what a person sees of a retry.
func TestRetryByCommand(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = family(t, w)
		if code, _, errs := w.cli("retry"); code != 2 || errs == "" {
			t.Errorf("before any run: exit %d, %s", code, errs)
		}
		runs := filepath.Join(w.dir, "runs")
		if code, _, errs := w.cli("run", "--runs", runs); code != 4 {
			t.Errorf("run: exit %d, %s", code, errs)
		}
		if code, _, errs := w.cli("retry", "--runs", runs, "acme-0099"); code != 2 || !strings.Contains(errs, "acme-0099") {
			t.Errorf("unknown run: exit %d, %s", code, errs)
		}
		w.file("parents.csv", "No,Name", "1,one", "2,mended", "3,three")
		w.file("children.csv", "No,Parent,Friend,Name", "1,1,3,n", "2,2,,n", "3,1,,n", "4,1,9,n", "5,1,2,n", "6,1,,n", "7,3,,n")
		if code, _, errs := w.cli("retry", "--runs", runs, "acme-0001"); code != 0 {
			t.Errorf("retry: exit %d, %s", code, errs)
		}
		for range 2 {
			if code, out, errs := w.cli("retry", "--runs", runs); code != 0 {
				t.Errorf("retry of nothing: exit %d\n%s%s", code, out, errs)
			}
		}
	})
}
