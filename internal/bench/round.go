package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// round is one measurement of each program; what was not measured is nil.
type round struct {
	copy, first, second               *cost // into the table with rules and indexes
	plainCopy, plainFirst, plainRival *cost // into the one without
}

// round takes all measurements once.
func (g *ground) round(ctx context.Context) (r round, err error) {
	if r.copy, err = g.copyInto(ctx, indexed); err != nil {
		return r, err
	}
	if g.landfall != "" {
		if r.first, err = g.firstInto(ctx, indexed, "first load"); err != nil {
			return r, err
		}
		if err := g.sql(ctx, "CHECKPOINT"); err != nil {
			return r, err
		}
		second, err := g.measureLandfall(ctx, "second run", g.mappingFile(indexed))
		if err != nil {
			return r, err
		}
		if err := g.complete(ctx, indexed); err != nil {
			return r, err
		}
		r.second = &second
	}
	if !g.plain {
		return r, nil
	}
	if r.plainCopy, err = g.copyInto(ctx, plain); err != nil {
		return r, err
	}
	if g.landfall != "" {
		if r.plainFirst, err = g.firstInto(ctx, plain, "unindexed first load"); err != nil {
			return r, err
		}
	}
	if g.pgloader != "" {
		if r.plainRival, err = g.rivalInto(ctx, plain); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (g *ground) copyInto(ctx context.Context, table string) (*cost, error) {
	if err := g.withParents(ctx); err != nil {
		return nil, err
	}
	copying := fmt.Sprintf(`\copy %s (%s) FROM '%s'`, table, copyColumns, g.copyFile())
	c, err := g.measure(ctx, nil, g.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", g.url, "-c", copying)
	if err != nil {
		return nil, err
	}
	return &c, g.complete(ctx, table)
}

func (g *ground) firstInto(ctx context.Context, table, name string) (*cost, error) {
	if err := g.empty(ctx); err != nil {
		return nil, err
	}
	c, err := g.measureLandfall(ctx, name, g.mappingFile(table))
	if err != nil {
		return nil, err
	}
	return &c, g.complete(ctx, table)
}

// rivalInto loads the source's file with pgloader, which leaves the letters of
// the status as they are.
func (g *ground) rivalInto(ctx context.Context, table string) (*cost, error) {
	if err := g.withParents(ctx); err != nil {
		return nil, err
	}
	c, err := g.measure(ctx, nil, g.pgloader, "--root-dir", filepath.Join(g.dir, "pgloader"), g.pgloaderFile())
	if err != nil {
		return nil, err
	}
	return &c, g.complete(ctx, table)
}

func (g *ground) pgloaderFile() string { return filepath.Join(g.dir, "customers.load") }

const pgloaderText = `LOAD CSV
  FROM '%s' (%s [null if blanks])
  INTO %s
  TARGET TABLE public.%s
  TARGET COLUMNS (%[2]s)
  WITH skip header = 1, fields terminated by ',';
`

// fileColumns are the target's columns in the order of the source's file.
const fileColumns = "legacy_id, branch_id, name, email, phone, street, postcode, city, status, born_on, credit_limit, note"

// writeForPgloader writes pgloader's command. It takes the password from the
// environment.
func (g *ground) writeForPgloader(address *url.URL) error {
	into := fmt.Sprintf("postgresql://%s@%s%s", address.User.Username(), address.Host, address.Path)
	text := fmt.Sprintf(pgloaderText, filepath.Join(g.dir, "customers.csv"), fileColumns, into, plain)
	return os.WriteFile(g.pgloaderFile(), []byte(text), 0o644)
}
