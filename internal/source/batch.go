package source

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"unicode/utf8"

	"landfall/internal/record"
)

// Limits bound a batch by what was read from the source, so that the cuts never
// depend on what becomes of the records. A run fixes them at its start.
type Limits struct {
	Records int
	Bytes   int
}

// Item is one record of a batch, with its rejection when it cannot be used.
type Item struct {
	*record.Record
	Rejection *record.Rejection
}

// Batch is a run of neighbouring records of one slice.
type Batch struct {
	Slice   int
	Ordinal int64
	Start   Position
	End     Position
	Items   []Item
	// Digest is SHA-256 over the Refs and cells of all records, in order: equal
	// digests mean that the same input was read.
	Digest [32]byte
}

// Batches cuts what a Reader yields into batches with gapless ordinals.
type Batches struct {
	reader  Reader
	limits  Limits
	slice   int
	ordinal int64
	at      Position
	hash    hash.Hash
	buf     []byte
}

// NewBatches cuts from the reader's first record on; the first batch gets the
// given ordinal and starts at the given position.
func NewBatches(reader Reader, slice int, ordinal int64, start Position, limits Limits) *Batches {
	return &Batches{reader: reader, limits: limits, slice: slice, ordinal: ordinal, at: start, hash: sha256.New()}
}

// Next returns the next batch, or io.EOF when the slice has no more records.
// The cut depends on the source's records and the limits alone.
func (b *Batches) Next() (*Batch, error) {
	batch := &Batch{Slice: b.slice, Ordinal: b.ordinal, Start: b.at}
	batch.Items = make([]Item, 0, min(b.limits.Records, 4096))
	b.hash.Reset()
	for size := 0; len(batch.Items) < b.limits.Records && size < b.limits.Bytes; {
		rec, rejection, err := b.reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if unstorable(rec.Ref.Key) {
			rec.Ref.Key = strings.ToValidUTF8(strings.ReplaceAll(rec.Ref.Key, "\x00", "\uFFFD"), "\uFFFD")
			if rejection == nil {
				rejection = &record.Rejection{Ref: rec.Ref, Step: record.StepRead, Code: record.CodeBadEncoding, Err: errBadKey}
			}
		}
		if long := len(rec.Ref.Key); long > MaxKey {
			rec.Ref.Key = shortened(rec.Ref.Key)
			if rejection == nil {
				rejection = &record.Rejection{
					Ref: rec.Ref, Step: record.StepRead, Code: record.CodeTooLong,
					Err: fmt.Errorf("the key has %d bytes, and the books keep %d at most, of which this one is shown cut: key the entity by shorter columns", long, MaxKey),
				}
			}
			rejection.Ref = rec.Ref
		}
		batch.Items = append(batch.Items, Item{Record: rec, Rejection: rejection})
		size += rec.Size()
		b.digest(rec)
	}
	if len(batch.Items) == 0 {
		return nil, io.EOF
	}
	batch.End = b.reader.Position()
	b.hash.Sum(batch.Digest[:0])
	b.at = batch.End
	b.ordinal++
	return batch, nil
}

// MaxKey is how many bytes the books keep as a key. They index keys, some
// together with names, and the index of a database has room for a third of a
// page: 2,704 bytes on PostgreSQL.
const MaxKey = 2400

// shortened is what stands for a key that is too long: its beginning, and a
// digest that tells it from others that begin so.
func shortened(key string) string {
	sum := sha256.Sum256([]byte(key))
	return fmt.Sprintf("%s\u2026%x", strings.ToValidUTF8(key[:200], ""), sum[:8])
}

// errBadKey says what is wrong with a key that no database can store as text.
var errBadKey = errors.New("the key holds bytes that are not text (NUL or broken UTF-8), shown as \uFFFD: mend the source")

func unstorable(key string) bool {
	return strings.IndexByte(key, 0) >= 0 || !utf8.ValidString(key)
}

func (b *Batches) digest(rec *record.Record) {
	b.buf = binary.AppendUvarint(b.buf[:0], uint64(len(rec.Ref.Key)))
	b.buf = append(b.buf, rec.Ref.Key...)
	for _, value := range rec.Values {
		b.buf = value.AppendBinary(b.buf)
	}
	b.buf = append(b.buf, 0xff)
	b.hash.Write(b.buf)
}
