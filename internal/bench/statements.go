package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"
)

// parts says what a statement of Landfall is for; the first that fits counts.
const parts = `CASE
  WHEN query LIKE 'COPY "public".%' THEN 'rows of the table, with its indexes and rules'
  WHEN query LIKE 'COPY "landfall"."crosswalk"%' THEN 'books: crosswalk'
  WHEN query LIKE 'CREATE UNIQUE INDEX%crosswalk_target%' THEN 'books: crosswalk by target key'
  WHEN query ~ '"landfall"."(segment|marker|entry)"' THEN 'books: segments and markers'
  WHEN query LIKE '%FROM "landfall"."crosswalk"%' THEN 'look-ups in the crosswalk'
  WHEN query LIKE 'WITH counter%' THEN 'new keys'
  WHEN query LIKE 'SELECT %FROM%"public".%' THEN 'look-ups in the table'
  WHEN query = 'COMMIT' THEN 'commits'
  ELSE 'the rest' END`

// times are summed over all sessions. That of a COPY includes waiting for its
// rows.
const seconds = "sum(total_exec_time + total_plan_time)::float8 / 1000"

// writeStatements lists what the server spent its time on, and tells the shares.
func (g *ground) writeStatements(ctx context.Context, name, path string) (err error) {
	conn, err := pgx.Connect(ctx, g.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	fmt.Printf("\n%s: what the server's statements took, added up over sessions\n", name)
	err = printRows(ctx, conn, os.Stdout, "seconds\tWAL MiB\tpart", "SELECT "+seconds+", (sum(wal_bytes) / 1048576)::float8, "+parts+
		" FROM pg_stat_statements WHERE query !~ 'pg_stat_statements' GROUP BY 3 ORDER BY 1 DESC")
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return printRows(ctx, conn, file, "seconds\tWAL MiB\tcalls\trows\tpages\tstatement", "SELECT "+seconds+`, (sum(wal_bytes) / 1048576)::float8, sum(calls)::bigint,
  sum(rows)::bigint, sum(shared_blks_hit + shared_blks_read)::bigint, left(regexp_replace(query, '\s+', ' ', 'g'), 160)
FROM pg_stat_statements WHERE query !~ 'pg_stat_statements' GROUP BY query ORDER BY 1 DESC LIMIT 40`)
}

// printRows writes a query's rows as a table.
func printRows(ctx context.Context, conn *pgx.Conn, out io.Writer, header, query string) error {
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, header)
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		for i, value := range values {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			if number, ok := value.(float64); ok {
				fmt.Fprintf(w, "%.2f", number)
				continue
			}
			fmt.Fprint(w, value)
		}
		fmt.Fprintln(w)
	}
	return errors.Join(rows.Err(), w.Flush())
}
