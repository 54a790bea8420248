package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The two tables that the same rows go into.
const (
	indexed = "customers"
	plain   = "plain_customers"
)

// ground is a server with empty tables, and the files to fill them from.
type ground struct {
	dir      string
	url      string
	rows     int
	landfall string // absolute path of the program; empty when it is not measured
	profiles string // folder for profiles; empty when none are wanted
	pgloader string // path of the program; empty when it is not measured
	plain    bool   // whether the table without indexes is measured
	mode     string // of Landfall's runs
	psql     string
	password string

	serverProcess int // the server's first process
}

func (g *ground) copyFile() string { return filepath.Join(g.dir, "customers.copy") }

func (g *ground) mappingFile(table string) string { return filepath.Join(g.dir, table+".yaml") }

func (g *ground) prepare(ctx context.Context) error {
	if err := g.write(); err != nil {
		return err
	}
	address, err := url.Parse(g.url)
	if err != nil {
		return err
	}
	g.password, _ = address.User.Password()
	address.User = url.User(address.User.Username())
	for _, table := range []string{indexed, plain} {
		if err := os.WriteFile(g.mappingFile(table), fmt.Appendf(nil, mappingText, address, table), 0o644); err != nil {
			return err
		}
	}
	if err := g.writeForPgloader(address); err != nil {
		return err
	}
	if g.serverProcess, err = g.findServer(ctx); err != nil {
		return err
	}
	if g.profiles != "" {
		if err := g.sql(ctx, "CREATE EXTENSION pg_stat_statements"); err != nil {
			return fmt.Errorf("-profile wants the server's module pg_stat_statements: %w", err)
		}
	}
	return g.sql(ctx, tables)
}

// findServer reads the number of the server's first process where it leaves it.
func (g *ground) findServer(ctx context.Context) (int, error) {
	conn, err := pgx.Connect(ctx, g.url)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var data string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&data); err != nil {
		return 0, err
	}
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(first)
}

// empty puts the server back to where every measurement begins, with nothing
// left to write to disk.
func (g *ground) empty(ctx context.Context) error {
	for _, statement := range []string{
		"TRUNCATE customers, plain_customers, branches RESTART IDENTITY",
		"DROP SCHEMA IF EXISTS landfall CASCADE",
		"CHECKPOINT",
	} {
		if err := g.sql(ctx, statement); err != nil {
			return err
		}
	}
	return os.RemoveAll(filepath.Join(g.dir, "runs"))
}

// withParents is empty, but for the rows that \copy's rows refer to.
func (g *ground) withParents(ctx context.Context) error {
	if err := g.empty(ctx); err != nil {
		return err
	}
	return g.sql(ctx, fmt.Sprintf("INSERT INTO branches (name, legacy_id) SELECT 'Branch ' || n, n::text FROM generate_series(1, %d) n", branches))
}

// complete makes sure that nobody wins by leaving rows out.
func (g *ground) complete(ctx context.Context, table string) error {
	conn, err := pgx.Connect(ctx, g.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var count int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM "+table+" c JOIN branches ON branches.id = c.branch_id").Scan(&count); err != nil {
		return err
	}
	if count != g.rows {
		return fmt.Errorf("%d rows are in %s, not %d", count, table, g.rows)
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
