package lawtest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// TestChain recomputes the ledger's hashes from what stands in the books, by
// the documented rule and without the ledger's own code.
func TestChain(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w = family(t, w)
		w.run(run.Options{Records: 2})
		w.file("parents.csv", "No,Name", "1,changed", "2,mended", "3,three")
		w.run(run.Options{Records: 2})
		if batches := w.verify(t); batches < 8 {
			t.Errorf("%d batches", batches)
		}
		// Purged payloads leave the chain whole; anything else that changes breaks it.
		own := w.db.Dialect().(sqldb.OwnTables)
		entry, segment := w.db.Dialect().QuoteName(own.OwnName("entry")), w.db.Dialect().QuoteName(own.OwnName("segment"))
		w.do("UPDATE " + entry + " SET source = NULL, before = NULL, after = NULL")
		w.do("UPDATE " + segment + " SET payload = NULL")
		w.verify(t)
	})
}

func (w *world) verify(t *testing.T) (batches int) {
	t.Helper()
	own := w.db.Dialect().(sqldb.OwnTables)
	table := func(name string) string { return w.db.Dialect().QuoteName(own.OwnName(name)) }
	w.look(func(tx sqldb.Tx) error {
		entries := map[string][]byte{} // batch -> its entries' cells, encoded
		each(t, tx, `SELECT run_id, entity_id, slice_no, ordinal, seq, source_key, record_no, line, disposition, target_key, role, step, field, code,
  message, payload_hash, at, source, before, after FROM `+table("entry")+" ORDER BY run_id, entity_id, slice_no, ordinal, seq", func(v []record.Value) {
			batch := text(v[:4])
			for _, cell := range v[:17] {
				entries[batch] = cell.AppendBinary(entries[batch])
			}
			payload := sha256.New()
			for _, cell := range v[17:] {
				var size [8]byte
				binary.BigEndian.PutUint64(size[:], uint64(len(cell.Raw())))
				payload.Write(size[:])
				payload.Write([]byte(cell.Raw()))
			}
			if purged := v[17].IsNull() && v[18].IsNull() && v[19].IsNull(); !purged && hex.EncodeToString(payload.Sum(nil)) != strings.TrimPrefix(v[15].String(), `\x`) {
				t.Errorf("entry %s: the payload is not what was hashed", batch)
			}
		})
		segments := map[string]string{}
		each(t, tx, "SELECT run_id, entity_id, slice_no, ordinal, hash, payload FROM "+table("segment"), func(v []record.Value) {
			segments[text(v[:4])] = v[4].Raw()
			if sum := sha256.Sum256([]byte(v[5].Raw())); !v[5].IsNull() && v[4].Raw() != string(sum[:]) {
				t.Errorf("segment %s is not what was hashed", text(v[:4]))
			}
		})
		chains := map[string][]byte{}
		each(t, tx, `SELECT run_id, entity_id, slice_no, ordinal, start_pos, end_pos, records, digest, counts, epoch, link FROM `+table("marker")+
			" ORDER BY run_id, entity_id, slice_no, ordinal", func(v []record.Value) {
			batches++
			h := sha256.New()
			fmt.Fprintf(h, "%s %s %s %d %x %s %d\n", text(v[:4]), v[4], v[5], v[6].Int(), v[7].Raw(), v[8], v[9].Int())
			h.Write([]byte(segments[text(v[:4])]))
			all := sha256.Sum256(entries[text(v[:4])])
			h.Write(all[:])
			link := h.Sum(nil)
			if string(link) != v[10].Raw() {
				t.Errorf("batch %s: the link is not over what the books say", text(v[:4]))
			}
			sum := sha256.Sum256(append(chains[text(v[:3])], link...))
			chains[text(v[:3])] = sum[:]
		})
		each(t, tx, "SELECT run_id, entity_id, slice_no, seal FROM "+table("slice"), func(v []record.Value) {
			if chain := chains[text(v[:3])]; string(chain) != v[3].Raw() {
				t.Errorf("slice %s: the seal is not the chain's end", text(v[:3]))
			}
		})
		return nil
	})
	return batches
}

func each(t *testing.T, tx sqldb.Tx, sql string, visit func([]record.Value)) {
	t.Helper()
	rows, err := tx.Query(context.Background(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	for rows.Next() {
		visit(rows.Values())
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func text(values []record.Value) string {
	parts := make([]string, len(values))
	for i, value := range values {
		parts[i] = value.String()
	}
	return strings.Join(parts, "/")
}
