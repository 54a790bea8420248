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
