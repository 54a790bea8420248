package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Moment says when something was measured.
type Moment string

// The moments.
const (
	MomentBefore Moment = "before" // the run wrote its first row, to whatever table
	MomentAfter  Moment = "after"  // the run's last record had its end
	MomentTaken  Moment = "taken"  // of the rows that a batch changed or deleted, as they were right before
	MomentPut    Moment = "put"    // of the rows that a batch created or changed, as they were right after
	MomentOthers Moment = "others" // of the rows that others have created since Before, when After was taken
)

// MeasureFingerprint is the name of a measure that is a fingerprint; those that
// are totals bear the total's text.
const MeasureFingerprint = "fingerprint"

// MeasureMark is the name of a measure that helps to tell rows apart that others
// create while a wave runs: a key of a moment before, above which new ones are, or
// what the database's snapshot saw at that moment. Its Group says what it is of.
const MeasureMark = "mark"

// The Groups of marks.
const (
	MarkHighest  = "highest key"
	MarkCounter  = "counter"
	MarkSnapshot = "snapshot"
)

// Measure is a number that was taken of an entity's target table.
type Measure struct {
	EntityID int64
	Name     string
	// Group is the JSON array of a group's values as text, NULL among them as
	// null; empty for what is measured over all rows. Of a fingerprint it is the
	// name of the entity whose batch was measured, where that is another one which
	// lands in the same table.
	Group   string
	Moment  Moment
	Slice   int   // of a fingerprint's taken and put, with Ordinal: the batch
	Ordinal int64 // of the slice Corrections: counted from 0, whatever batches are there
	Value   string
	None    bool // there is no value, as of the least of no rows
}

// GroupCount is the Group of the measure that says how many groups a total has,
// which none of them is. It has no value where there were more than are told.
const GroupCount = "[]"

// Fingerprint reads the value of a fingerprint.
func (m *Measure) Fingerprint() (f record.Fingerprint, err error) {
	if err := json.Unmarshal([]byte(m.Value), &f); err != nil {
		return f, fmt.Errorf("a fingerprint in the books: %w", err)
	}
	return f, nil
}

// FingerprintMeasure makes a measure of a fingerprint.
func FingerprintMeasure(entityID int64, moment Moment, f record.Fingerprint) (Measure, error) {
	text, err := json.Marshal(f)
	return Measure{EntityID: entityID, Name: MeasureFingerprint, Moment: moment, Value: string(text)}, err
}

// measuresAtOnce keeps the arguments of a statement below every database's limit.
const measuresAtOnce = 100

// Measure writes measures of a run.
func (l *Ledger) Measure(ctx context.Context, tx sqldb.Tx, runID int64, measures []Measure) error {
	for chunk := range slices.Chunk(measures, measuresAtOnce) {
		args := make([]any, 0, 8*len(chunk))
		for _, m := range chunk {
			value := any(m.Value)
			if m.None {
				value = nil
			}
			args = append(args, runID, m.EntityID, m.Name, m.Group, string(m.Moment), int64(m.Slice), m.Ordinal, value)
		}
		_, err := l.books.Exec(ctx, tx, "INSERT INTO {measure} (run_id, entity_id, name, grouping, moment, slice_no, ordinal, value) VALUES "+
			strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?, ?, ?), ", len(chunk)), ", "), args...)
		if err != nil {
			return fmt.Errorf("writing measures: %w", err)
		}
	}
	return nil
}

// Measures hands all that was measured around a run to each, entity by entity.
func (l *Ledger) Measures(ctx context.Context, tx sqldb.Tx, runID int64, each func(*Measure) error) error {
	return l.measures(ctx, tx, each, "run_id = ?", runID)
}

// measuredSince is the version of the books that first had measures.
const measuredSince = 3

func (l *Ledger) measures(ctx context.Context, tx sqldb.Tx, each func(*Measure) error, where string, args ...any) error {
	able, err := l.books.Since(ctx, tx, measuredSince)
	if err != nil || !able {
		return err
	}
	return l.books.Query(ctx, tx, func(row []record.Value) error {
		return each(&Measure{
			EntityID: row[0].Int(), Name: row[1].String(), Group: row[2].String(), Moment: Moment(row[3].String()),
			Slice: int(row[4].Int()), Ordinal: row[5].Int(), Value: row[6].String(), None: row[6].IsNull(),
		})
	}, "SELECT entity_id, name, grouping, moment, slice_no, ordinal, value FROM {measure} WHERE "+where+
		" ORDER BY entity_id, name, grouping, moment, slice_no, ordinal", args...)
}

// MeasuredAt reports whether an entity was measured at a moment: before and
// after are measured once, however often the run is resumed.
func (l *Ledger) MeasuredAt(ctx context.Context, tx sqldb.Tx, runID, entityID int64, moment Moment) (bool, error) {
	_, measured, err := l.books.One(ctx, tx, "SELECT 1 FROM {measure} WHERE run_id = ? AND entity_id = ? AND moment = ? LIMIT 1", runID, entityID, string(moment))
	return measured, err
}

// NextCorrection is the ordinal of the next fingerprint that is taken outside
// of the entity's batches.
func (l *Ledger) NextCorrection(ctx context.Context, tx sqldb.Tx, runID, entityID int64) (int64, error) {
	row, _, err := l.books.One(ctx, tx, "SELECT coalesce(max(ordinal), -1) + 1 FROM {measure} WHERE run_id = ? AND entity_id = ? AND name = ? AND slice_no = ?",
		runID, entityID, MeasureFingerprint, int64(Corrections))
	if err != nil {
		return 0, err
	}
	return row[0].Int(), nil
}
