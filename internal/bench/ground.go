package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"landfall/internal/servertest"
)

// ground is a server with empty tables, and the files to fill them from.
type ground struct {
	dir      string
	url      string
	rows     int
	landfall string // absolute path of the program; empty when only \copy is measured
	psql     string
	password string
}

func (g *ground) copyFile() string    { return filepath.Join(g.dir, "customers.copy") }
func (g *ground) mappingFile() string { return filepath.Join(g.dir, "landfall.yaml") }

func (g *ground) prepare(ctx context.Context) error {
	bin, err := servertest.Binaries()
	if err != nil {
		return err
	}
	g.psql = filepath.Join(bin, "psql")
	if _, err := os.Stat(g.psql); err != nil {
		if g.psql, err = exec.LookPath("psql"); err != nil {
			return err
		}
	}
	if err := g.write(); err != nil {
		return err
	}
	address, err := url.Parse(g.url)
	if err != nil {
		return err
	}
	g.password, _ = address.User.Password()
	address.User = url.User(address.User.Username())
	if err := os.WriteFile(g.mappingFile(), fmt.Appendf(nil, mappingText, address), 0o644); err != nil {
		return err
	}
	return g.sql(ctx, tables)
}

// empty puts the server back to where every measurement begins, with nothing
// left to write to disk.
func (g *ground) empty(ctx context.Context) error {
	for _, statement := range []string{
		"TRUNCATE customers, branches RESTART IDENTITY",
		"DROP SCHEMA IF EXISTS landfall CASCADE",
		"CHECKPOINT",
	} {
		if err := g.sql(ctx, statement); err != nil {
			return err
		}
	}
	return os.RemoveAll(filepath.Join(g.dir, "runs"))
}

// round takes all measurements once.
func (g *ground) round(ctx context.Context) (round, error) {
	var r round
	if err := g.empty(ctx); err != nil {
		return r, err
	}
	err := g.sql(ctx, fmt.Sprintf("INSERT INTO branches (name, legacy_id) SELECT 'Branch ' || n, n::text FROM generate_series(1, %d) n", branches))
	if err != nil {
		return r, err
	}
	copying := fmt.Sprintf(`\copy customers (%s) FROM '%s'`, copyColumns, g.copyFile())
	if r.copy, err = g.measure(ctx, g.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", g.url, "-c", copying); err != nil {
		return r, err
	}
	if err := g.complete(ctx); err != nil || g.landfall == "" {
		return r, err
	}
	if err := g.empty(ctx); err != nil {
		return r, err
	}
	if r.first, err = g.measure(ctx, g.landfall, "run", "-f", g.mappingFile()); err != nil {
		return r, err
	}
	if err := g.complete(ctx); err != nil {
		return r, err
	}
	if err := g.sql(ctx, "CHECKPOINT"); err != nil {
		return r, err
	}
	if r.second, err = g.measure(ctx, g.landfall, "run", "-f", g.mappingFile()); err != nil {
		return r, err
	}
	return r, g.complete(ctx)
}

// measure runs a program and takes its time and its peak of memory.
func (g *ground) measure(ctx context.Context, program string, args ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "LANDFALL_BENCH_PASSWORD="+g.password)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, output.Bytes())
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, fmt.Errorf("%s: this system does not tell its memory", filepath.Base(program))
	}
	return cost{took: took, peak: usage.Maxrss * maxrssUnit}, nil
}

// complete makes sure that nobody wins by leaving rows out.
func (g *ground) complete(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, g.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var count int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM customers JOIN branches ON branches.id = branch_id").Scan(&count); err != nil {
		return err
	}
	if count != g.rows {
		return fmt.Errorf("%d customers are in the table, not %d", count, g.rows)
	}
	return nil
}

func (g *ground) sql(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, g.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, statement)
	return err
}
