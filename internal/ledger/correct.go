package ledger

import (
	"context"
	"slices"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Corrections is the number of the slice that holds the later word on records
// of an entity's other slices. It sorts behind all of them, so that the last
// entry of a record is the one that counts. Its markers read no records; their
// counts take one from the disposition that a record had and add one to the
// disposition that it has now.
const Corrections = 1 << 30

// Correction supersedes what an earlier batch of the run said of a record.
type Correction struct {
	Line
	Was record.Disposition
}

// Correct appends corrections to an entity's part in a run, as one batch.
func (l *Ledger) Correct(ctx context.Context, tx sqldb.Tx, runID, entityID, epoch int64, corrected []Correction) error {
	if len(corrected) == 0 {
		return nil
	}
	row, _, err := l.books.One(ctx, tx, "SELECT coalesce(max(ordinal), -1) + 1 FROM {marker} WHERE run_id = ? AND entity_id = ? AND slice_no = ?",
		runID, entityID, int64(Corrections))
	if err != nil {
		return err
	}
	marker := &Marker{
		Place: Place{RunID: runID, EntityID: entityID, Slice: Corrections, Ordinal: row[0].Int()},
		Start: "{}", End: "{}", Counts: Counts{}, Digest: []byte{}, Epoch: epoch,
	}
	if marker.Ordinal == 0 {
		if _, err := l.books.Exec(ctx, tx, "INSERT INTO {slice} (run_id, entity_id, slice_no, name, count, bytes) VALUES (?, ?, ?, 'corrections', 0, 0)",
			runID, entityID, int64(Corrections)); err != nil {
			return err
		}
	}
	lines := make([]Line, len(corrected))
	for i := range corrected {
		lines[i] = corrected[i].Line
		marker.Counts[corrected[i].Was]--
		marker.Counts[corrected[i].Disposition]++
	}
	return l.append(ctx, tx, marker, lines)
}

// Counts adds up what the markers of an entity's part in a run say, and how
// many records they read.
func (l *Ledger) Counts(ctx context.Context, tx sqldb.Tx, runID, entityID int64) (counts Counts, read int64, err error) {
	counts = Counts{}
	err = l.markers(ctx, tx, func(m *Marker) error {
		counts.Add(m.Counts)
		read += m.Records
		return nil
	}, "run_id = ? AND entity_id = ?", runID, entityID)
	return counts, read, err
}

// lineID tells the records of an entity apart.
type lineID struct {
	key    string
	number int64
}

// spotted is a line and where it stands.
type spotted struct {
	Line
	Spot
}

// corrected reads the later word on an entity's records.
func (l *Ledger) corrected(ctx context.Context, tx sqldb.Tx, runID, entityID int64) (map[lineID]spotted, error) {
	last := map[lineID]spotted{}
	err := l.segments(ctx, tx, runID, entityID, func(at Spot, line *Line) error {
		last[lineID{line.Key, line.Number}] = spotted{*line, at}
		return nil
	}, "slice_no = ?", int64(Corrections))
	return last, err
}

// LastTold finds what the run's last entries say of an entity's records.
func (l *Ledger) LastTold(ctx context.Context, tx sqldb.Tx, runID, entityID int64, keys []string) (map[string]*Told, error) {
	told := make(map[string]*Told, len(keys))
	if len(keys) == 0 {
		return told, nil
	}
	for chunk := range slices.Chunk(keys, 500) {
		args := []any{runID, entityID}
		for _, key := range chunk {
			args = append(args, key)
		}
		err := l.Entries(ctx, tx, func(t *Told) error {
			// A second record of the key that failed says nothing of the first.
			if first := told[t.Key]; first == nil || first.Number == t.Number || !t.Disposition.NeedsRetry() {
				told[t.Key] = t
			}
			return nil
		}, "e.run_id = ? AND e.entity_id = ? AND e.source_key IN ("+strings.TrimSuffix(strings.Repeat("?, ", len(chunk)), ", ")+")", args...)
		if err != nil {
			return nil, err
		}
	}
	return told, nil
}
