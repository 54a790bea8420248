package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// cost is what one program took.
type cost struct {
	took time.Duration
	peak int64 // bytes
}

// round is one measurement of each; first and second are zero when only \copy
// was measured.
type round struct {
	copy, first, second cost
}

// maxrssUnit is what the system counts the peak of a process in.
var maxrssUnit = func() int64 {
	if runtime.GOOS == "darwin" {
		return 1
	}
	return 1024
}()

func (r round) line() string {
	if r.first.took == 0 {
		return fmt.Sprintf("copy %.2fs", r.copy.took.Seconds())
	}
	return fmt.Sprintf("copy %.2fs, first %.2fs (%.2f of copy), second %.2fs (%.2f of first), peak %d MiB",
		r.copy.took.Seconds(), r.first.took.Seconds(), ratio(r.first, r.copy),
		r.second.took.Seconds(), ratio(r.second, r.first), max(r.first.peak, r.second.peak)>>20)
}

func ratio(a, b cost) float64 { return a.took.Seconds() / b.took.Seconds() }

// report prints medians. Ratios are medians of the rounds' own ratios, since
// each compares neighbours in time.
func report(out io.Writer, rows int, rounds []round) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "\n%d rows, median of %d\n", rows, len(rounds))
	fmt.Fprintln(w, "\tseconds\trows/s\tratio\tpeak MiB\t")
	line := func(name string, of func(round) cost, to func(round) cost, note string) {
		seconds := median(rounds, func(r round) float64 { return of(r).took.Seconds() })
		fmt.Fprintf(w, "%s\t%.2f\t%.0f\t%.2f %s\t%.0f\t\n", name, seconds, float64(rows)/seconds,
			median(rounds, func(r round) float64 { return ratio(of(r), to(r)) }), note,
			median(rounds, func(r round) float64 { return float64(of(r).peak) / (1 << 20) }))
	}
	copied := func(r round) cost { return r.copy }
	first := func(r round) cost { return r.first }
	line(`psql \copy`, copied, copied, "of copy")
	if rounds[0].first.took > 0 {
		line("first load", first, copied, "of copy")
		line("second run", func(r round) cost { return r.second }, first, "of first")
	}
	_ = w.Flush() // nothing to do about a closed terminal
}

func median(rounds []round, of func(round) float64) float64 {
	values := make([]float64, len(rounds))
	for i, r := range rounds {
		values[i] = of(r)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 0 {
		return (values[middle-1] + values[middle]) / 2
	}
	return values[middle]
}
