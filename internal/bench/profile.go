package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"landfall/internal/cli"
)

// profileVariable makes this program be Landfall, and says where its profiles
// go: a path that is completed by their kinds.
const profileVariable = "LANDFALL_BENCH_PROFILE"

// profiled is Landfall's command under observation.
func profiled(prefix string) int {
	code := 0
	err := profileInto(prefix, func() { code = cli.Main(os.Args[1:]) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return code
}

func profileInto(prefix string, work func()) (err error) {
	processor, err := os.Create(prefix + ".cpu.pprof")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, processor.Close()) }()
	allocations, err := os.Create(prefix + ".allocs.pprof")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, allocations.Close()) }()
	if err := pprof.StartCPUProfile(processor); err != nil {
		return err
	}
	work()
	pprof.StopCPUProfile()
	runtime.GC() // what was allocated is known up to the last collection
	return pprof.Lookup("allocs").WriteTo(allocations, 0)
}

// measureLandfall runs Landfall, under observation where profiles are wanted.
func (g *ground) measureLandfall(ctx context.Context, name, mapping string) (cost, error) {
	if g.profiles == "" {
		return g.measure(ctx, nil, g.landfall, "run", "-f", mapping)
	}
	if err := g.sql(ctx, "SELECT pg_stat_statements_reset()"); err != nil {
		return cost{}, err
	}
	prefix := filepath.Join(g.profiles, strings.ReplaceAll(name, " ", "-"))
	c, err := g.measure(ctx, []string{profileVariable + "=" + prefix}, g.landfall, "run", "-f", mapping)
	if err != nil {
		return c, err
	}
	return c, g.writeStatements(ctx, prefix+".statements.txt")
}

// writeStatements lists what the server spent its time on. The time of a COPY
// includes waiting for its rows.
func (g *ground) writeStatements(ctx context.Context, path string) (err error) {
	conn, err := pgx.Connect(ctx, g.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, `SELECT calls, total_exec_time + total_plan_time, rows, shared_blks_hit + shared_blks_read, wal_bytes::bigint,
  left(regexp_replace(query, '\s+', ' ', 'g'), 160)
FROM pg_stat_statements WHERE query !~ 'pg_stat_statements' ORDER BY 2 DESC LIMIT 40`)
	if err != nil {
		return err
	}
	defer rows.Close()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := tabwriter.NewWriter(file, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "seconds\tcalls\trows\tpages\tWAL MiB\tstatement")
	for rows.Next() {
		var calls, touched, pages, wal int64
		var milliseconds float64
		var query string
		if err := rows.Scan(&calls, &milliseconds, &touched, &pages, &wal, &query); err != nil {
			return err
		}
		fmt.Fprintf(w, "%.2f\t%d\t%d\t%d\t%.1f\t%s\n", milliseconds*float64(time.Millisecond)/float64(time.Second), calls, touched, pages, float64(wal)/(1<<20), query)
	}
	return errors.Join(rows.Err(), w.Flush())
}
