package lawtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/migration"
	"landfall/internal/run"
	"landfall/internal/target"
)

// TestNullPolicies: an empty cell leaves the value of a row that is there as it
// is where the mapping says so, for the field, or for the entity, and erases it
// otherwise; the plan says the same, and what is left alone is no difference, not
// for the next run and not for a reconciliation.
func TestNullPolicies(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			name, entity, field string
			kept                bool
		}{
			{name: "nothing said"},
			{name: "field keeps", field: ", null: keep", kept: true},
			{name: "entity keeps", entity: "\n    null: keep", kept: true},
			{name: "field clears", entity: "\n    null: keep", field: ", null: clear"},
			{name: "entity clears", entity: "\n    null: clear"},
			{name: "field keeps, entity clears", entity: "\n    null: clear", field: ", null: keep", kept: true},
		} {
			if w.onServer() && strings.Contains(c.name, "entity") {
				continue // what the mapping means is the same everywhere
			}
			t.Run(c.name, func(t *testing.T) {
				w := w.fresh(t, "CREATE TABLE persons (id NUMBER, email varchar(40) UNIQUE, name varchar(40), town varchar(40), legacy_id varchar(20))",
					"INSERT INTO persons (email, name, town) VALUES ('b@x', 'there', 'Oslo')")
				w.mapping(`  person:
    from: {file: persons.csv, key: No}
    to: {table: persons, key: {column: id, new: identity}, match: [email]}` + c.entity + `
    fields: {email: Mail, name: Name, town: {from: Town` + c.field + `}, legacy_id: No}
`)
				delta := run.Options{Mode: target.Delta}
				w.file("persons.csv", "No,Mail,Name,Town", "1,a@x,old,Bergen", "2,b@x,here,", "3,c@x,new,")
				same(t, "first run", []string{"person:1 created", "person:2 updated", "person:3 created"}, w.foreseen("first run", delta).ends)
				town := func(kept string) string {
					if c.kept {
						return kept
					}
					return "NULL"
				}
				rows := "SELECT name, town FROM persons ORDER BY email"
				same(t, "rows", []string{"old|Bergen", "here|" + town("Oslo"), "new|NULL"}, w.query(rows))
				w.file("persons.csv", "No,Mail,Name,Town", "1,a@x,old,", "2,b@x,here,", "3,c@x,new,")
				first := "updated"
				if c.kept {
					first = "unchanged"
				}
				if got := changesOf(t, w, delta); got != "" && c.kept || !c.kept && got != "person:1 town Bergen→NULL" {
					t.Errorf("planned changes: %q", got)
				}
				same(t, "emptied", []string{"person:1 " + first, "person:2 unchanged", "person:3 unchanged"}, w.foreseen("emptied", delta).ends)
				same(t, "rows, emptied", []string{"old|" + town("Bergen"), "here|" + town("Oslo"), "new|NULL"}, w.query(rows))
				if code, out, errs := w.cli("reconcile"); code != 0 {
					t.Errorf("reconcile ended with %d: %s%s", code, out, errs)
				}
				w.do("UPDATE persons SET town = 'Tromsø' WHERE email = 'a@x'")
				again := w.run(delta)
				if c.kept {
					same(t, "a value that stays is edited", []string{"person:1 unchanged", "person:2 unchanged", "person:3 unchanged"}, again.ends)
				}
				same(t, "rows, edited", []string{"old|Tromsø", "here|" + town("Oslo"), "new|NULL"}, w.query(rows))
				w.file("persons.csv", "No,Mail,Name,Town", "1,a@x,young,", "2,b@x,here,", "3,c@x,new,")
				if c.kept {
					same(t, "another value changes", []string{"person:1 updated", "person:2 unchanged", "person:3 unchanged"}, w.run(delta).ends)
					same(t, "rows, changed", []string{"young|Tromsø", "here|Oslo", "new|NULL"}, w.query(rows))
					same(t, "and again", []string{"person:1 unchanged", "person:2 unchanged", "person:3 unchanged"}, w.run(delta).ends)
				}
			})
		}
	})
}

// changesOf lists what is foreseen to change in rows that are there.
func changesOf(t *testing.T, w *world, o run.Options) string {
	t.Helper()
	ctx := context.Background()
	m, err := migration.Open(ctx, migration.Options{Path: filepath.Join(w.dir, "landfall.yaml"), Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(ctx)
	text := func(value *string) string {
		if value == nil {
			return "NULL"
		}
		return *value
	}
	var changes []string
	_, err = run.Foresee(ctx, m, o, func(f *run.Forecast) error {
		for _, change := range f.Changes {
			changes = append(changes, f.Ref.String()+" "+change.Column+" "+text(change.Before)+"→"+text(change.After))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(changes, ", ")
}
