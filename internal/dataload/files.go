package dataload

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// The kinds of files, as their names begin.
const (
	kindSuccess       = "success"
	kindFail          = "fail"
	kindRetry         = "retry"
	kindUpdateSuccess = "update_success"
	kindUpdateFail    = "update_fail"
	kindUpdateRetry   = "update_retry" // the rows of update_fail, to be loaded again
	kindSkipped       = "skipped"      // what was left alone, and why
)

var kinds = []string{kindSuccess, kindFail, kindRetry, kindUpdateSuccess, kindUpdateFail, kindUpdateRetry, kindSkipped}

// Counts are how many records came to which end.
type Counts struct {
	Processed int64 `json:"processed"`
	Created   int64 `json:"created"`
	Verified  int64 `json:"verified"` // of those created and updated: found by looking, since the answer was lost
	Failed    int64 `json:"failed"`
	Retry     int64 `json:"retry"` // what became of them is not known
	Updated   int64 `json:"updated"`
	NotUpdate int64 `json:"update_failed"`
	Unchanged int64 `json:"unchanged"`
	Duplicate int64 `json:"duplicate"`
	// NotLoaded is how many records a run that was broken off has not come to, or
	// was kept from sending.
	NotLoaded int64 `json:"not_loaded,omitempty"`
}

// Open is how many records did not land.
func (c *Counts) Open() int64 { return c.Failed + c.Retry + c.NotUpdate }

// files are those of a run while they are written.
type files struct {
	o      *Options
	in     *input
	log    *Log
	tables map[string]*table
	counts Counts
	header []byte // the input's own, without a byte order mark
	paths  []string
	stamp  string
}

// writeFiles writes the files of a run from the books, in the input's order,
// and returns what they hold and where they are.
func writeFiles(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, r *ledger.Run, entity *ledger.Entity, o *Options, in *input, log *Log, at time.Time) (*files, error) {
	f := &files{o: o, in: in, log: log, tables: map[string]*table{}}
	err := f.open()
	if err == nil {
		err = errors.Join(f.landed(ctx, tx, l, r, entity), f.rejected(ctx, tx, l, r, entity), f.verified(ctx, tx, l, r, entity))
	}
	if err != nil {
		for _, t := range f.tables {
			err = errors.Join(err, t.discard())
		}
		return nil, fmt.Errorf("writing the files of run %s: %w", r.Name, err)
	}
	return f, f.finish(at)
}

// open starts the files that are always written, and reads the input's header.
func (f *files) open() error {
	key := f.o.PrimaryKey
	for _, kind := range []struct {
		name   string
		always bool
		header []string
	}{
		{kindSuccess, true, []string{"batch", "line", "uuid", key}},
		{kindFail, true, []string{"batch", "line", key, "error"}},
		{kindUpdateSuccess, f.o.Delta, []string{"batch", "line", key}},
		{kindUpdateFail, f.o.Delta, []string{"batch", "line", key, "error"}},
		{kindSkipped, true, []string{"batch", "line", "uuid", key, "reason"}},
		{kindRetry, true, nil},
		{kindUpdateRetry, f.o.Delta, nil},
	} {
		if !kind.always {
			continue
		}
		if kind.header != nil && f.o.PhysicalLines {
			kind.header = append(kind.header, "physical_line")
		}
		t, err := createTable(f.o.OutputDir, kind.name, kind.header...)
		if err != nil {
			return err
		}
		f.tables[kind.name] = t
	}
	return nil
}

// row writes a row of one of the tables with a header.
func (f *files) row(kind string, at ledger.Place, line *ledger.Line, cells ...string) error {
	row := append([]string{strconv.FormatInt(at.Ordinal+1, 10), strconv.FormatInt(line.Number+1, 10)}, cells...)
	if f.o.PhysicalLines {
		row = append(row, strconv.FormatInt(line.Line, 10))
	}
	return f.tables[kind].write(row...)
}

// landed writes what came to a good end.
func (f *files) landed(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, r *ledger.Run, entity *ledger.Entity) error {
	w, err := f.in.walk(ctx)
	if err != nil {
		return err
	}
	err = l.Ends(ctx, tx, r.ID, entity.ID, func(read, _ ledger.Spot, line *ledger.Line) error {
		f.counts.Processed++
		if line.Disposition.NeedsRetry() {
			return nil // rejected tells of it
		}
		if err := w.to(line.Number); err != nil {
			return err
		}
		at, key := ledger.Place{Ordinal: read.Ordinal}, w.cell(f.in.key)
		switch line.Disposition {
		case record.Created:
			f.counts.Created++
			return f.row(kindSuccess, at, line, line.TargetKey, key)
		case record.Updated:
			f.counts.Updated++
			return f.row(kindUpdateSuccess, at, line, key)
		case record.Duplicate:
			f.counts.Duplicate++
			return f.row(kindSkipped, at, line, line.TargetKey, key, f.duplicateReason())
		default:
			f.counts.Unchanged++
			return f.row(kindSkipped, at, line, line.TargetKey, key, f.unchangedReason())
		}
	})
	return errors.Join(err, w.close())
}

func (f *files) duplicateReason() string {
	return fmt.Sprintf("another record of the file has the same %s, and the %s one counts", f.o.PrimaryKey, f.o.Duplicates)
}

func (f *files) unchangedReason() string {
	if f.o.Delta {
		return "the record is as in the file"
	}
	return "it landed in an earlier run"
}

// rejected writes what did not, and the rows to be loaded again.
func (f *files) rejected(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, r *ledger.Run, entity *ledger.Entity) error {
	w, err := f.in.walk(ctx)
	if err != nil {
		return err
	}
	if f.header, err = f.in.headerBytes(ctx); err != nil {
		return errors.Join(err, w.close())
	}
	left, err := leftOpen(ctx, tx, l, r, entity)
	if err != nil {
		return errors.Join(err, w.close())
	}
	err = l.Entries(ctx, tx, func(told *ledger.Told) error {
		if left, err = f.unanswered(w, left, told.Number); err != nil {
			return err
		}
		if err := w.to(told.Number); err != nil {
			return err
		}
		return f.reject(w, told)
	}, "e.run_id = ? AND e.entity_id = ? AND e.disposition IN ('failed', 'blocked', 'unknown')", r.ID, entity.ID)
	if err == nil {
		_, err = f.unanswered(w, left, math.MaxInt64)
	}
	if err == nil && !r.State.Ended() {
		err = f.notLoaded(w)
	}
	return errors.Join(err, w.close())
}

// verified counts and logs what landed although its answer was lost.
func (f *files) verified(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, r *ledger.Run, entity *ledger.Entity) error {
	return l.Entries(ctx, tx, func(told *ledger.Told) error {
		f.counts.Verified++
		f.log.Infof("line %d (physical line %d): success (verified)", told.Number+1, told.Line)
		return nil
	}, "e.run_id = ? AND e.entity_id = ? AND e.disposition IN ('created', 'updated') AND e.message LIKE ?", r.ID, entity.ID, "%"+ledger.FoundCarriedOut+"%")
}

func (f *files) reject(w *walk, told *ledger.Told) error {
	line := &ledger.Line{Number: told.Number, Line: told.Line}
	f.log.Errorf("line %d (physical line %d): %s: %s%s: %s", told.Number+1, told.Line, told.Disposition, told.Code, inField(told.Field), told.Message)
	if told.Disposition == record.Unknown || strings.HasPrefix(told.Message, ledger.NotCarriedOut) {
		f.counts.Retry++
		return f.again(kindRetry, w)
	}
	if f.o.Delta && ofUpdate(told) {
		f.counts.NotUpdate++
		if err := f.row(kindUpdateFail, told.Place, line, w.cell(f.in.key), f.words(told)); err != nil {
			return err
		}
		return f.again(kindUpdateRetry, w)
	}
	f.counts.Failed++
	return f.row(kindFail, told.Place, line, w.cell(f.in.key), f.words(told))
}

// again writes the record's own bytes into a file that can be loaded.
func (f *files) again(kind string, w *walk) error {
	t := f.tables[kind]
	if t.rows == 0 {
		if _, err := t.buf.Write(f.header); err != nil {
			return err
		}
	}
	row, err := w.bytes()
	if err != nil {
		return err
	}
	return t.raw(row)
}

func inField(field string) string {
	if field == "" {
		return ""
	}
	return " in " + field
}

// duplicateWords are the vendor's for a value that somebody has already.
const duplicateWords = "Attempted to update a duplicate value"

// words is the error text of a record: what the API said, as it said it, and
// what was found before anything was sent with the line where it stands.
func (f *files) words(told *ledger.Told) string {
	text := plainly(told.Message)
	switch {
	case !f.o.Delta && told.Step == record.StepDecide:
		// It landed in an earlier run, and comes with something else.
		return duplicateWords + ": the user is there since an earlier run, and the row has changed since: -m updates users who are there"
	case told.Code == record.CodeDuplicateKey:
		text = duplicateWords + ": " + text
	case told.Step == record.StepLand && told.Code == record.CodeUnique:
		return text + f.takenBy(told.Field)
	case told.Step == record.StepLand, told.Step == record.StepRead:
		return text // which names the line, of what was read
	default:
		text += onAttribute(told.Field, text)
	}
	return fmt.Sprintf("%s (line %d, physical line %d)", text, told.Number+1, told.Line)
}

// takenBy names the attribute whose value somebody else has, unless it is the key,
// of which the vendor's words are enough.
func (f *files) takenBy(field string) string {
	switch {
	case field == f.o.PrimaryKey, field == "" && !f.o.Delta:
		return ""
	case field == "":
		return " (of another attribute than " + f.o.PrimaryKey + ": --unique tells which attributes are unique, and the error which of them it is)"
	}
	return " (" + field + ")"
}

// onAttribute names the attribute that an error is about, unless its text does.
func onAttribute(field, text string) string {
	if field == "" || strings.Contains(text, field) {
		return ""
	}
	return " on attribute " + field
}

// ofUpdate reports whether what did not land was to change a record that is
// there.
func ofUpdate(told *ledger.Told) bool {
	return told.TargetKey != "" || told.Step == record.StepLand && told.Code == record.CodeUnique
}

// finish names the files; those without rows that only exist to be loaded again,
// or tell of exceptions, are taken away.
func (f *files) finish(at time.Time) error {
	s, err := claimStamp(f.o.OutputDir, at, kinds)
	if err != nil {
		return err
	}
	f.stamp = s.text
	for _, kind := range kinds {
		t := f.tables[kind]
		switch {
		case t == nil:
		case t.rows == 0 && (kind == kindRetry || kind == kindUpdateRetry || kind == kindSkipped):
			err = errors.Join(err, t.discard())
		default:
			path := s.path(kind)
			err = errors.Join(err, t.finish(path))
			f.paths = append(f.paths, path)
		}
	}
	return errors.Join(err, syncDir(f.o.OutputDir), s.release())
}
