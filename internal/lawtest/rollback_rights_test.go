package lawtest

import (
	"net/url"
	"strings"
	"testing"

	"landfall/internal/run"
)

// A user who may not undo all of a run undoes nothing of it.
func TestRollbackAsksForItsRightsFirst(t *testing.T) {
	w := postgresWorld(t)
	agency(w)
	w.run(run.Options{Records: 2})
	loaded := w.query(agencyRows)
	name := "undoer_" + strings.ToLower(strings.ReplaceAll(w.query("SELECT current_database()")[0], "-", "_"))
	books := w.ledger().Books().Table("run")
	schema, _, _ := strings.Cut(books, ".")
	w.do("CREATE ROLE "+name+" LOGIN PASSWORD 'undoer'",
		"GRANT ALL ON SCHEMA "+schema+" TO "+name, "GRANT ALL ON ALL TABLES IN SCHEMA "+schema+" TO "+name, "GRANT ALL ON ALL SEQUENCES IN SCHEMA "+schema+" TO "+name,
		"GRANT SELECT, UPDATE, DELETE ON people TO "+name, "GRANT SELECT, UPDATE (code) ON branches TO "+name)
	address, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword(name, "undoer")
	owner := w.url
	w.url = address.String()
	t.Setenv("LAWTEST_PASSWORD", "undoer")
	w.mapping(agencyMapping)
	for _, args := range [][]string{{"rollback", "acme-0001", "--dry-run"}, {"rollback", "acme-0001"}} {
		code, out, errs := w.cli(args...)
		if code != 3 || !strings.HasSuffix(errs, "grant SELECT on public.visits (person_id, id), DELETE on public.branches, UPDATE on public.branches (code, name)\n") {
			t.Fatalf("%v: exit %d\n%s%s", args, code, out, errs)
		}
		same(t, "rows", loaded, w.query(agencyRows))
		same(t, "states", []string{"acme-0001|completed"}, w.states())
	}
	w.do("GRANT SELECT (id, person_id) ON visits TO "+name, "GRANT DELETE ON branches TO "+name, "GRANT UPDATE (name) ON branches TO "+name)
	if code, out, errs := w.cli("rollback", "acme-0001"); code != 0 {
		t.Fatalf("with all rights: exit %d\n%s%s", code, out, errs)
	}
	same(t, "states", []string{"acme-0001|rolled-back", "acme-0002|completed"}, w.states())
	w.url = owner
	w.do("DROP OWNED BY "+name, "DROP ROLE "+name)
}
