package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Place names a batch.
type Place struct {
	RunID    int64
	EntityID int64
	Slice    int
	Ordinal  int64
}

// Line is one record's end in a batch.
type Line struct {
	Key         string
	Number      int64
	Line        int64
	Disposition record.Disposition
	TargetKey   string
	Entry       *Entry // what a person will ask about; nil when the segment tells it all
}

// Entry is what the ledger keeps of a record beyond its line in the segment.
type Entry struct {
	Role    string // adopted, linked; empty otherwise
	Step    record.Step
	Field   string
	Code    record.Code
	Message string
	Source  string // JSON array of the cells read, in the header's order
	Before  string // JSON object: the target row before; empty when there was none
	After   string // JSON object: what was written
}

// FoundCarriedOut is in the message of a record the answer to whose call was lost,
// and of which looking it up showed what became of it.
const FoundCarriedOut = "the answer to its call was lost, and looking it up showed that it was carried out"

// Counts are the records of a batch, an entity or a run by disposition.
type Counts map[record.Disposition]int64

// Total is how many records they are in all.
func (c Counts) Total() int64 {
	total := int64(0)
	for _, n := range c {
		total += n
	}
	return total
}

// Add adds other to c.
func (c Counts) Add(other Counts) {
	for disposition, n := range other {
		c[disposition] += n
	}
}

// Marker says that a batch is done, and from where to where it went.
type Marker struct {
	Place
	Start   string
	End     string
	Records int64
	Digest  []byte
	Counts  Counts
	Epoch   int64
	Link    []byte // SHA-256 over the marker and the hashes of segment and entries: a link of the slice's chain
}

// Write appends a batch: its segment, its entries and its marker. It fills
// marker.Counts, Records and Link.
func (l *Ledger) Write(ctx context.Context, tx sqldb.Tx, marker *Marker, lines []Line) error {
	marker.Records = int64(len(lines))
	marker.Counts = Counts{}
	for i := range lines {
		marker.Counts[lines[i].Disposition]++
	}
	return l.append(ctx, tx, marker, lines)
}

// append writes segment, entries and marker, and fills marker.Link.
func (l *Ledger) append(ctx context.Context, tx sqldb.Tx, marker *Marker, lines []Line) error {
	payload := encodeSegment(lines)
	segmentHash := sha256.Sum256(payload)
	entries, entriesHash, err := l.entryRows(marker.Place, lines)
	if err != nil {
		return err
	}
	counts, err := json.Marshal(marker.Counts)
	if err != nil {
		return err
	}
	marker.Link = link(marker, counts, segmentHash[:], entriesHash)
	if _, err := l.books.Exec(ctx, tx, "INSERT INTO {segment} (run_id, entity_id, slice_no, ordinal, hash, payload) VALUES (?, ?, ?, ?, ?, ?)",
		marker.RunID, marker.EntityID, int64(marker.Slice), marker.Ordinal, segmentHash[:], payload); err != nil {
		return err
	}
	if len(entries) > 0 {
		written, err := tx.BulkInsert(ctx, l.books.Name("entry"), entryColumns, sqldb.RowsOf(entries))
		if err != nil {
			return err
		}
		if written != int64(len(entries)) {
			return fmt.Errorf("ledger: %d entries sent, %d written", len(entries), written)
		}
	}
	_, err = l.books.Exec(ctx, tx, "INSERT INTO {marker} (run_id, entity_id, slice_no, ordinal, start_pos, end_pos, records, digest, counts, epoch, link, committed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "+l.books.Now(0)+")",
		marker.RunID, marker.EntityID, int64(marker.Slice), marker.Ordinal, marker.Start, marker.End, marker.Records, marker.Digest, string(counts), marker.Epoch, marker.Link)
	return err
}

// link covers what the marker says and the hashes of the payloads, not the
// payloads: those may be purged one day and the chain still verifies.
func link(m *Marker, counts, segment, entries []byte) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%d/%d/%d/%d %s %s %d %x %s %d\n", m.RunID, m.EntityID, m.Slice, m.Ordinal, m.Start, m.End, m.Records, m.Digest, counts, m.Epoch)
	h.Write(segment)
	h.Write(entries)
	return h.Sum(nil)
}

// Committed reports whether the batch's marker is there: the answer to a commit
// whose own answer was lost.
func (l *Ledger) Committed(ctx context.Context, tx sqldb.Tx, at Place) (*Marker, error) {
	var marker *Marker
	err := l.markers(ctx, tx, func(m *Marker) error { marker = m; return nil },
		"run_id = ? AND entity_id = ? AND slice_no = ? AND ordinal = ?", at.RunID, at.EntityID, int64(at.Slice), at.Ordinal)
	return marker, err
}

// Markers hands every marker of the slice to each, in order.
func (l *Ledger) Markers(ctx context.Context, tx sqldb.Tx, runID, entityID int64, slice int, each func(*Marker) error) error {
	return l.markers(ctx, tx, each, "run_id = ? AND entity_id = ? AND slice_no = ?", runID, entityID, int64(slice))
}

func (l *Ledger) markers(ctx context.Context, tx sqldb.Tx, each func(*Marker) error, where string, args ...any) error {
	return l.books.Query(ctx, tx, func(row []record.Value) error {
		m := &Marker{
			Place: Place{RunID: row[0].Int(), EntityID: row[1].Int(), Slice: int(row[2].Int()), Ordinal: row[3].Int()},
			Start: row[4].String(), End: row[5].String(), Records: row[6].Int(), Digest: []byte(row[7].Raw()),
			Epoch: row[9].Int(), Link: []byte(row[10].Raw()),
		}
		if err := json.Unmarshal([]byte(row[8].String()), &m.Counts); err != nil {
			return err
		}
		return each(m)
	}, "SELECT run_id, entity_id, slice_no, ordinal, start_pos, end_pos, records, digest, counts, epoch, link FROM {marker} WHERE "+where+
		" ORDER BY run_id, entity_id, slice_no, ordinal", args...)
}

// Books are the books that the ledger is written in.
func (l *Ledger) Books() *books.Books { return l.books }

// Clone copies c.
func (c Counts) Clone() Counts {
	clone := make(Counts, len(c))
	clone.Add(c)
	return clone
}

// NotCarriedOut begins the message of a record whose call the API has not carried
// out, by all that it says, for as long as it was put up with.
const NotCarriedOut = "it was not carried out, however often it was sent"
