package ledger

import (
	"context"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// OpenRecord is a record that did not land: failed, blocked or unknown.
type OpenRecord struct {
	Slice  int // numbers count the records of a slice; Corrections stands for any of them
	Number int64
}

// Open hands the entity's records that a retry, itself already written as run,
// is to run again to each, key by key. When the run names a parent, they are
// the parent's; else those of the last completed run over all records and of
// every run since, as far as no later run brought them to a good end. Records
// without a key are left out: no source finds them again.
func (l *Ledger) Open(ctx context.Context, tx sqldb.Tx, run *Run, entityID int64, each func(key string, open []OpenRecord) error) error {
	runs, err := l.Runs(ctx, tx, run.Migration)
	if err != nil {
		return err
	}
	from, to := retried(run, runs)
	byID := map[int64]*Run{}
	for _, earlier := range runs {
		byID[earlier.ID] = earlier
	}
	var keyed openKey
	tell := func() error {
		if open := keyed.open(); len(open) > 0 {
			return each(keyed.key, open)
		}
		return nil
	}
	// Key by key, so that one of them at a time is in memory; the database sorts.
	err = l.books.Query(ctx, tx, func(v []record.Value) error {
		if key := v[0].String(); key != keyed.key {
			if err := tell(); err != nil {
				return err
			}
			keyed = openKey{key: key}
		}
		teller, at := byID[v[1].Int()], OpenRecord{Slice: int(v[2].Int()), Number: v[3].Int()}
		failed := record.Disposition(v[4].String()).NeedsRetry()
		switch {
		case teller != nil && teller.Mode == ModeRollback: // it read nothing
		case teller != nil && teller.Options.Inputs[v[5].String()] != "" && len(keyed.places) > 0:
			keyed.elsewhere(failed)
		default:
			keyed.told(v[1].Int(), at, failed, teller != nil && (teller.Options.Retry || len(teller.Options.Only) > 0))
		}
		return nil
	}, `SELECT e.source_key, e.run_id, e.slice_no, e.record_no, e.disposition, n.name
FROM {entry} e JOIN {entity} n ON n.id = e.entity_id
WHERE e.entity_id = ? AND e.run_id >= ? AND e.run_id <= ? AND e.source_key <> ''
ORDER BY e.source_key, e.run_id, e.slice_no, e.ordinal, e.seq`, entityID, from, to)
	if err != nil {
		return err
	}
	return tell()
}

// retried is the range of runs whose open records a retry runs again.
func retried(run *Run, runs []*Run) (from, to int64) {
	if run.ParentID != 0 {
		return run.ParentID, run.ParentID
	}
	return lastOverAll(runs, run.ID), run.ID - 1
}

// lastOverAll is the last completed one of the runs before a run that was over
// all records: what did not land before it, it has read again. 0 stands for
// none. The runs come newest first.
func lastOverAll(runs []*Run, before int64) int64 {
	for _, earlier := range runs {
		if earlier.ID < before && earlier.State.Ended() && earlier.Kind() == KindAll {
			return earlier.ID
		}
	}
	return 0
}

// LastOverAll is the number of the last completed run before this one that was
// over all records, or 0.
func (l *Ledger) LastOverAll(ctx context.Context, tx sqldb.Tx, run *Run) (int64, error) {
	runs, err := l.Runs(ctx, tx, run.Migration)
	return lastOverAll(runs, run.ID), err
}

// openKey follows the records of one key through the runs.
type openKey struct {
	key    string
	places []openPlace
	at     map[OpenRecord]int // the newest of the places there
	run    int64              // the run that tells
	next   int                // no place before this one is left for the run to take over
}

type openPlace struct {
	OpenRecord
	run  int64 // the last one that told of it
	open bool
}

// told takes note of what a run says of a record. Where it stands at none of
// the places known, and the run reads a key's records wherever they stand, it
// is one of those that are open and have another number now: records were put
// in or taken out above it, or the source gives no number to what it picks.
func (k *openKey) told(run int64, at OpenRecord, failed, wherever bool) {
	if run != k.run {
		k.run, k.next = run, 0
	}
	i := k.find(run, at)
	if i < 0 && (wherever || at.Number == 0) {
		i = k.takeOver(run)
	}
	if i < 0 {
		i = len(k.places)
		k.places = append(k.places, openPlace{})
	}
	if at.Slice == Corrections && k.places[i].Number == at.Number && k.places[i].run == run {
		at = k.places[i].OpenRecord
	}
	k.places[i] = openPlace{OpenRecord: at, run: run, open: failed}
	if k.at == nil {
		k.at = map[OpenRecord]int{}
	}
	k.at[at] = i
}

// find looks for the place itself. A correction speaks of a number in whatever
// slice of its run, and what it speaks of is found by number later.
func (k *openKey) find(run int64, at OpenRecord) int {
	if at.Number == 0 {
		return -1
	}
	if i, known := k.at[at]; known && k.places[i].OpenRecord == at {
		return i
	}
	if at.Slice == Corrections {
		for i := range k.places {
			// What failed when it was read is another record of the key: only what
			// had landed is corrected.
			if p := &k.places[i]; p.run == run && p.Number == at.Number && !p.open {
				return i
			}
		}
		return -1
	}
	if i, known := k.at[OpenRecord{Corrections, at.Number}]; known && k.places[i].Slice == Corrections && k.places[i].run != run {
		return i
	}
	return -1
}

// takeOver finds an open place that the run has not told of.
func (k *openKey) takeOver(run int64) int {
	for ; k.next < len(k.places); k.next++ {
		if p := &k.places[k.next]; p.open && p.run != run {
			return k.next
		}
	}
	return -1
}

// elsewhere takes note of a record of another file, which counts its records in
// its own way: only keys compare, and what landed from it is open no more.
func (k *openKey) elsewhere(failed bool) {
	for i := range k.places {
		k.places[i].open = k.places[i].open && failed
	}
}

// open lists the places that are.
func (k *openKey) open() []OpenRecord {
	var open []OpenRecord
	for i := range k.places {
		if k.places[i].open {
			open = append(open, k.places[i].OpenRecord)
		}
	}
	return open
}

// ReadAt hands the places at which a run has read records of the keys so far to
// each, as far as it keeps entries of them.
func (l *Ledger) ReadAt(ctx context.Context, tx sqldb.Tx, runID, entityID int64, keys []string, each func(key string, at OpenRecord)) error {
	if len(keys) == 0 {
		return nil
	}
	args := []any{runID, entityID, int64(Corrections)}
	for _, key := range keys {
		args = append(args, key)
	}
	return l.books.Query(ctx, tx, func(v []record.Value) error {
		each(v[0].String(), OpenRecord{Slice: int(v[1].Int()), Number: v[2].Int()})
		return nil
	}, "SELECT source_key, slice_no, record_no FROM {entry} WHERE run_id = ? AND entity_id = ? AND slice_no < ? AND source_key IN ("+
		strings.TrimSuffix(strings.Repeat("?, ", len(keys)), ", ")+")", args...)
}
