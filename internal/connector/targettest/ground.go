package targettest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// ground is a database with a schema and rows in it.
type ground struct {
	t  *testing.T
	h  Harness
	db sqldb.DB
}

func (h Harness) ground(t *testing.T, statements ...string) *ground {
	t.Helper()
	g := &ground{t: t, h: h, db: h.Empty(t)}
	g.do(statements...)
	return g
}

// do runs statements in a transaction of their own.
func (g *ground) do(statements ...string) {
	g.t.Helper()
	g.within(func(tx sqldb.Tx) {
		for _, statement := range statements {
			if _, err := tx.Exec(g.t.Context(), statement); err != nil {
				g.t.Fatalf("%s: %v", statement, err)
			}
		}
	})
}

// within runs work in a transaction and commits it.
func (g *ground) within(work func(sqldb.Tx)) {
	g.t.Helper()
	tx, err := g.db.Begin(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	work(tx)
	if err := tx.Commit(g.t.Context()); err != nil {
		g.t.Fatalf("commit: %v", err)
	}
}

// query returns rows as text, cells divided by "|".
func (g *ground) query(sql string) []string {
	g.t.Helper()
	found := []string{}
	g.within(func(tx sqldb.Tx) {
		rows, err := tx.Query(g.t.Context(), sql)
		if err != nil {
			g.t.Fatalf("%s: %v", sql, err)
		}
		defer rows.Close()
		for rows.Next() {
			found = append(found, text(rows.Values()))
		}
		if err := rows.Err(); err != nil {
			g.t.Fatalf("%s: %v", sql, err)
		}
	})
	return found
}

func text(values []record.Value) string {
	cells := make([]string, len(values))
	for i, value := range values {
		cells[i] = value.String()
		if value.IsNull() {
			cells[i] = "NULL"
		}
	}
	return strings.Join(cells, "|")
}

// lander prepares landing in a table; columns are the names of those that are
// written, key those of the key.
func (g *ground) lander(name, key, columns string) (target.Table, []sqldb.Column) {
	g.t.Helper()
	about, err := g.db.Table(g.t.Context(), name)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.h.Table(g.db.Dialect(), about, pick(g.t, about, key)), pick(g.t, about, columns)
}

func pick(t *testing.T, about *sqldb.Table, names string) []sqldb.Column {
	t.Helper()
	var columns []sqldb.Column
	for name := range strings.FieldsSeq(names) {
		column, ok := about.Column(name)
		if !ok {
			t.Fatalf("%s has no column %s", about.Name, name)
		}
		columns = append(columns, *column)
	}
	return columns
}

// row makes values of nil, int and string.
func row(cells ...any) []record.Value {
	values := make([]record.Value, len(cells))
	for i, cell := range cells {
		switch cell := cell.(type) {
		case nil:
		case int:
			values[i] = record.Int(int64(cell))
		case string:
			values[i] = record.Text(cell)
		case record.Value:
			values[i] = cell
		default:
			panic(fmt.Sprintf("no cell: %T", cell))
		}
	}
	return values
}

// refusals is what was refused: place, code, columns and holder, in words.
func refusals(landed target.Landed) []string {
	told := []string{}
	for _, refusal := range landed.Refused {
		line := fmt.Sprintf("%d %s", refusal.Row, refusal.Code)
		if len(refusal.Columns) > 0 {
			line += " in " + strings.Join(refusal.Columns, " ")
		}
		if refusal.Holder != "" {
			line += " held by " + refusal.Holder
		}
		told = append(told, line)
	}
	return told
}

func (g *ground) same(what string, want, got []string) {
	g.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		g.t.Errorf("%s, wanted and got:\n%s", what, diff)
	}
}

// secret stands in values that no refusal may repeat.
const secret = "hush"

func (g *ground) keepsSecrets(landed target.Landed) {
	g.t.Helper()
	for _, refusal := range landed.Refused {
		if refusal.Message == "" || strings.Contains(refusal.Message, secret) {
			g.t.Errorf("row %d: message %q", refusal.Row, refusal.Message)
		}
	}
}
