package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/source"
	"landfall/internal/target"
)

// OperationError refuses an input that asks for what a run does not do: changes,
// in a wave, and in any other what the mapping does not list. Nothing of it has
// landed.
type OperationError struct {
	Entity string
	Origin string // what was read
	Column string // that says what is to be done
	Wave   bool
	Marked int64 // records so marked
	Read   int64
	First  []Marked
}

// Marked is a record that is marked as something else than is done.
type Marked struct {
	Ref    record.Ref
	Number int64
	Line   int64 // 0 where there are no lines
	Change bool  // as a change that other modes bring
}

// Error names the first records.
func (e *OperationError) Error() string {
	var first []string
	changes := true
	for _, m := range e.First {
		where := fmt.Sprintf("record %d", m.Number)
		if m.Line > 0 {
			where = fmt.Sprintf("line %d", m.Line)
		}
		first = append(first, fmt.Sprintf("%s (%s)", m.Ref, where))
		changes = changes && m.Change
	}
	if more := e.Marked - int64(len(first)); more > 0 {
		first = append(first, fmt.Sprintf("and %d more", more))
	}
	what, how := "new records or changes", fmt.Sprintf("take them out of the input, or list what stands in %s under `insert` or `change` of %s.from.operation", e.Column, e.Entity)
	if e.Wave {
		if what = "new records"; changes {
			how = "take them out of the input, or bring it by `landfall run --mode delta`"
		} else {
			how = "take them out of the input: a wave only inserts"
		}
	}
	return fmt.Sprintf("%s is refused as a whole: %d of its %d records are marked as something else than %s (%s): %s; %s",
		e.Origin, e.Marked, e.Read, what, e.Column, strings.Join(first, ", "), how)
}

// markedShown is how many marked records are named.
const markedShown = 5

// refuseOperations reads every input that says what is to be done with its
// records, and refuses the first that asks for what a run in the mode does not
// do.
func (r *runner) refuseOperations(ctx context.Context, mode target.Mode, stored []ledger.Entity) error {
	for _, e := range r.m.Entities {
		at := slices.IndexFunc(stored, func(s ledger.Entity) bool { return s.Name == e.Name })
		if e.From.Operation == nil || at < 0 {
			continue
		}
		r.tell(Event{Kind: EventLooking, Entity: e.Name, Message: "looking at what " + e.OriginName + " asks for", Total: -1, Percent: -1})
		refused, err := askedFor(ctx, e, stored[at].Slices, mode == target.InsertOnly)
		if err != nil {
			return fmt.Errorf("%s: reading %s: %w", e.Name, e.OriginName, err)
		}
		if refused != nil {
			return refused
		}
	}
	return nil
}

// askedFor reads an input to its end, to tell how many of its records are marked
// as what is not done; nil when none is. Records that cannot be read as such are
// rejected by the run, whatever they are marked as.
func askedFor(ctx context.Context, e *migration.Entity, parts []ledger.Slice, wave bool) (*OperationError, error) {
	o := e.From.Operation
	at := slices.IndexFunc(e.Origin.Columns(), func(f record.Field) bool { return f.Name == o.Column })
	refused := &OperationError{Entity: e.Name, Origin: e.OriginName, Column: o.Column, Wave: wave}
	for _, part := range parts {
		if err := refused.read(ctx, e, sliceOf(part), at, o); err != nil {
			return nil, err
		}
	}
	if refused.Marked == 0 {
		return nil, nil
	}
	return refused, nil
}

func (e *OperationError) read(ctx context.Context, of *migration.Entity, part source.Slice, at int, o *mapping.Operation) error {
	reader, err := of.Origin.Read(ctx, part, source.Position{})
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		rec, rejection, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		e.Read++
		if rejection != nil || at >= len(rec.Values) {
			continue
		}
		insert, change := o.Marks(rec.Values[at])
		if insert || change && !e.Wave {
			continue
		}
		if e.Marked++; len(e.First) < markedShown {
			e.First = append(e.First, Marked{Ref: rec.Ref, Number: rec.Number, Line: rec.Line, Change: change})
		}
	}
}
