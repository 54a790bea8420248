package lawtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"landfall/internal/reconcile"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// notLooked are the lines of an entity, as the result has them; they are in the
// books, too.
func (w *world) notLooked(v *verdicts, entity string) []string {
	w.t.Helper()
	var kept []*verdict.Entity
	w.look(func(tx sqldb.Tx) (err error) {
		kept, err = verdict.New(w.ledger().Books()).Entities(context.Background(), tx, v.ID)
		return err
	})
	for i, e := range v.Entities {
		if e.Name != entity {
			continue
		}
		if !slices.Equal(e.NotLooked, kept[i].NotLooked) {
			w.t.Errorf("%s: told as not looked at: %q, in the books: %q", entity, e.NotLooked, kept[i].NotLooked)
		}
		return append([]string{}, e.NotLooked...)
	}
	w.t.Fatalf("%s was not compared", entity)
	return nil
}

// TestNotLooked: what a narrow comparison leaves out is told, and a whole one
// leaves nothing out.
func TestNotLooked(t *testing.T) {
	const gone, rows, orphans, totals, counters = "records that the source does not hold any more", "rows that no record owns", "references to rows that are not there", "declared totals", "the target's counters"
	sample, err := reconcile.ParseSample("50%")
	if err != nil {
		t.Fatal(err)
	}
	eachTarget(t, func(t *testing.T, w *world) {
		w = w.guild(t)
		w.mapping(strings.Replace(guildMapping, "  tag:\n", "    totals: [\"sum(balance)\"]\n  tag:\n", 1))
		all := w.reconcile(reconcile.Options{})
		for _, e := range all.Entities {
			same(t, "of everything, "+e.Name, []string{}, w.notLooked(all, e.Name))
		}
		w.run(run.Options{Only: []record.Ref{ref("member:1"), ref("branch:B1")}})
		newest := w.query("SELECT name FROM " + w.books("run") + " ORDER BY id DESC")[0]
		every := strings.Join([]string{gone, rows, orphans, totals, counters}, ", ")
		for what, c := range map[string]struct {
			o    reconcile.Options
			want []string
		}{
			"a record":                   {reconcile.Options{Only: []record.Ref{ref("member:1")}, Entities: []string{"member"}}, []string{every + ": only named records were compared"}},
			"a sample":                   {reconcile.Options{Sample: sample}, []string{gone + ", " + totals + ": a sample says nothing of records that it passed over"}},
			"a run over some":            {reconcile.Options{Run: newest}, []string{every + ": the run was over some of the records"}},
			"entities, all of their own": {reconcile.Options{Entities: []string{"member"}}, []string{}},
		} {
			same(t, what, c.want, w.notLooked(w.reconcile(c.o), "member"))
		}
	})
}

// TestNotLookedTotals: a total that cannot be compared is told.
func TestNotLookedTotals(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE things (id NUMBER, no bigint, points bigint)")
		mapping := `  thing:
    from: {file: things.csv, key: No}
    to: {table: things, key: {column: id, new: identity}}
    fields: {no: No}
`
		w.mapping(mapping)
		lines := []string{"No"}
		for no := range 10_010 {
			lines = append(lines, fmt.Sprint(no))
		}
		w.file("things.csv", lines...)
		w.run(run.Options{})
		w.mapping(mapping + `    totals: ["sum(no)", "sum(points)", "count() by points", "count() by no"]` + "\n")
		same(t, "not looked at", []string{
			"total sum(points): source and mapping do not say what points must hold",
			"total count() by points: source and mapping do not say what points must hold",
			"total count() by no: it has more than 10000 groups",
		}, w.notLooked(w.clean("totals", reconcile.Options{}), "thing"))
	})
}

// TestNotLookedArrivals: where nothing tells when a row came, nobody can say
// that it must not be there.
func TestNotLookedArrivals(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for name, c := range map[string]struct {
			unwatched bool
			o         reconcile.Options
			want      []string
		}{
			"a fingerprint":   {false, reconcile.Options{}, []string{}},
			"no fingerprint":  {true, reconcile.Options{}, []string{"whether rows that no record owns came after the first run: neither a fingerprint nor their keys tell"}},
			"rows are theirs": {true, reconcile.Options{Live: true}, []string{}},
		} {
			t.Run(name, func(t *testing.T) {
				w := w.fresh(t, "CREATE TABLE tags (name varchar(10) PRIMARY KEY)")
				w.unwatched = c.unwatched
				w.mapping("  tag:\n    from: {file: tags.csv, key: No}\n    to: {table: tags, key: {column: name, new: natural}}\n    fields: {name: Name}\n")
				w.file("tags.csv", "No,Name", "1,red")
				w.run(run.Options{})
				w.do("INSERT INTO tags VALUES ('theirs')")
				same(t, "not looked at", c.want, w.notLooked(w.reconcile(c.o), "tag"))
			})
		}
	})
}
