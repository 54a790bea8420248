package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// trendRuns is over how many runs a trend is drawn.
const trendRuns = 12

// trendCodes is how many codes are told.
const trendCodes = 15

// writeTrends compares the newest run that can be compared with the run before
// it, code by code, the greatest changes first.
func writeTrends(w io.Writer, runs []*Status, charts bool) error {
	at := slices.IndexFunc(runs, func(s *Status) bool { return s.ComparedWith != "" })
	if at < 0 {
		return nil
	}
	newest := runs[at]
	var alike []*Status // oldest first
	for _, s := range runs[at:] {
		if s.Kind == newest.Kind && len(alike) < trendRuns {
			alike = append(alike, s)
		}
	}
	slices.Reverse(alike)
	var codes []string
	for code := range newest.Codes {
		codes = append(codes, code)
	}
	for code := range newest.Changes {
		if newest.Codes[code] == 0 {
			codes = append(codes, code)
		}
	}
	if len(codes) == 0 {
		return nil
	}
	slices.SortFunc(codes, func(a, b string) int {
		if x, y := abs(newest.Changes[a]), abs(newest.Changes[b]); x != y {
			return int(y - x)
		}
		if x, y := newest.Codes[a], newest.Codes[b]; x != y {
			return int(y - x)
		}
		return strings.Compare(a, b)
	})
	fmt.Fprintf(w, "\nRejections of %s against %s\n", newest.Run, newest.ComparedWith)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, code := range codes[:min(len(codes), trendCodes)] {
		is := newest.Codes[code]
		line := fmt.Sprintf("  %s\t%s → %s\t%s", code, grouped(is-newest.Changes[code]), grouped(is), signed(newest.Changes[code]))
		if charts && len(alike) > 1 {
			line += "\t" + sparkline(alike, code)
		}
		fmt.Fprintln(table, line)
	}
	if more := len(codes) - trendCodes; more > 0 {
		fmt.Fprintf(table, "  and %s\n", counted(more, "more code"))
	}
	return table.Flush()
}

func abs(n int64) int64 { return max(n, -n) }

func signed(n int64) string {
	switch {
	case n > 0:
		return "+" + grouped(n)
	case n == 0:
		return "same"
	}
	return grouped(n)
}

// sparkline draws a code's numbers from run to run, none as a dot.
func sparkline(runs []*Status, code string) string {
	heights := []rune("▁▂▃▄▅▆▇█")
	most := int64(1)
	for _, s := range runs {
		most = max(most, s.Codes[code])
	}
	var line strings.Builder
	for _, s := range runs {
		n := s.Codes[code]
		if n == 0 {
			line.WriteRune('·')
			continue
		}
		line.WriteRune(heights[min(int64(len(heights)-1), n*int64(len(heights))/most)])
	}
	return line.String()
}
