package lawtest

import (
	"testing"

	"landfall/internal/rollback"
	"landfall/internal/run"
)

// TestRollbackByCalls: what a run made of an API's records is taken back, so that
// the API holds what it held before; a second rollback calls for nothing.
func TestRollbackByCalls(t *testing.T) {
	w, office := officeWorld(t)
	w.staff()
	office.Put("branch", map[string]any{"code": "B2", "name": "there before", "note": "n"})
	before := everything(office)
	first := w.run(run.Options{Records: 2})
	same(t, "ends", []string{
		"branch:1 created", "branch:2 updated", "branch:3 created", "person:1 created", "person:2 created", "person:3 created",
	}, first.sorted())
	office.Sent()

	back := w.rollback(rollback.Options{Run: "acme-0001"})
	same(t, "ends of the rollback", []string{
		"branch:1 reversed", "branch:2 reversed", "branch:3 reversed", "person:1 reversed", "person:2 reversed", "person:3 reversed",
	}, back.sorted())
	same(t, "what the office keeps", before, everything(office))
	same(t, "calls", 6, len(office.Sent()))
	same(t, "states", []string{"acme-0001|rolled-back", "acme-0002|completed"}, w.states())
	same(t, "open intents", []string{"0"}, w.query("SELECT count(*) FROM "+w.books("intent")))

	again := w.rollback(rollback.Options{Run: "acme-0001"})
	same(t, "a second rollback", 0, len(again.ends))
	same(t, "calls of a second rollback", 0, len(office.Sent()))
}
