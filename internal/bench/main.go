// Command bench measures Landfall against the fastest thing there is: psql's
// \copy of the same rows into the same table of a durable PostgreSQL.
//
//	make bench BENCH="-rows 1000000 -rounds 3"
//	make bench BENCH="-rows 1000000 -rounds 1 -profile profiles"
//	make bench BENCH="-rows 3000000 -rounds 1 -mode insert-only -unindexed=false"
//	make bench-api BENCH="-rows 1000000 -live"
//
// It starts a server of its own, makes the data, and in each round takes the
// time of \copy, of a first load, and of a second run that changes nothing; then
// those of \copy, a first load and pgloader into a table without any index.
// They follow each other in every round, so that a machine that grows slower or
// faster meanwhile does so for all of them.
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

// settings are what a flag can choose.
type settings struct {
	rows     int
	rounds   int
	landfall string // the program to measure; empty measures the others alone
	dir      string // for data and server
	profile  string // folder for profiles; empty takes none
	pgloader string // program; empty leaves it out
	plain    bool   // measure the table without indexes, too
	mode     string // of Landfall's runs
	// api measures loading through the calls of an API, instead of loading; live:
	// into one that holds all of the records already.
	api, live bool
	// reconcile measures `landfall reconcile` instead of loading.
	reconcile bool
}

func main() {
	if prefix := os.Getenv(profileVariable); prefix != "" {
		os.Exit(profiled(prefix))
	}
	var s settings
	flag.IntVar(&s.rows, "rows", 1_000_000, "customers to move")
	flag.IntVar(&s.rounds, "rounds", 3, "how often to measure; the medians count")
	flag.StringVar(&s.landfall, "landfall", "bin/landfall", "the program to measure; empty measures the others alone")
	flag.StringVar(&s.dir, "dir", "", "existing folder for data and server (default: a temporary one)")
	flag.StringVar(&s.profile, "profile", "", "folder for profiles of Landfall (CPU, allocations) and the server's statements; taking them costs some percent")
	flag.StringVar(&s.pgloader, "pgloader", "pgloader", "the rival, where it is installed; empty leaves it out")
	flag.BoolVar(&s.plain, "unindexed", true, "measure the table without indexes, too")
	flag.StringVar(&s.mode, "mode", "full", "the mode of Landfall's runs: insert-only measures a wave, fingerprints included")
	flag.BoolVar(&s.reconcile, "reconcile", false, "measure the reconciliation of what was loaded, instead of loading")
	flag.BoolVar(&s.api, "api", false, "measure loading through the calls of an API, instead of loading into a database")
	flag.BoolVar(&s.live, "live", false, "with -api: the API holds all of the records already")
	flag.Parse()
	// A signal ends the commands that are measured; the server then goes down in order.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) (err error) {
	if s.rows < 1 || s.rounds < 1 {
		return errors.New("rows and rounds are at least 1")
	}
	work, err := os.MkdirTemp(s.dir, "landfall-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if s.api {
		return benchAPI(ctx, s, work)
	}
	// The server's own user must be able to walk to its folder.
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	data := filepath.Join(work, "server")
	if err := os.Mkdir(data, 0o755); err != nil {
		return err
	}
	options := servertest.Options{
		ByteOrder: true, // the harder race: \copy gains more from it than we do
		Settings: []string{
			"shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=15min", "checkpoint_completion_target=0.9",
			"maintenance_work_mem=128MB",
		},
	}
	if s.profile != "" {
		options.Settings = append(options.Settings, "shared_preload_libraries=pg_stat_statements")
	}
	server, err := servertest.Start(data, options)
	if err != nil {
		return err
	}
	defer server.Stop()
	g := &ground{dir: work, url: server.URL("postgres"), rows: s.rows, plain: s.plain, mode: s.mode}
	if err := g.choosePrograms(s); err != nil {
		return err
	}
	if err := g.prepare(ctx); err != nil {
		return err
	}
	if s.reconcile {
		return g.compareAll(ctx, os.Stdout, s.rounds)
	}
	var rounds []round
	for n := range s.rounds {
		r, err := g.round(ctx)
		if err != nil {
			return fmt.Errorf("round %d: %w", n+1, err)
		}
		fmt.Printf("round %d: %s\n", n+1, r.line())
		rounds = append(rounds, r)
	}
	report(os.Stdout, s.rows, rounds)
	g.tellWhatIsMissing(os.Stdout, s)
	return nil
}
