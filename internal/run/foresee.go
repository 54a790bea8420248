package run

import (
	"context"
	"errors"
	"fmt"
	"os"

	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Forecast is what a run would make of one record.
type Forecast struct {
	Ref     record.Ref
	Slice   int
	Number  int64
	Line    int64
	Content record.Hash // of the record as it was read
	End
	// First is the end that the record has when its batch lands, where filling in
	// references that come later changes it; else nil.
	First *End
	// Seen is the hash of the target's row as it is, where it was looked at.
	Seen    record.Hash
	HasSeen bool
	// Footing stands for what the record stands on besides its own content, of one
	// that lands: the rows that it refers to or looks up, and the one that it has.
	Footing []byte
	Changes []FieldChange // of a row that is written again
}

// End is how a record ends, and why.
type End struct {
	Disposition record.Disposition
	Step        record.Step
	Code        record.Code
	Field       string
	Message     string
}

// FieldChange is a column of a row before and after. NULL is nil.
type FieldChange struct {
	Column  string
	Before  *string
	After   *string
	Private bool // the values are not told
	Erases  bool // a value is replaced by NULL
	NewKey  bool // After refers to a row of the run, whose key is not known yet
}

// Foresight is what is foreseen of a whole run.
type Foresight struct {
	Run      *ledger.Run // as the scratch books have it; its name is the one that the run will get
	Entities []ForeseenEntity
	Stopped  bool
}

// ForeseenEntity is an entity of it.
type ForeseenEntity struct {
	ledger.Entity
	Counts ledger.Counts
	// Unforeseen are rules of the target that only the target can judge.
	Unforeseen []string
}

// UnfinishedError refuses to foresee a run while another one waits to be gone on
// with.
type UnfinishedError struct{ Run string }

// Error says what to do.
func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("run %s is not finished, and what comes next is to go on with it: `landfall resume`, or end it by `landfall abandon %s`, and plan then", e.Run, e.Run)
}

// Foresee does all that a run does, with the same steps, against a shadow of the
// target: it reads source and target, and writes to neither. Every record's end
// is told, entity by entity, in the order of reading. The result is there, as
// far as it got, even beside an error.
func Foresee(ctx context.Context, m *migration.Migration, o Options, tell func(*Forecast) error) (_ *Foresight, err error) {
	if o.Records == 0 {
		o.Records = BatchRecords(m)
	}
	if o.Bytes == 0 {
		o.Bytes = DefaultBytes
	}
	if o.Mode == "" {
		o.Mode = target.Full
	}
	dir, err := os.MkdirTemp(o.TempDir, "landfall-")
	if err != nil {
		return nil, fmt.Errorf("a place to spill to: %w", err)
	}
	m.OnlyRead()
	r := newRunner(m, o, nil)
	if err := r.askAPI(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if r.shadow, err = newShadow(ctx, m, o, dir, r.waiting); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	defer func() { err = errors.Join(err, r.shadow.Close(ctx)) }()
	r.shadow.tell = tell
	r.shadow.openTables()
	r.books, r.ledger, r.Loader = r.shadow.books, ledger.New(r.shadow.books), r.shadow
	if err := r.beginForeseen(ctx); err != nil {
		return nil, err
	}
	if err := r.foreseeKeys(ctx); err != nil {
		return nil, err
	}
	r.tell(Event{Kind: EventPlanning})
	result := &Result{Run: r.run}
	err = r.runEntities(ctx, result)
	foresight := &Foresight{Run: r.run, Stopped: errors.Is(err, ErrStopped)}
	if foresight.Stopped {
		err = nil
	}
	for _, e := range result.Entities {
		seen := ForeseenEntity{Counts: e.Counts}
		for i := range r.entities {
			if r.entities[i].Name == e.Name {
				seen.Entity = r.entities[i]
			}
		}
		if err == nil {
			seen.Unforeseen, err = r.unforeseen(ctx, m.Entity(e.Name), seen.ID)
		}
		foresight.Entities = append(foresight.Entities, seen)
	}
	r.tell(Event{Kind: EventRunEnded})
	return foresight, err
}

// BatchRecords is how many records a batch of the migration has at most, unless
// a run is told otherwise.
func BatchRecords(m *migration.Migration) int {
	return NewGentle(m.Target.Throttle).neighbour.records(defaultRecords(m))
}

// beginForeseen starts the run in the scratch books.
func (r *runner) beginForeseen(ctx context.Context) error {
	wanted, entities, err := r.wants(ctx)
	if err != nil {
		return err
	}
	return r.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		runs, err := r.ledger.Runs(ctx, a.Tx, wanted.Migration)
		if err != nil {
			return err
		}
		if len(runs) > 0 && runs[0].State.Resumable() {
			return &UnfinishedError{runs[0].Name}
		}
		if r.Lease, err = TakeLease(ctx, a.Tx, r.books, wanted.Migration); err != nil {
			return err
		}
		if err := r.nameEntities(ctx, a.Tx, wanted.Migration, entities); err != nil {
			return err
		}
		if err := r.checkFolds(ctx, a.Tx, runs); err != nil {
			return err
		}
		r.run, r.entities = wanted, entities
		return r.ledger.Start(ctx, a.Tx, wanted, entities)
	}, nil)
}

// forecast tells what would become of record i of a landing that has its end.
func (l *landing) forecast(i int, hash func(*record.Record) record.Hash) *Forecast {
	u, item := &l.units[i], &l.batch.Items[i]
	f := &Forecast{Ref: item.Ref, Slice: l.batch.Slice, Number: item.Number, Line: item.Line, Content: hash(item.Record), End: u.end()}
	if u.before != nil {
		f.Seen, f.HasSeen = l.hasher.Sum(u.before), true
	}
	if u.rejection == nil {
		f.Footing = u.footing
	}
	if u.rejection == nil && (u.action == target.Update || u.action == target.Adopt) && u.before != nil {
		generated := len(l.Columns) - len(l.Program.Columns)
		f.Changes = l.fieldChanges(l.Columns[generated:], u.before[generated:], u.row[generated:])
	}
	return f
}

// end is how the record ends as far as its batch goes.
func (u *unit) end() End {
	if u.rejection == nil {
		end := End{Disposition: u.disposition()}
		if u.action == target.Keep {
			end.Step, end.Code = record.StepDecide, record.CodeEdited
		}
		return end
	}
	return End{Disposition: u.rejection.Disposition(), Step: u.rejection.Step, Code: u.rejection.Code, Field: u.rejection.Field, Message: u.rejection.Message()}
}

// fieldChanges are the columns in which two rows differ.
func (e *entityRun) fieldChanges(columns []sqldb.Column, before, after []record.Value) []FieldChange {
	var changes []FieldChange
	private := e.Privacy().Target
	for i := range columns {
		if before[i] == after[i] {
			continue
		}
		change := FieldChange{Column: columns[i].Name, Private: private[columns[i].Name], Erases: after[i].IsNull()}
		if !change.Private {
			change.Before, change.After = textOf(before[i]), textOf(after[i])
			change.NewKey = e.isNewKey(columns[i].Name, after[i])
			if change.NewKey {
				change.After = nil
			}
		}
		changes = append(changes, change)
	}
	return changes
}

func textOf(value record.Value) *string {
	if value.IsNull() {
		return nil
	}
	text := value.String()
	return &text
}

// isNewKey reports whether a reference holds a key that stands for one that is
// not known yet.
func (e *entityRun) isNewKey(column string, value record.Value) bool {
	if value.IsNull() || e.shadow == nil {
		return false
	}
	for _, ref := range e.Program.Refs {
		if ref.Field.Target != column {
			continue
		}
		for _, name := range ref.Entities {
			if t := e.shadow.tables[e.m.Entity(name).Table.Name.String()]; t != nil && t.isGuess(value) {
				return true
			}
		}
	}
	return false
}
