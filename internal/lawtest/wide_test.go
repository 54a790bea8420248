package lawtest

import (
	"fmt"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/run"
)

// Four hundred columns make a list that no index of PostgreSQL could hold.
func TestWideTables(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		var columns, header, cells, fields []string
		for i := range 400 {
			name := fmt.Sprintf("measurement_of_station_%03d", i)
			columns = append(columns, name+" varchar(5)")
			header, cells, fields = append(header, name), append(cells, fmt.Sprint(i)), append(fields, name+": "+name)
		}
		w.do("CREATE TABLE wide (id NUMBER, code varchar(5), " + strings.Join(columns, ", ") + ")")
		w.file("wide.csv", "code,"+strings.Join(header, ","), "a,"+strings.Join(cells, ","))
		w.mapping("\n  wide:\n    from: {file: wide.csv, key: code}\n    to: {table: wide, key: {column: id, new: identity}}\n    fields: {code: code, " + strings.Join(fields, ", ") + "}\n")
		if got := w.run(run.Options{}).counts["wide"][record.Created]; got != 1 {
			t.Errorf("created %d", got)
		}
		if got := w.run(run.Options{}).counts["wide"][record.Unchanged]; got != 1 {
			t.Errorf("unchanged %d", got)
		}
	})
}

// One cell of 50 MB lands beside small ones, is known again, and is refused
// with its length where the column is short.
func TestVastCells(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a cell of 50 MB")
	}
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE notes (id NUMBER, body text, title varchar(10), legacy_id integer)")
		long := strings.Repeat("some \"\"words\"\"\n, ", 50<<20/18)
		w.file("notes.csv", "No,Body,Title", `1,a,b`, `2,"`+long+`",c`, `3,d,"`+long+`"`, `4,e,f`)
		w.mapping(`  note:
    from: {file: notes.csv, key: No}
    to: {table: notes, key: {column: id, new: identity}}
    fields: {body: Body, title: Title, legacy_id: No}
`)
		ends := []string{"note:1 created", "note:2 created", "note:3 failed: too-long in title", "note:4 created"}
		same(t, "ends", ends, w.run(run.Options{}).ends)
		same(t, "lengths", []string{"1|1", fmt.Sprintf("2|%d", len(strings.ReplaceAll(long, `""`, `"`))), "4|1"}, w.query("SELECT legacy_id, length(body) FROM notes ORDER BY legacy_id"))
		for i := range ends {
			ends[i] = strings.ReplaceAll(ends[i], "created", "unchanged")
		}
		same(t, "ends of a second run", ends, w.run(run.Options{}).ends)
	})
}
