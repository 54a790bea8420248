package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"landfall/internal/dedupe"
	"landfall/internal/mapping"
	"landfall/internal/record"
)

// repeated is a record in whose place another one goes on.
type repeated struct {
	Slice  int
	Number int64
	Fields string // in which they agree; empty for the source key
	// Twin says in words which one goes on.
	Twin string
}

// survivors tells, in the order of reading, which records of an input do not go
// on, since another one that is the same thing does.
type survivors struct {
	next  func() (repeated, error, bool)
	close func() error
	ahead *repeated
	order map[int]int // slice -> its place in the order of reading
}

// openSurvivors finds out which records go on before any of them does. The first
// of those that are the same thing needs no search where all are read: it is the
// one that comes first.
func (f *feed) openSurvivors(ctx context.Context) (err error) {
	first := f.Repeats == mapping.RepeatFirst && f.wanted != nil
	if !first && f.Repeats != mapping.RepeatLast {
		return nil
	}
	s := newRepeatSearch(f.Entity, f.stored.Slices, f.spill)
	defer func() { err = errors.Join(err, s.close()) }()
	if first {
		f.survivors, err = f.firstSurvive(ctx, s)
	} else {
		f.survivors, err = f.lastSurvive(ctx, s)
	}
	if f.survivors != nil {
		f.survivors.order = map[int]int{}
		for i, slice := range f.stored.Slices {
			f.survivors.order[slice.Number] = i
		}
	}
	return err
}

// firstSurvive lets of each group the record go on that comes first.
func (f *feed) firstSurvive(ctx context.Context, s *repeatSearch) (*survivors, error) {
	spool, err := dedupe.NewSpool(f.spill)
	if err != nil {
		return nil, err
	}
	if err := s.read(ctx, f.o.Limit, func(shown *shownRecord) error { return f.judge(s, shown, "comes first", spool.Append) }); err != nil {
		return nil, errors.Join(err, spool.Close())
	}
	next, stop := iter.Pull2(spool.All())
	return &survivors{
		next: func() (repeated, error, bool) {
			text, err, ok := next()
			if !ok || err != nil {
				return repeated{}, err, false
			}
			return parseRepeated(text)
		},
		close: func() error {
			stop()
			return spool.Close()
		},
	}, nil
}

// lastSurvive lets of each group the record go on that comes last: it goes
// through the input from behind.
func (f *feed) lastSurvive(ctx context.Context, s *repeatSearch) (*survivors, error) {
	all, lost := dedupe.NewStack(f.spill), dedupe.NewStack(f.spill)
	defer all.Close()
	err := s.read(ctx, f.o.Limit, func(shown *shownRecord) error {
		text, err := json.Marshal(shownText{shown.slice, shown.number, shown.line, shown.key, shown.tuples[1:]})
		if err != nil {
			return err
		}
		return all.Push(text)
	})
	for err == nil {
		var text []byte
		var more bool
		if text, more, err = all.Pop(); err != nil || !more {
			break
		}
		var shown shownText
		if err = json.Unmarshal(text, &shown); err == nil {
			err = f.judge(s, shown.shown(), "comes last", lost.Push)
		}
	}
	if err != nil {
		return nil, errors.Join(err, lost.Close())
	}
	return &survivors{
		next: func() (repeated, error, bool) {
			text, ok, err := lost.Pop()
			if !ok || err != nil {
				return repeated{}, err, false
			}
			return parseRepeated(text)
		},
		close: lost.Close,
	}, nil
}

// shownText is a record that was put aside.
type shownText struct {
	Slice  int      `json:"s"`
	Number int64    `json:"n"`
	Line   int64    `json:"l"`
	Key    string   `json:"k"`
	Tuples [][]byte `json:"t"`
}

func (t *shownText) shown() *shownRecord {
	return &shownRecord{place: place{t.Slice, t.Number}, line: t.Line, key: t.Key, tuples: append([][]byte{[]byte(t.Key)}, t.Tuples...)}
}

// judge puts a record aside in whose place another one goes on.
func (f *feed) judge(s *repeatSearch, shown *shownRecord, how string, put func([]byte) error) error {
	twin, tuple, err := s.claim(shown)
	if err != nil || twin == nil {
		return err
	}
	text, err := json.Marshal(repeated{shown.slice, shown.number, s.fields(tuple), twin.words(f.Name, s) + " " + how})
	if err != nil {
		return err
	}
	return put(text)
}

func parseRepeated(text []byte) (r repeated, err error, ok bool) {
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("reading what was put aside: %w", err), false
	}
	return r, nil, true
}

// of reports whether another record goes on in place of this one; records are
// asked for in the order of reading, and may be left out.
func (s *survivors) of(slice int, number int64) (*repeated, error) {
	for {
		if s.ahead == nil {
			next, err, more := s.next()
			if err != nil || !more {
				return nil, err
			}
			s.ahead = &next
		}
		here, ahead := s.order[slice], s.order[s.ahead.Slice]
		switch {
		case ahead > here || ahead == here && s.ahead.Number > number:
			return nil, nil
		case ahead == here && s.ahead.Number == number:
			return s.ahead, nil
		}
		s.ahead = nil
	}
}

// rejection ends the record as a duplicate.
func (r *repeated) rejection(ref record.Ref) *record.Rejection {
	subject := "value"
	if r.Fields == "" {
		subject = "key"
	}
	return &record.Rejection{
		Ref: ref, Step: record.StepDedupe, Field: r.Fields, Code: record.CodeRepeated,
		Err: fmt.Errorf("%s, brings the same %s, and goes on in its place", r.Twin, subject),
	}
}
