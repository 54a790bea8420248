package lawtest

import (
	"testing"

	"landfall/internal/run"
	"landfall/internal/target"
)

// TestA02DriftInAWave: what the target takes against the plan goes back, and the
// fingerprint of the wave counts it no more.
func TestA02DriftInAWave(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE people (id NUMBER, name varchar(9), email varchar(9) UNIQUE)", "INSERT INTO people (name, email) VALUES ('old', 'b')")
		w.mapping("  person:\n    from: {file: people.csv, key: No}\n    to: {table: people, key: {column: id, new: identity}}\n    fields: {name: Name, email: Mail}\n")
		w.file("people.csv", "No,Name,Mail", "1,ann,a", "2,bob,b", "3,cid,c")
		_, path := w.planned(run.Options{Mode: target.InsertOnly})
		w.do("UPDATE people SET email = 'free'")
		out, err := w.carryOut(path)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "ends", []string{"person:1 created", "person:2 failed: plan-drift", "person:3 created"}, out.ends)
		same(t, "people", []string{"ann|a", "cid|c", "old|free"}, w.query("SELECT name, email FROM people ORDER BY name"))
	})
}
