package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// contender is a line of the report. Its ratio is to another's time in the same
// round.
type contender struct {
	name  string
	of    func(round) *cost
	to    func(round) *cost
	ratio string // what the ratio is of
}

var contenders = func() []contender {
	copied := func(r round) *cost { return r.copy }
	first := func(r round) *cost { return r.first }
	plainly := func(r round) *cost { return r.plainCopy }
	plainFirst := func(r round) *cost { return r.plainFirst }
	return []contender{
		{`psql \copy`, copied, copied, "of copy"},
		{"first load", first, copied, "of copy"},
		{"second run", func(r round) *cost { return r.second }, first, "of first load"},
		{`unindexed: psql \copy`, plainly, plainly, "of copy"},
		{"unindexed: first load", plainFirst, plainly, "of copy"},
		{"unindexed: pgloader", func(r round) *cost { return r.plainRival }, plainFirst, "of first load"},
	}
}()

func (r round) line() string {
	var parts []string
	for _, c := range contenders {
		if cost := c.of(r); cost != nil {
			parts = append(parts, fmt.Sprintf("%s %.2fs (%.2f; CPU %.2fs and the server's %.2fs; %d MiB)", c.name, cost.took.Seconds(), ratio(cost, c.to(r)),
				cost.own.Seconds(), cost.server.Seconds(), cost.peak>>20))
		}
	}
	return strings.Join(parts, ", ")
}

func ratio(a, b *cost) float64 {
	if b == nil {
		return 0
	}
	return a.took.Seconds() / b.took.Seconds()
}

// report prints medians. Ratios are medians of the rounds' own ratios, since
// each compares neighbours in time.
func report(out io.Writer, rows int, rounds []round) {
	fmt.Fprintf(out, "\n%d rows, median of %d\n", rows, len(rounds))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tseconds\trows/s\tratio\tCPU s, own\tserver's\tCPU ratio\tpeak MiB\t")
	for _, c := range contenders {
		if c.of(rounds[0]) == nil {
			continue
		}
		seconds := median(rounds, func(r round) float64 { return c.of(r).took.Seconds() })
		fmt.Fprintf(w, "%s\t%.2f\t%.0f\t%.2f %s\t%.2f\t%.2f\t%.2f\t%.0f\t\n", c.name, seconds, float64(rows)/seconds,
			median(rounds, func(r round) float64 { return ratio(c.of(r), c.to(r)) }), c.ratio,
			median(rounds, func(r round) float64 { return c.of(r).own.Seconds() }),
			median(rounds, func(r round) float64 { return c.of(r).server.Seconds() }),
			median(rounds, func(r round) float64 { return c.of(r).processor().Seconds() / c.to(r).processor().Seconds() }),
			median(rounds, func(r round) float64 { return float64(c.of(r).peak) / (1 << 20) }))
	}
	_ = w.Flush() // nothing to do about a closed terminal
	shares(out, rounds)
}

// shares says where a first load's time goes, and what one at the speed of \copy
// would have to do without.
func shares(out io.Writer, rounds []round) {
	if rounds[0].first == nil || rounds[0].plainCopy == nil || rounds[0].copy.server == 0 {
		return
	}
	of := func(what func(round) float64) float64 { return median(rounds, what) }
	rules := of(func(r round) float64 { return (r.copy.server - r.plainCopy.server).Seconds() })
	books := of(func(r round) float64 { return (r.first.server - r.copy.server).Seconds() })
	own := of(func(r round) float64 { return (r.first.own - r.copy.own).Seconds() })
	total := of(func(r round) float64 { return r.first.processor().Seconds() })
	spread := of(func(r round) float64 {
		return r.first.processor().Seconds() / float64(runtime.NumCPU()) / r.copy.processor().Seconds()
	})
	fmt.Fprintf(out, `
processor time of a first load, %.2f s, beside \copy's:
  indexes and rules of the table, which \copy keeps too: %.2f s
  books and new keys, in the server: %.2f s
  reading, shaping, hashing and sending: %.2f s
  all of it spread over %d cores without a gap: %.2f of \copy's processor time, which is one core's
`, total, rules, books, own, runtime.NumCPU(), spread)
}

func median[R any](rounds []R, of func(R) float64) float64 {
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
