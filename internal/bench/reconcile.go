package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
)

// compared is one measurement of holding a loaded target against its source.
type compared struct{ copy, reconcile *cost }

// compareAll measures, round by round, \copy of the rows and the reconciliation
// of the same rows after they were loaded.
func (g *ground) compareAll(ctx context.Context, out io.Writer, rounds int) error {
	if g.landfall == "" {
		return errors.New("-reconcile wants a program to measure: -landfall bin/landfall")
	}
	var all []compared
	for n := range rounds {
		r, err := g.compare(ctx)
		if err != nil {
			return fmt.Errorf("round %d: %w", n+1, err)
		}
		fmt.Fprintf(out, "round %d: copy %.2fs, reconcile %.2fs (%.2f of copy; CPU %.2fs and the server's %.2fs; %d MiB)\n",
			n+1, r.copy.took.Seconds(), r.reconcile.took.Seconds(), ratio(r.reconcile, r.copy), r.reconcile.own.Seconds(), r.reconcile.server.Seconds(),
			r.reconcile.peak>>20)
		all = append(all, r)
	}
	fmt.Fprintf(out, "\n%d rows, median of %d\n", g.rows, len(all))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tseconds\trows/s\tratio\tCPU s, own\tserver's\tCPU ratio\tpeak MiB\t")
	line := func(name string, of func(compared) *cost) {
		middle := func(what func(c, copied *cost) float64) float64 {
			return median(all, func(r compared) float64 { return what(of(r), r.copy) })
		}
		seconds := middle(func(c, _ *cost) float64 { return c.took.Seconds() })
		fmt.Fprintf(w, "%s\t%.2f\t%.0f\t%.2f of copy\t%.2f\t%.2f\t%.2f\t%.0f\t\n", name, seconds, float64(g.rows)/seconds,
			middle(ratio),
			middle(func(c, _ *cost) float64 { return c.own.Seconds() }),
			middle(func(c, _ *cost) float64 { return c.server.Seconds() }),
			middle(func(c, copied *cost) float64 { return c.processor().Seconds() / copied.processor().Seconds() }),
			middle(func(c, _ *cost) float64 { return float64(c.peak) / (1 << 20) }))
	}
	line(`psql \copy`, func(r compared) *cost { return r.copy })
	line("reconcile", func(r compared) *cost { return r.reconcile })
	return w.Flush()
}

func (g *ground) compare(ctx context.Context) (r compared, err error) {
	if r.copy, err = g.copyInto(ctx, indexed); err != nil {
		return r, err
	}
	if _, err = g.firstInto(ctx, indexed, "first load"); err != nil {
		return r, err
	}
	// Statistics as a table that lives has them.
	for _, statement := range []string{"VACUUM ANALYZE " + indexed, "VACUUM ANALYZE landfall.crosswalk", "CHECKPOINT"} {
		if err := g.sql(ctx, statement); err != nil {
			return r, err
		}
	}
	// It ends with an error where anything differs.
	c, err := g.measure(ctx, nil, g.landfall, "reconcile", "-f", g.mappingFile(indexed))
	r.reconcile = &c
	return r, err
}
