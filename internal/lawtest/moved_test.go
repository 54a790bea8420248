package lawtest

import (
	"fmt"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/run"
)

// A second run in which every record takes the address that the record after it
// gives up: batches free values that later batches want, and which lane is
// faster must not decide who is rejected.
func TestMovedValuesDoNotDependOnLanes(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		const people = 600
		w.do("CREATE TABLE people (id NUMBER, email varchar(60) NOT NULL UNIQUE, legacy_id integer)")
		w.mapping(`
  person:
    from: {file: people.csv, key: ID}
    to: {table: people, key: {column: id, new: identity}}
    fields: {email: Email, legacy_id: ID}
`)
		write := func(shift int) {
			var b strings.Builder
			b.WriteString("ID,Email\n")
			for i := range people {
				fmt.Fprintf(&b, "%d,p%d@example.org\n", i, i-shift)
			}
			w.file("people.csv", b.String())
		}
		write(0)
		w.run(run.Options{Records: 50, Lanes: 4})
		write(20) // each takes what an earlier record, of this batch or one before, gives up
		second := w.run(run.Options{Records: 50, Lanes: 4})
		if got := second.counts["person"][record.Updated]; got != people {
			t.Errorf("%d of %d updated: %v", got, people, second.counts["person"])
		}
	})
}
