package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"landfall/internal/dedupe"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/source"
)

// RepeatsError refuses an input in which records are the same thing, where the
// mapping says `repeats: refuse`. Nothing of it has landed; each of the records was
// told as an EventRepeat.
type RepeatsError struct {
	Entity   string
	Origin   string // what was read
	Repeated int64  // records that are the same thing as one before them
	Read     int64
	First    []string // some of them, in words
}

// Error names the first of them.
func (e *RepeatsError) Error() string {
	first := strings.Join(e.First, "; ")
	if more := e.Repeated - int64(len(e.First)); more > 0 {
		first += fmt.Sprintf("; and %d more, all listed above", more)
	}
	return fmt.Sprintf("%s is refused as a whole: %d of its %d records are the same thing as one before them: %s; take them out of the input, or let `repeats: first` or `repeats: last` of %s choose",
		e.Origin, e.Repeated, e.Read, first, e.Entity)
}

// repeatsShown is how many repeats an error names.
const repeatsShown = 5

// refuseRepeats reads every input whose records must all be different things, and
// refuses the first in which they are not, once it has told all that repeat.
func (r *runner) refuseRepeats(ctx context.Context, stored []ledger.Entity) error {
	for _, e := range r.m.Entities {
		if e.Repeats != mapping.RepeatRefuse {
			continue
		}
		var slices []ledger.Slice
		for i := range stored {
			if stored[i].Name == e.Name {
				slices = stored[i].Slices
			}
		}
		r.tell(Event{Kind: EventLooking, Entity: e.Name, Message: "looking for records of " + e.OriginName + " that are the same thing", Total: -1, Percent: -1})
		refused, err := r.repeatsOf(ctx, e, slices)
		if err != nil {
			return fmt.Errorf("%s: reading %s: %w", e.Name, e.OriginName, err)
		}
		if refused.Repeated > 0 {
			return refused
		}
	}
	return nil
}

// repeatsOf tells of each record that is the same thing as one before it.
func (r *runner) repeatsOf(ctx context.Context, e *migration.Entity, slices []ledger.Slice) (refused *RepeatsError, err error) {
	dir, err := os.MkdirTemp(r.o.TempDir, "landfall-")
	if err != nil {
		return nil, fmt.Errorf("a place to spill to: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	refused = &RepeatsError{Entity: e.Name, Origin: e.OriginName}
	s := newRepeatSearch(e, slices, dir)
	defer func() { err = errors.Join(err, s.close()) }()
	err = s.read(ctx, 0, func(shown *shownRecord) error {
		refused.Read++
		twin, tuple, err := s.claim(shown)
		if err != nil || twin == nil {
			return err
		}
		refused.Repeated++
		message := fmt.Sprintf("%s brings the same %s as %s", shown.words(e.Name, s), s.subject(tuple), twin.words(e.Name, s))
		if len(refused.First) < repeatsShown {
			refused.First = append(refused.First, message)
		}
		r.tell(Event{Kind: EventRepeat, Entity: e.Name, Message: message, Total: -1, Percent: -1})
		return nil
	})
	return refused, err
}

// shownRecord is a record of which no more is known than what makes it the same
// thing as another one.
type shownRecord struct {
	place
	key    string
	line   int64    // 0 where there are no lines
	tuples [][]byte // what it shows of each tuple; nil where it is incomplete
}

// words name the record for people.
func (r *shownRecord) words(entity string, s *repeatSearch) string {
	at := fmt.Sprintf("record %d", r.number)
	if r.line > 0 {
		at = fmt.Sprintf("line %d", r.line)
	}
	if len(s.slices) > 1 {
		for _, slice := range s.slices {
			if slice.Number == r.slice {
				at += " of " + slice.Name
			}
		}
	}
	return fmt.Sprintf("%s (%s)", at, record.Ref{Entity: entity, Key: r.key})
}

// repeatSearch finds out which records of an input are the same thing: those that agree
// in the source key, in columns that the target wants unique, or in the match. It
// reads the input to its end, in bounded memory.
type repeatSearch struct {
	entity *migration.Entity
	slices []ledger.Slice
	tuples [][]int // places in the program's columns; the first is the source key's, which has none
	seen   []*dedupe.Seen
}

func newRepeatSearch(e *migration.Entity, slices []ledger.Slice, dir string) *repeatSearch {
	s := &repeatSearch{entity: e, slices: slices, tuples: append([][]int{nil}, e.UniqueTuples()...)}
	for range s.tuples {
		s.seen = append(s.seen, dedupe.NewSeen(dir, seenBytes))
	}
	return s
}

func (s *repeatSearch) close() error {
	var err error
	for _, seen := range s.seen {
		err = errors.Join(err, seen.Close())
	}
	return err
}

// subject names what records of a tuple agree in.
func (s *repeatSearch) subject(tuple int) string {
	if tuple == 0 {
		return "key"
	}
	return s.fields(tuple)
}

// fields are a tuple's target columns; none of the source key.
func (s *repeatSearch) fields(tuple int) string {
	names := make([]string, len(s.tuples[tuple]))
	for i, place := range s.tuples[tuple] {
		names[i] = s.entity.Program.Columns[place]
	}
	return strings.Join(names, ", ")
}

// read shows every record that has a key, in the order of reading; limit is how
// many records count, 0 for all.
func (s *repeatSearch) read(ctx context.Context, limit int64, visit func(*shownRecord) error) error {
	left := limit
	values := make([]record.Value, len(s.entity.Program.Columns))
	for _, slice := range s.slices {
		reader, err := s.entity.Origin.Read(ctx, sliceOf(slice), source.Position{})
		if err != nil {
			return err
		}
		if limit > 0 {
			reader = &limited{Reader: reader, left: &left}
		}
		err = s.readSlice(ctx, reader, slice.Number, values, visit)
		reader.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *repeatSearch) readSlice(ctx context.Context, reader source.Reader, slice int, values []record.Value, visit func(*shownRecord) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		rec, rejection, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if rec.Ref.Key == "" {
			continue
		}
		shown := &shownRecord{place: place{slice, rec.Number}, key: rec.Ref.Key, line: rec.Line, tuples: make([][]byte, len(s.tuples))}
		shown.tuples[0] = []byte(rec.Ref.Key)
		if rejection == nil && s.entity.Program.Shape(rec, values) == nil {
			for i := 1; i < len(s.tuples); i++ {
				if tuple, complete := s.encode(values, s.tuples[i]); complete {
					shown.tuples[i] = tuple
				}
			}
		}
		if err := visit(shown); err != nil {
			return err
		}
	}
}

// encode is what a record shows of a tuple. Where the target compares texts
// regardless of case, so does this.
func (s *repeatSearch) encode(values []record.Value, places []int) ([]byte, bool) {
	var tuple []byte
	for _, place := range places {
		value := values[place]
		if value.IsNull() {
			return nil, false
		}
		if s.entity.Program.Types[place].FoldCase && value.Kind() == record.KindText {
			value = record.Text(strings.ToLower(value.Raw()))
		}
		tuple = value.AppendBinary(tuple)
	}
	return tuple, true
}

// claim takes all that the record shows, unless another record has some of it:
// then that one is returned, with the tuple in which they agree.
func (s *repeatSearch) claim(shown *shownRecord) (twin *shownRecord, tuple int, err error) {
	for i, bytes := range shown.tuples {
		if bytes == nil {
			continue
		}
		has, err := s.seen[i].Has(bytes)
		if err != nil {
			return nil, 0, err
		}
		if has {
			first, _, err := s.seen[i].Claim(bytes, "", 0)
			return twinOf(first), i, err
		}
	}
	for i, bytes := range shown.tuples {
		if bytes == nil {
			continue
		}
		if _, _, err := s.seen[i].Claim(bytes, strconv.FormatInt(shown.line, 10)+" "+shown.key, shown.packed()); err != nil {
			return nil, 0, err
		}
	}
	return nil, 0, nil
}

// twinOf reads what claim wrote.
func twinOf(first dedupe.First) *shownRecord {
	line, key, _ := strings.Cut(first.Key, " ")
	twin := &shownRecord{place: unpacked(first.Number), key: key}
	twin.line, _ = strconv.ParseInt(line, 10, 64)
	return twin
}

func unpacked(number int64) place {
	return place{int(number >> numberBits), number & (1<<numberBits - 1)}
}
