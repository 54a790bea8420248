package rollback

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"landfall/internal/crosswalk"
	"landfall/internal/intent"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// deed is what is to be undone of a record.
type deed int

const (
	nothing deed = iota // the run did nothing that is left to undo
	made                // it inserted a row
	changed             // it changed a row
	noted               // it only changed what the crosswalk says
)

// item is one record of a batch that is undone.
type item struct {
	line      ledger.Line // as the run ended with it
	told      ledger.Spot
	entry     crosswalk.Row
	inBooks   bool
	former    crosswalk.Row // the entry as it was before the run
	hasFormer bool
	deed      deed
	shape     *shape
	key       []record.Value
	row       []record.Value // as it is, in the order of the batch's columns; nil when it is gone
	before    []record.Value // what goes back, in the order of the shape's columns
	gone      bool
	waits     bool // for other rows to go first
	untold    bool // it failed in the run: there is only the crosswalk to put back
	end       record.Disposition
	why       *record.Rejection
	after     string // the row as it is restored, for the ledger
	was       string // and as it was found
	note      string

	// Of what is undone by calls:
	begun     *intent.Intent // what a call of a rollback was to do, the answer of which is lost
	done      bool           // it has done it
	version   string         // of the record as it was read
	inDoubt   bool           // a call of a run was for it, and nobody knows what became of it
	unsettled bool           // its call stays open: it is not known, or was done in part
}

// keep says that the record is not undone, and why.
func (i *item) keep(end record.Disposition, code record.Code, field, format string, args ...any) {
	i.end = end
	i.why = &record.Rejection{Step: record.StepUndo, Code: code, Field: field, Err: fmt.Errorf(format, args...)}
}

// open reports whether nothing speaks against undoing the record so far.
func (i *item) open() bool { return i.why == nil && !i.waits }

// read reads the records of one of the run's batches that are to be undone.
func (e *entityUndo) read(ctx context.Context, tx sqldb.Tx, at ledger.Place) ([]*item, error) {
	var items []*item
	err := e.ends.Batch(ctx, tx, at.Slice, at.Ordinal, func(_, told ledger.Spot, line *ledger.Line) error {
		if _, wanted := e.only[e.ref(line.Key)]; wanted || e.only == nil {
			items = append(items, &item{line: *line, told: told})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	return items, nil
}

func (e *entityUndo) ref(key string) record.Ref { return record.Ref{Entity: e.Name, Key: key} }

// recall finds out what the run did with records, and leaves those out with
// which it did nothing that is left to undo.
func (b *batch) recall(ctx context.Context) error {
	keys := make([]string, 0, len(b.items))
	for _, i := range b.items {
		if i.line.Key != "" {
			keys = append(keys, i.line.Key)
		}
	}
	entries, err := b.store.LookupBatch(ctx, b.tx, keys)
	if err != nil {
		return fmt.Errorf("looking up the crosswalk: %w", err)
	}
	formers, err := b.store.Former(ctx, b.tx, b.runner.undone.ID, keys)
	if err != nil {
		return fmt.Errorf("looking up the crosswalk as it was: %w", err)
	}
	doubtful, err := b.inDoubt(ctx, keys)
	if err != nil {
		return err
	}
	var since []string // keys of records that later runs have written
	for _, i := range b.items {
		_, i.inDoubt = doubtful[i.line.Key]
		i.entry, i.inBooks = entries[i.line.Key]
		i.former, i.hasFormer = formers[i.line.Key]
		if i.inBooks && i.entry.LastRun > b.runner.undone.ID && len(b.later) > 0 {
			since = append(since, i.line.Key)
		}
	}
	overtaken, err := b.overtaken(ctx, since)
	if err != nil {
		return err
	}
	left := b.items[:0]
	for _, i := range b.items {
		if b.judgeDeed(i, overtaken); i.deed != nothing {
			left = append(left, i)
		}
	}
	b.items = left
	return nil
}

// judgeDeed says what is to be undone of a record.
func (b *batch) judgeDeed(i *item, overtaken map[string]overtake) {
	run := b.runner.undone.ID
	deeds := map[record.Disposition]deed{record.Created: made, record.Updated: changed, record.Skipped: noted, record.Duplicate: noted, record.Unchanged: noted}
	d, did := deeds[i.line.Disposition]
	if !did && i.told.Slice == ledger.Corrections {
		// It landed and was taken back in the same run; the crosswalk may still
		// tell of it.
		d, i.untold = noted, true
	}
	switch later, is := overtaken[i.line.Key]; {
	case i.inDoubt && i.line.Disposition == record.Unknown:
		i.deed = made
		i.keep(record.Blocked, record.CodeNoAnswer, "", "it is not known what became of the call that was to bring it: settle that by `landfall retry`, and roll back again")
	case d == nothing:
	case !i.inBooks && d != noted && !b.before:
		i.deed = d
		i.keep(record.Kept, record.CodeMissing, "", "the crosswalk knows nothing of the record any more, so it cannot be told whether its row is still as it was written")
	case !i.inBooks && i.hasFormer && d == noted:
		i.deed = noted // it was forgotten by its own run
	case !i.inBooks, i.entry.State == crosswalk.StateRolledBack:
	case is && later.entry.LastRun == run && later.entry.OnTarget() && later.settled(i.entry):
		// That run's rollback has let the row stay for good. It is judged by what this
		// run made of it, lest neither could ever be undone.
		i.deed, i.entry = d, later.entry
	case is && later.entry.LastRun == run && later.entry.OnTarget():
		i.deed = d
		i.keep(record.Blocked, record.CodeLaterRun, "", "run %s has written it since: roll that back first", later.by.Name)
	case i.entry.LastRun > run && !is:
		i.deed = d
		i.keep(record.Blocked, record.CodeLaterRun, "", "a later run has written it since: roll that back first")
	case i.entry.LastRun != run:
	case d == made && i.entry.State == crosswalk.StateDeleted:
		// Another record has the row's key since: the row is gone.
		i.deed, i.gone, i.hasFormer = made, true, false
	case d != noted:
		i.deed = d
	case i.hasFormer || i.entry.FirstRun == run && (i.entry.Role == crosswalk.RoleLinked || i.entry.Role == crosswalk.RoleAlias || b.runner.undone.Mode == ledger.ModeImport):
		// An import makes no rows, whatever role its entries have.
		i.deed = noted
	}
	if i.deed == changed && i.why == nil && !i.hasFormer && i.entry.FirstRun != run {
		i.keep(record.Failed, record.CodeNoImage, "", "the run was made by a version that did not keep what it changed in the crosswalk: restore the row by hand from what `landfall explain` shows")
	}
}

// images finds what changed rows held before the run.
func (b *batch) images(ctx context.Context) error {
	var keys []string
	for _, i := range b.items {
		if i.deed == changed && i.open() {
			keys = append(keys, i.line.Key)
		}
	}
	told, err := b.ledger.LastTold(ctx, b.tx, b.runner.undone.ID, b.done.ID, keys)
	if err != nil {
		return fmt.Errorf("reading what rows held: %w", err)
	}
	for _, i := range b.items {
		if i.deed != changed || !i.open() {
			continue
		}
		t := told[i.line.Key]
		if t == nil || t.Before == "" {
			i.keep(record.Failed, record.CodeNoImage, "", "the ledger does not hold what the row was before the run")
			continue
		}
		if i.before, err = b.imageOf(i, t.Before); err != nil {
			i.keep(record.Failed, record.CodeNoImage, "", "what the ledger holds of the row before the run fits the target no more: %w", err)
		}
	}
	return nil
}

var errColumnGone = errors.New("the target has lost a column that the row was written with")

// imageOf reads a before-image, in the order of the shape's columns.
func (b *batch) imageOf(i *item, text string) ([]record.Value, error) {
	if !i.shape.Known {
		return nil, errColumnGone
	}
	// The image bears the names that the columns had when it was taken.
	columns := make([]sqldb.Column, len(i.shape.Columns))
	for n, name := range i.shape.Names {
		columns[n] = i.shape.Columns[n]
		columns[n].Name = name
	}
	return ledger.DecodeRow(columns, text)
}

func columnNames(columns []sqldb.Column) string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].Name
	}
	return strings.Join(names, ", ")
}
