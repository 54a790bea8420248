package lawtest

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/run"
)

const markedMapping = `  person:
    from: {file: persons.csv, key: No, operation: {column: Op, insert: [I, N, ""], change: U}}
    to: {table: persons, key: {column: id, new: identity}}
    fields: {email: Mail, name: Name, legacy_id: No}
`

// TestA03MarkedAsChange: an input that marks a record as anything else than new
// is refused as a whole by a wave, before its first row, and by its plan; other
// modes take changes and refuse what the mapping does not list.
func TestA03MarkedAsChange(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(personTable)
		w.mapping(markedMapping)
		w.file("persons.csv", "No,Mail,Name,Op", "1,a@x,Ann,I", "2,b@x,Bob, N ", "3,c@x,Cy,", "4,d@x,Dan,U", "5,e@x,Eve,u")
		w.refusedInput(t, wave, "persons.csv is refused as a whole: 2 of its 5 records are marked as something else than new records (Op): person:4 (line 5), person:5 (line 6); take them out of the input: a wave only inserts")
		code, out, errs := w.cli("plan", "--mode", "insert-only", "-o", filepath.Join(w.dir, "plan.json"))
		if code != 2 || !strings.Contains(errs, "2 of its 5 records are marked as something else than new records") {
			t.Errorf("plan: exit %d\n%s%s", code, out, errs)
		}
		if code, out, errs := w.cli("run", "--mode", "insert-only"); code != 2 || !strings.Contains(errs, "person:4 (line 5)") {
			t.Errorf("run: exit %d\n%s%s", code, out, errs)
		}
		w.refusedInput(t, run.Options{}, "1 of its 5 records are marked as something else than new records or changes (Op): person:5 (line 6); take them out of the input, or list what stands in Op")
		same(t, "rows", []string{"0"}, w.query("SELECT count(*) FROM persons"))

		w.file("persons.csv", "No,Mail,Name,Op", "1,a@x,Ann,I", "2,b@x,Bob,N", "3,c@x,Cy,", "4,d@x,Dan,U")
		w.refusedInput(t, wave, "person:4 (line 5); take them out of the input, or bring it by `landfall run --mode delta`")
		w.run(run.Options{})
		w.file("persons.csv", "No,Mail,Name,Op", "6,f@x,Flo,I", "7,far too long an address for the column that it goes to,Gus,I")
		w.run(wave)
		// A retry is held to what a wave may do, too.
		w.file("persons.csv", "No,Mail,Name,Op", "6,f@x,Flo,I", "7,g@x,Gus,U")
		w.refusedInput(t, run.Options{RetryOpen: true}, "person:7 (line 3)")
		same(t, "rows", []string{"5"}, w.query("SELECT count(*) FROM persons"))
	})
}

// refusedInput runs and expects the input to be refused, naming this.
func (w *world) refusedInput(t *testing.T, o run.Options, says string) {
	t.Helper()
	_, err := w.try(o, run.Run)
	var refused *run.OperationError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), says) {
		t.Errorf("it ended with %v\nwanted %s", err, says)
	}
}
