package mapping_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"landfall/internal/mapping"
)

// TestTotalsReadBack: however a total is written, its text reads as the same
// total, whatever its columns are called.
func TestTotalsReadBack(t *testing.T) {
	parse := func(t *rapid.T, text string) mapping.Total {
		file, err := mapping.ParseBytes("landfall.yaml", fmt.Appendf(nil, top+"  e:\n    from: {table: T, key: K}\n    to: {table: t, key: {column: id, new: identity}}\n    fields: {a: A}\n    totals: %s\n", strconv.QuoteToASCII(text)))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return file.Entities[0].Totals[0]
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.StringMatching(`[a-zäß_$.-]{1,6}`), rapid.StringMatching(`[ a-z"(),*]{1,8}`), rapid.Just("by"))
		blank := rapid.SampledFrom([]string{"", " ", "\t "})
		written := func(name string) string {
			if strings.ContainsAny(name, ` "(),*`) || rapid.Bool().Draw(t, "quoted") {
				name = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
			}
			return blank.Draw(t, "before") + name + blank.Draw(t, "behind")
		}
		want := mapping.Total{Func: rapid.SampledFrom([]mapping.TotalFunc{mapping.TotalSum, mapping.TotalCount, mapping.TotalMin, mapping.TotalMax}).Draw(t, "function")}
		text := string(want.Func) + blank.Draw(t, "blank") + "("
		if want.Func != mapping.TotalCount || rapid.Bool().Draw(t, "of a column") {
			want.Column = name.Draw(t, "column")
			text += written(want.Column)
		}
		text += ")"
		want.By = rapid.SliceOfNDistinct(name, 0, 3, rapid.ID).Draw(t, "by")
		for i, column := range want.By {
			text += []string{" by ", ","}[min(i, 1)] + written(column)
		}
		got := parse(t, text)
		again := parse(t, got.Text)
		for _, read := range []mapping.Total{got, again} {
			if read.Func != want.Func || read.Column != want.Column || fmt.Sprint(read.By) != fmt.Sprint(want.By) || read.Text != got.Text {
				t.Fatalf("%s reads as %+v, wanted %+v", text, read, want)
			}
		}
	})
}
