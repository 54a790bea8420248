package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"

	"landfall/internal/record"
)

// chainOf follows the links of a slice's batches.
type chainOf struct{ last []byte }

func (c *chainOf) add(link []byte) {
	sum := sha256.Sum256(append(bytes.Clone(c.last), link...))
	c.last = sum[:]
}

func (c *chainOf) end() []byte {
	if c.last == nil {
		sum := sha256.Sum256(nil)
		return sum[:]
	}
	return c.last
}

type storedMarker struct {
	slice   int
	ordinal int64
	records int64
	counts  string
	link    []byte
	head    []byte // the line of text that the link begins with
}

type storedSegment struct {
	hash  []byte
	lines []Line // nil when purged or damaged
	whole bool   // the hash fits, or the payload was purged
}

type storedEntry struct {
	seq, number, line           int64
	key, disposition, targetKey string
}

// window is some batches of a slice, from one ordinal up to another.
type window struct {
	*checker
	entity   *Entity
	slice    int64
	from, to int64
}

func (w *window) flaw(table string, ordinal int64, columns []string, text string) {
	w.checker.flaw(Flaw{Table: table, Entity: w.entity.Name, Slice: w.slice, Ordinal: ordinal, Columns: columns, Text: text, Wide: columns != nil || text == brokenLink})
}

const brokenLink = "the link is not over what marker, segment and entries of the batch say"

// check reports whether there is more after the window.
func (w *window) check(ctx context.Context, chain *chainOf) (more bool, err error) {
	markers, err := w.markers(ctx)
	if err != nil {
		return false, err
	}
	last := len(markers) == 0
	if last {
		w.to = 1 << 62 // what is left has no marker
	} else {
		w.to = markers[len(markers)-1].ordinal + 1
	}
	segments, err := w.segments(ctx)
	if err != nil {
		return false, err
	}
	entries, err := w.entries(ctx, segments)
	if err != nil {
		return false, err
	}
	next := w.from
	for i := range markers {
		m := &markers[i]
		w.done.Batches++
		w.done.Records += m.records
		for ; next < m.ordinal && next < w.from+1000; next++ {
			w.flaw("marker", next, nil, "the batch has no marker")
		}
		next = m.ordinal + 1
		segment := segments[m.ordinal]
		if segment == nil {
			w.flaw("segment", m.ordinal, nil, "the batch has no segment")
			segment = &storedSegment{}
		}
		entriesHash := sha256.Sum256(nil)
		sum := entriesHash[:]
		if h := entries[m.ordinal]; h != nil {
			sum = h.Sum(nil)
		}
		h := sha256.New()
		h.Write(m.head)
		h.Write(segment.hash)
		h.Write(sum)
		if !bytes.Equal(h.Sum(nil), m.link) {
			w.flaw("marker", m.ordinal, contradictions(m, segment), brokenLink)
		}
		chain.add(m.link)
		delete(segments, m.ordinal)
		delete(entries, m.ordinal)
	}
	for ordinal := range segments {
		w.flaw("segment", ordinal, nil, "the batch has no marker")
	}
	for ordinal := range entries {
		w.flaw("entry", ordinal, nil, "the batch has no marker")
	}
	return !last, nil
}

// markers reads as many as have together about windowRecords records.
func (w *window) markers(ctx context.Context) ([]storedMarker, error) {
	var markers []storedMarker
	total := int64(0)
	err := w.l.books.Query(ctx, w.tx, func(v []record.Value) error {
		if total >= windowRecords {
			return nil
		}
		m := storedMarker{slice: int(w.slice), ordinal: v[0].Int(), records: v[3].Int(), counts: v[5].String(), link: []byte(v[7].Raw())}
		total += max(1, m.records)
		m.head = fmt.Appendf(nil, "%d/%d/%d/%d %s %s %d %x %s %d\n", w.run.ID, w.entity.ID, w.slice, m.ordinal, v[1].String(), v[2].String(),
			m.records, v[4].Raw(), m.counts, v[6].Int())
		markers = append(markers, m)
		return nil
	}, `SELECT ordinal, start_pos, end_pos, records, digest, counts, epoch, link FROM {marker}
WHERE run_id = ? AND entity_id = ? AND slice_no = ? AND ordinal >= ? ORDER BY ordinal LIMIT 2000`, w.run.ID, w.entity.ID, w.slice, w.from)
	return markers, err
}

const inWindow = " WHERE run_id = ? AND entity_id = ? AND slice_no = ? AND ordinal >= ? AND ordinal < ?"

func (w *window) args() []any { return []any{w.run.ID, w.entity.ID, w.slice, w.from, w.to} }

func (w *window) segments(ctx context.Context) (map[int64]*storedSegment, error) {
	segments := map[int64]*storedSegment{}
	err := w.l.books.Query(ctx, w.tx, func(v []record.Value) error {
		s := &storedSegment{hash: []byte(v[1].Raw()), whole: true}
		segments[v[0].Int()] = s
		if v[2].IsNull() {
			w.done.Purged++
			return nil
		}
		payload := []byte(v[2].Raw())
		if sum := sha256.Sum256(payload); !bytes.Equal(sum[:], s.hash) {
			s.whole = false
			w.flaw("segment", v[0].Int(), []string{"payload or hash"}, "the payload does not have its hash")
			return nil
		}
		lines := []Line{}
		if err := decodeSegment(payload, func(line *Line) error { lines = append(lines, *line); return nil }); err != nil {
			w.flaw("segment", v[0].Int(), []string{"payload"}, err.Error())
			return nil
		}
		s.lines = lines
		return nil
	}, "SELECT ordinal, hash, payload FROM {segment}"+inWindow+" ORDER BY ordinal", w.args()...)
	return segments, err
}

// entries hashes the entries of each batch, and compares each with its own
// payload and with the segment.
func (w *window) entries(ctx context.Context, segments map[int64]*storedSegment) (map[int64]hash.Hash, error) {
	hashes := map[int64]hash.Hash{}
	var buf []byte
	columns := ""
	for _, column := range entryColumns {
		columns += w.l.books.Dialect().Quote(column.Name) + ", "
	}
	err := w.l.books.Query(ctx, w.tx, func(v []record.Value) error {
		w.done.Entries++
		ordinal := v[3].Int()
		if hashes[ordinal] == nil {
			hashes[ordinal] = sha256.New()
		}
		buf = buf[:0]
		for _, cell := range v[:16] {
			buf = cell.AppendBinary(buf)
		}
		hashes[ordinal].Write(v[19].AppendBinary(buf))
		e := &storedEntry{seq: v[4].Int(), key: v[5].String(), number: v[6].Int(), line: v[7].Int(), disposition: v[8].String(), targetKey: v[9].String()}
		found := Flaw{Table: "entry", Entity: w.entity.Name, Slice: w.slice, Ordinal: ordinal, Seq: e.seq, Key: e.key, Wide: true}
		purged := v[16].IsNull() && v[17].IsNull() && v[18].IsNull()
		if hash := payloadHash(v[16].Raw(), v[17].Raw(), v[18].Raw()); !bytes.Equal(hash, []byte(v[15].Raw())) {
			if purged {
				w.done.Purged++
			} else {
				found.Columns, found.Text = []string{"source, before, after or payload_hash"}, "the payload does not have its hash"
				w.checker.flaw(found)
			}
		}
		if said := e.told(segments[ordinal]); len(said) > 0 {
			found.Columns, found.Text = said, "the entry does not say what the batch's segment says"
			w.checker.flaw(found)
		}
		return nil
	}, "SELECT "+columns[:len(columns)-2]+" FROM {entry}"+inWindow+" ORDER BY ordinal, seq", w.args()...)
	return hashes, err
}

// payloadHash is over what may be purged of an entry.
func payloadHash(texts ...string) []byte {
	payload := sha256.New()
	for _, text := range texts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(text)))
		payload.Write(size[:])
		payload.Write([]byte(text))
	}
	return payload.Sum(nil)
}
