package demo

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	_ "modernc.org/sqlite" // the driver behind database/sql's name "sqlite"
)

// key is the canonical text of a whole-number key.
func key(id int) string { return strconv.Itoa(id) }

// legacyTable is a table of the legacy database that is still to be filled.
type legacyTable struct {
	entity  string
	table   string
	columns int
	rows    int
	row     func(i int) (values []any, f fault, key string)
}

// writeLegacy makes the legacy database.
func writeLegacy(ctx context.Context, path string, w *world) (entities []Entity, err error) {
	db, err := openSQLite(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, statement := range []string{branchTable, customerTable, siteTable, jobTable, jobNoteTable} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	for _, table := range []legacyTable{
		{"branch", "Branch", 6, w.branches, w.branchRow},
		{"customer", "Customer", 11, w.customers, w.customerRow},
		{"site", "Site", 6, w.sites, w.siteRow},
		{"job", "Job", 8, w.jobs, w.jobRow},
	} {
		count := newTally(table.entity)
		err := insert(ctx, db, table.table, table.columns, table.rows, func(i int) []any {
			values, f, key := table.row(i)
			count.add(f, key)
			return values
		})
		if err != nil {
			return nil, err
		}
		entities = append(entities, count.result())
		if table.entity == "customer" {
			entities[len(entities)-1].Linked = len(w.linked)
		}
	}
	return entities, w.writeRest(ctx, db)
}

// writeRest writes what is no record of its own: deleted customers and notes.
func (w *world) writeRest(ctx context.Context, db *sql.DB) error {
	if err := insert(ctx, db, "Customer", 11, w.deleted(), w.deletedRow); err != nil {
		return err
	}
	err := insert(ctx, db, "JobNote", 2, w.jobs, func(i int) []any {
		if note, has := w.jobNote(i); has {
			return []any{jobNo(i), note}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, statement := range []string{jobIndex, jobNoteIndex} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// openSQLite opens a file that is being made: if the making is cut short the
// file is thrown away, so nothing is journaled.
func openSQLite(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // pragmas belong to a connection
	for _, pragma := range []string{"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA foreign_keys = ON"} {
		if _, err := db.Exec(pragma); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// insertMany is how many rows one statement inserts: preparing and stepping a
// statement per row would take most of the time.
const insertMany = 50

// insert fills a table in one transaction; a nil row is left out.
func insert(ctx context.Context, db *sql.DB, table string, columns, rows int, row func(i int) []any) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	tuple := "(" + strings.Repeat("?,", columns-1) + "?)"
	statement := func(n int) string {
		return "INSERT INTO " + table + " VALUES " + strings.Repeat(tuple+",", n-1) + tuple
	}
	many, err := tx.PrepareContext(ctx, statement(insertMany))
	if err != nil {
		return err
	}
	defer many.Close()
	args := make([]any, 0, insertMany*columns)
	for i := range rows {
		args = append(args, row(i)...)
		if len(args) == cap(args) {
			if _, err := many.ExecContext(ctx, args...); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	if len(args) > 0 {
		if _, err := tx.ExecContext(ctx, statement(len(args)/columns), args...); err != nil {
			return err
		}
	}
	return tx.Commit()
}
