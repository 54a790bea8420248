package lawtest

import (
	"strings"
	"testing"

	"landfall/internal/reconcile"
	"landfall/internal/run"
	"landfall/internal/verdict"
)

// TestReconcileLinked: a row that is only pointed at must be what it was
// recognised by, in the eyes of the target; the rest of it may change.
func TestReconcileLinked(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		text, name := "varchar(20)", "Ulm"
		if strings.HasPrefix(w.url, "sqlite:") {
			text, name = "varchar(20) COLLATE NOCASE", "ULM"
		}
		w.do("CREATE TABLE cities (id NUMBER, name "+text+", note varchar(20))", "INSERT INTO cities (name) VALUES ('"+name+"'), ('Bonn'), ('Trier')")
		mapping := `  city:
    from: {file: cities.csv, key: No}
    to: {table: cities, key: {column: id, new: identity}, match: [name]}
    on_match: link
    fields: {name: Name, note: Note}
`
		w.mapping(mapping)
		w.file("cities.csv", "No,Name,Note", "1,Ulm,a", "2,Bonn,b", "3,Trier,c", "4,Bern,d")
		w.run(run.Options{})
		w.do("UPDATE cities SET note = 'theirs' WHERE id < 4")
		counts := w.clean("what is not recognised by may change", reconcile.Options{}).Entities[0].Counts
		same(t, "linked", []int64{3, 4}, []int64{counts[verdict.CountLinked], counts[verdict.CountEqual]})
		w.do("UPDATE cities SET name = 'Köln' WHERE id = 2")
		w.file("cities.csv", "No,Name,Note", "1,Ulm,a", "2,Bonn,b", "3,,c", "4,Bern,d")
		v := w.reconcile(reconcile.Options{Records: 3})
		same(t, "differences", []string{"differs city:2 row 2 name: 'Bonn' -> 'Köln'", "differs city:3 row 3 name: NULL -> 'Trier'"}, v.lines())
		counts = v.Entities[0].Counts
		same(t, "linked", []int64{1, 2, 2}, []int64{counts[verdict.CountLinked], counts[verdict.CountEqual], counts[string(verdict.Differs)]})
		w.file("cities.csv", "No,Name,Note", "1,far too long a name for it,a", "2,Köln,b", "3,Trier,c", "4,Bern,d")
		same(t, "rejected now", []string{"differs city:1 row 1"}, w.reconcile(reconcile.Options{}).lines())
		w.file("cities.csv", "No,Name,Note", "1,Ulm,a", "2,Köln,b", "3,Trier,c", "4,Bern,d")
		w.mapping(strings.Replace(strings.Replace(mapping, ", match: [name]", "", 1), "    on_match: link\n", "", 1))
		same(t, "no match any more", []string{"whether 3 records point at the right rows: the mapping does not say any more by what rows are recognised"},
			w.notLooked(w.clean("no match any more", reconcile.Options{}), "city"))
	})
}
