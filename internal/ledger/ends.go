package ledger

import (
	"context"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Ends is Segments with the spots where the record was read and where the end
// that it has is told; they differ for what was corrected.
func (l *Ledger) Ends(ctx context.Context, tx sqldb.Tx, runID, entityID int64, each func(read, told Spot, line *Line) error) error {
	ends, err := l.EndsOf(ctx, tx, runID, entityID)
	if err != nil {
		return err
	}
	return l.segments(ctx, tx, runID, entityID, ends.told(each), "slice_no < ?", int64(Corrections))
}

// Ends are the ends of an entity's records in a run, to be read batch by batch.
// They hold what was corrected in memory.
type Ends struct {
	ledger          *Ledger
	runID, entityID int64
	last            map[lineID]spotted
}

// EndsOf prepares reading an entity's part in a run batch by batch.
func (l *Ledger) EndsOf(ctx context.Context, tx sqldb.Tx, runID, entityID int64) (*Ends, error) {
	last, err := l.corrected(ctx, tx, runID, entityID)
	return &Ends{ledger: l, runID: runID, entityID: entityID, last: last}, err
}

// Batch hands the records of one batch to each, as Ledger.Ends does.
func (e *Ends) Batch(ctx context.Context, tx sqldb.Tx, slice int, ordinal int64, each func(read, told Spot, line *Line) error) error {
	return e.ledger.segments(ctx, tx, e.runID, e.entityID, e.told(each), "slice_no = ? AND ordinal = ?", int64(slice), ordinal)
}

func (e *Ends) told(each func(read, told Spot, line *Line) error) func(Spot, *Line) error {
	return func(at Spot, line *Line) error {
		// Slices count their records on their own: one that failed is another of
		// the same key.
		if len(e.last) > 0 && !line.Disposition.NeedsRetry() {
			if later, found := e.last[lineID{line.Key, line.Number}]; found {
				return each(at, later.Spot, &later.Line)
			}
		}
		return each(at, at, line)
	}
}

// segments reads the segments that the condition selects.
func (l *Ledger) segments(ctx context.Context, tx sqldb.Tx, runID, entityID int64, each func(at Spot, line *Line) error, which string, args ...any) error {
	return l.books.Query(ctx, tx, func(row []record.Value) error {
		if row[2].IsNull() {
			return nil // purged
		}
		at := Spot{Slice: int(row[0].Int()), Ordinal: row[1].Int(), Seq: -1}
		return decodeSegment([]byte(row[2].Raw()), func(line *Line) error {
			at.Seq++
			return each(at, line)
		})
	}, "SELECT slice_no, ordinal, payload FROM {segment} WHERE run_id = ? AND entity_id = ? AND "+which+" ORDER BY slice_no, ordinal",
		append([]any{runID, entityID}, args...)...)
}
