// Command bench measures Landfall against the fastest thing there is: psql's
// \copy of the same rows into the same table of a durable PostgreSQL.
//
//	make bench BENCH="-rows 1000000 -rounds 3"
//
// It starts a server of its own, makes the data, and in each round takes the
// time of \copy, of a first load, and of a second run that changes nothing. The
// three follow each other in every round, so that a machine that grows slower
// or faster meanwhile does so for all of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"landfall/internal/servertest"
)

func main() {
	rows := flag.Int("rows", 1_000_000, "customers to move")
	rounds := flag.Int("rounds", 3, "how often to measure; the medians count")
	binary := flag.String("landfall", "bin/landfall", "the program to measure; empty measures \\copy alone")
	dir := flag.String("dir", "", "existing folder for data and server (default: a temporary one)")
	flag.Parse()
	// A signal ends the commands that are measured; the server then goes down in order.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *dir, *binary, *rows, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, binary string, rows, rounds int) (err error) {
	if rows < 1 || rounds < 1 {
		return errors.New("rows and rounds are at least 1")
	}
	work, err := os.MkdirTemp(dir, "landfall-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	// The server's own user must be able to walk to its folder.
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	data := filepath.Join(work, "server")
	if err := os.Mkdir(data, 0o755); err != nil {
		return err
	}
	server, err := servertest.Start(data, servertest.Options{
		ByteOrder: true, // the harder race: \copy gains more from it than we do
		Settings: []string{
			"shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=15min", "checkpoint_completion_target=0.9",
			"maintenance_work_mem=128MB",
		},
	})
	if err != nil {
		return err
	}
	defer server.Stop()
	g := &ground{dir: work, url: server.URL("postgres"), rows: rows}
	if binary != "" {
		if g.landfall, err = filepath.Abs(binary); err != nil {
			return err
		}
	}
	if err := g.prepare(ctx); err != nil {
		return err
	}
	var results []round
	for n := range rounds {
		result, err := g.round(ctx)
		if err != nil {
			return fmt.Errorf("round %d: %w", n+1, err)
		}
		fmt.Printf("round %d: %s\n", n+1, result.line())
		results = append(results, result)
	}
	report(os.Stdout, rows, results)
	return nil
}
