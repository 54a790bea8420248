package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// A segment is the zstd frame of: the format's version (1 byte), the number of
// records (uvarint), and for each record its disposition (1 byte, the place in
// record.Dispositions), how far its record number and its line are from those
// of the record before (varints), and source key and target key, each as the
// length shared with the one before, the length of the rest, and the rest.
const segmentVersion = 1

var (
	zstdEncoder, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	zstdDecoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
)

var dispositionPlace = func() map[record.Disposition]byte {
	places := map[record.Disposition]byte{}
	for i, disposition := range record.Dispositions {
		places[disposition] = byte(i)
	}
	return places
}()

func encodeSegment(lines []Line) []byte {
	buf := make([]byte, 0, 16*len(lines)+16)
	buf = append(buf, segmentVersion)
	buf = binary.AppendUvarint(buf, uint64(len(lines)))
	var number, line int64
	var key, target string
	for i := range lines {
		l := &lines[i]
		buf = append(buf, dispositionPlace[l.Disposition])
		buf = binary.AppendVarint(buf, l.Number-number)
		buf = binary.AppendVarint(buf, l.Line-line)
		buf = record.AppendFront(buf, key, l.Key)
		buf = record.AppendFront(buf, target, l.TargetKey)
		number, line, key, target = l.Number, l.Line, l.Key, l.TargetKey
	}
	return zstdEncoder.EncodeAll(buf, nil)
}

var errSegment = errors.New("segment is damaged")

func decodeSegment(payload []byte, each func(*Line) error) error {
	buf, err := zstdDecoder.DecodeAll(payload, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errSegment, err)
	}
	if len(buf) == 0 || buf[0] != segmentVersion {
		return errSegment
	}
	in := segmentReader{buf: buf[1:]}
	count := in.uvarint()
	var line Line
	for i := uint64(0); i < count && !in.bad; i++ {
		place := int(in.byte())
		line.Number += in.varint()
		line.Line += in.varint()
		line.Key = in.front(line.Key)
		line.TargetKey = in.front(line.TargetKey)
		if in.bad || place >= len(record.Dispositions) {
			return errSegment
		}
		line.Disposition = record.Dispositions[place]
		if err := each(&line); err != nil {
			return err
		}
	}
	if in.bad || len(in.buf) != 0 {
		return errSegment
	}
	return nil
}

// segmentReader reads what encodeSegment wrote; bad sticks once input ran out.
type segmentReader struct {
	buf []byte
	bad bool
}

func (r *segmentReader) uvarint() uint64 {
	n, size := binary.Uvarint(r.buf)
	return n * uint64(r.skip(size))
}

func (r *segmentReader) varint() int64 {
	n, size := binary.Varint(r.buf)
	return n * int64(r.skip(size))
}

// skip moves on and returns 1, or marks the input bad and returns 0.
func (r *segmentReader) skip(size int) int {
	if size <= 0 {
		r.bad = true
		return 0
	}
	r.buf = r.buf[size:]
	return 1
}

func (r *segmentReader) byte() byte {
	if len(r.buf) == 0 {
		r.bad = true
		return 0
	}
	b := r.buf[0]
	r.buf = r.buf[1:]
	return b
}

func (r *segmentReader) front(before string) string {
	shared, rest := r.uvarint(), r.uvarint()
	if r.bad || shared > uint64(len(before)) || rest > uint64(len(r.buf)) {
		r.bad = true
		return ""
	}
	text := before[:shared] + string(r.buf[:rest])
	r.buf = r.buf[rest:]
	return text
}

// Segments hands every record of an entity's part in a run to each, slice by
// slice and in order, with the end that it has after all corrections. The Line
// is only valid during the call.
func (l *Ledger) Segments(ctx context.Context, tx sqldb.Tx, runID, entityID int64, each func(slice int, line *Line) error) error {
	return l.Ends(ctx, tx, runID, entityID, func(read, _ Spot, line *Line) error { return each(read.Slice, line) })
}

// Spot is where a record stands in the ledger of an entity's part in a run: in
// a slice's batch, and in the batch. Its entry, where it has one, has the same.
type Spot struct {
	Slice   int
	Ordinal int64
	Seq     int64
}
