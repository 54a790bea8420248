package postgres

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"landfall/internal/record"
	"landfall/internal/servertest"
	"landfall/internal/sqldb"
)

// TestRecordHash holds the hash that the server computes against our own, over
// drawn values of every type: they are equal, or the server's is that of no row.
func TestRecordHash(t *testing.T) {
	url := servertest.Database(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	tx := openTx(t, url)
	run := func(sql string) {
		t.Helper()
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{"CREATE DOMAIN amount AS numeric(10,2)", "CREATE DOMAIN short AS varchar(20)", "CREATE DOMAIN label AS short"} {
		run(sql)
	}
	unhashed := map[string]bool{"real": true, "json": true, "jsonb": true}
	for at, kind := range drawn {
		name := fmt.Sprintf("hashed %d \\ ä", at)
		run(`CREATE TABLE ` + Dialect.Quote(name) + ` (id bigint, "v'é" ` + kind.declared + `, behind text)`)
		run("COMMIT")
		tx.end()
		tx = openTx(t, url)
		table, err := tx.db.Table(t.Context(), Dialect.Quote(name))
		if err != nil {
			if table, err = tx.db.Table(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		value := table.Columns[1]
		expression, ok := Dialect.(sqldb.RecordHasher).RecordHash("t", []sqldb.Column{table.Columns[2], value})
		if ok == unhashed[kind.declared] {
			t.Fatalf("%s: the server hashes it: %v", kind.declared, ok)
		}
		if !ok {
			continue
		}
		r := rand.New(rand.NewPCG(seed, uint64(at)))
		var rows [][]record.Value
		for i := range 1500 {
			row := []record.Value{record.Int(int64(i)), record.Null(), record.Text(anyText(r, 200))}
			if r.IntN(20) > 0 {
				row[1] = kind.draw(r)
			}
			rows = append(rows, row)
		}
		if _, err := tx.BulkInsert(t.Context(), table.Name, table.Columns, sqldb.RowsOf(rows)); err != nil {
			t.Fatal(err)
		}
		hasher := record.NewHasher([]string{"behind", value.Name}, []int{1, 0})
		seen := map[string][]byte{}
		equal := 0
		err = tx.db.each(t.Context(), `SELECT t."v'é", t.behind, `+expression+` FROM `+Dialect.QuoteName(table.Name)+` t`, func(row []record.Value) error {
			fitted, misfit := value.Type.Fit(row[0])
			if misfit != nil {
				return misfit
			}
			ours := hasher.Sum([]record.Value{fitted, row[1]})
			encoded := row[1].AppendBinary(fitted.AppendBinary(nil))
			switch theirs := row[2].Raw(); {
			case theirs == string(ours[:]):
				equal++
			case value.Type.Kind != record.KindFloat && len(row[1].Raw()) != 128 && len(fitted.String()) != 128:
				t.Errorf("%s: %q is %x here and %x there", kind.declared, fitted, ours, theirs)
			}
			if before, known := seen[row[2].Raw()]; known && !bytes.Equal(before, encoded) {
				t.Errorf("%s: %q has the hash of another value", kind.declared, fitted)
			}
			seen[row[2].Raw()] = encoded
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if equal < len(rows)/3 {
			t.Errorf("%s: %d rows of %d have the same hash on both sides", kind.declared, equal, len(rows))
		}
	}
	tx.end()
}
