package lawtest

import (
	"strings"
	"testing"

	"landfall/internal/rollback"
	"landfall/internal/run"
)

// A row does not go from under records that share it and are not undone.
func TestRollbackKeepsSharedRows(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE tags (name varchar(9) PRIMARY KEY)")
		w.mapping("  tag:\n    from: {file: tags.csv, key: ID}\n    to: {table: tags, key: {columns: [name], new: natural}, collapse: true}\n    fields: {name: Name}\n")
		w.file("tags.csv", "ID,Name", "1,red", "2,blue", "3,green", "4,green")
		w.run(run.Options{Records: 1})
		w.file("tags.csv", "ID,Name", "1,red", "2,blue", "3,green", "4,green", "5,red")
		w.run(run.Options{Records: 1})
		same(t, "alone", []string{"tag:3 kept: referenced"}, w.rollback(rollback.Options{Run: "acme-0001", Only: refsOf("tag:3")}).sorted())
		same(t, "with its alias", []string{"tag:3 reversed", "tag:4 reversed"}, w.rollback(rollback.Options{Run: "acme-0001", Only: refsOf("tag:3", "tag:4")}).sorted())
		back := w.rollback(rollback.Options{Run: "acme-0001"})
		same(t, "ends", []string{"tag:1 blocked: later-run", "tag:2 reversed"}, back.sorted())
		if told := back.entry(t, "1"); !strings.Contains(told.Message, "tag:5 is in the same row since run acme-0002") {
			t.Errorf("told: %s", told.Message)
		}
		same(t, "rows", []string{"red"}, w.query("SELECT name FROM tags"))
		same(t, "its run first", []string{"tag:5 reversed"}, w.rollback(rollback.Options{Run: "acme-0002"}).sorted())
		same(t, "then", []string{"tag:1 reversed"}, w.rollback(rollback.Options{Run: "acme-0001"}).sorted())
		same(t, "rows", []string{}, w.query("SELECT name FROM tags"))
	})
}
