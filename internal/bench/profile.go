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
		return g.measure(ctx, nil, g.landfall, "run", "--mode", g.mode, "-f", mapping)
	}
	if err := g.sql(ctx, "SELECT pg_stat_statements_reset()"); err != nil {
		return cost{}, err
	}
	prefix := filepath.Join(g.profiles, strings.ReplaceAll(name, " ", "-"))
	c, err := g.measure(ctx, []string{profileVariable + "=" + prefix}, g.landfall, "run", "--mode", g.mode, "-f", mapping)
	if err != nil {
		return c, err
	}
	return c, g.writeStatements(ctx, name, prefix+".statements.txt")
}
