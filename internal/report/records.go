package report

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// JSONLine writes a value as one line of JSON.
func JSONLine(w io.Writer, value any) error { return json.NewEncoder(w).Encode(value) }

// Filter chooses records of runs; empty fields choose all.
type Filter struct {
	Dispositions []record.Disposition
	Entity       string
	Codes        []record.Code
	Field        string
	Keys         *KeyFilter
	Since        string // UTC, as the books write times; only what was committed since
	Values       bool   // also tell what was read and written, as far as the books keep it
}

// Listed is one record as `records` tells it.
type Listed struct {
	Run         string             `json:"run"`
	Ref         string             `json:"ref"`
	Number      int64              `json:"record"`
	Line        int64              `json:"line,omitempty"`
	Disposition record.Disposition `json:"disposition"`
	TargetKey   string             `json:"target_key,omitempty"`
	Role        string             `json:"role,omitempty"`
	Step        record.Step        `json:"step,omitempty"`
	Field       string             `json:"field,omitempty"`
	Code        record.Code        `json:"code,omitempty"`
	Message     string             `json:"message,omitempty"`
	Read        []Cell             `json:"read,omitempty"`
	Before      []Cell             `json:"before,omitempty"`
	After       []Cell             `json:"after,omitempty"`

	Entity string `json:"-"`
	Key    string `json:"-"`
}

// Records hands the records of a run that the filter chooses to show, entity by
// entity in the order in which they were read. It holds one batch in memory,
// and what the run had to correct.
func Records(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, filter Filter, show func(*Listed) error) error {
	entities, err := l.Entities(ctx, tx, run.ID)
	if err != nil {
		return err
	}
	for i := range entities {
		if filter.Entity != "" && filter.Entity != entities[i].Name {
			continue
		}
		s := &scan{l: l, tx: tx, run: run, entity: &entities[i], filter: &filter, show: show}
		walk := s.batches
		if filter.reasoned() {
			walk = s.entries
		}
		if err := walk(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reasoned reports whether all that is asked for has an entry that says why, so
// that nothing else needs to be read.
func (f *Filter) reasoned() bool {
	if len(f.Codes) > 0 || f.Field != "" {
		return true
	}
	if len(f.Dispositions) == 0 {
		return false
	}
	return !slices.ContainsFunc(f.Dispositions, func(d record.Disposition) bool { return !d.TellsWhy() })
}

func (f *Filter) takes(r *Listed) bool {
	return (len(f.Dispositions) == 0 || slices.Contains(f.Dispositions, r.Disposition)) &&
		(len(f.Codes) == 0 || slices.Contains(f.Codes, r.Code)) &&
		(f.Field == "" || f.Field == r.Field) &&
		(f.Keys == nil || f.Keys.Takes(r.Key))
}

// scan walks over an entity's records in a run.
type scan struct {
	l      *ledger.Ledger
	tx     sqldb.Tx
	run    *ledger.Run
	entity *ledger.Entity
	filter *Filter
	show   func(*Listed) error
}

func (s *scan) tell(line *ledger.Line, t *ledger.Told) error {
	r := &Listed{
		Run: s.run.Name, Entity: s.entity.Name, Key: line.Key, Ref: shownRef(s.entity.Name, line.Key, line.Number),
		Number: line.Number, Line: line.Line, Disposition: line.Disposition, TargetKey: line.TargetKey,
	}
	if t != nil {
		r.Role, r.Step, r.Field, r.Code, r.Message = t.Role, t.Step, t.Field, t.Code, t.Message
		if s.filter.Values {
			r.Read, r.Before, r.After = readCells(s.entity.Header, t.Source), rowCells(t.Before), rowCells(t.After)
		}
	}
	if !s.filter.takes(r) {
		return nil
	}
	return s.show(r)
}

// entries reads the entries alone.
func (s *scan) entries(ctx context.Context) error {
	where, args := "e.run_id = ? AND e.entity_id = ?", []any{s.run.ID, s.entity.ID}
	in := func(column string, values []string) {
		if len(values) == 0 {
			return
		}
		where += " AND " + column + " IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ") + ")"
		for _, value := range values {
			args = append(args, value)
		}
	}
	in("e.disposition", texts(s.filter.Dispositions))
	in("e.code", texts(s.filter.Codes))
	if s.filter.Field != "" {
		in("e.field", []string{s.filter.Field})
	}
	if s.filter.Since != "" {
		where += " AND e.at >= ?"
		args = append(args, s.filter.Since)
	}
	return s.l.Entries(ctx, s.tx, func(t *ledger.Told) error {
		return s.tell(&ledger.Line{Key: t.Key, Number: t.Number, Line: t.Line, Disposition: t.Disposition, TargetKey: t.TargetKey}, t)
	}, where, args...)
}

func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = string(value)
	}
	return out
}

// batches reads batch by batch: the segments know every record, the entries
// know why.
func (s *scan) batches(ctx context.Context) error {
	ends, err := s.l.EndsOf(ctx, s.tx, s.run.ID, s.entity.ID)
	if err != nil {
		return err
	}
	corrected := map[ledger.Spot]*ledger.Told{}
	if s.entity.Corrections != nil {
		if corrected, err = s.told(ctx, ledger.Corrections, -1); err != nil {
			return err
		}
	}
	for _, slice := range s.entity.Slices {
		// Markers are read in pieces, since the connection holds one result at a
		// time.
		for next := int64(0); ; {
			ordinals, err := s.ordinals(ctx, slice.Number, next)
			if err != nil {
				return err
			}
			if len(ordinals) == 0 {
				break
			}
			for _, ordinal := range ordinals {
				next = ordinal.at + 1
				if ordinal.early {
					continue
				}
				told, err := s.told(ctx, slice.Number, ordinal.at)
				if err != nil {
					return err
				}
				err = ends.Batch(ctx, s.tx, slice.Number, ordinal.at, func(_, at ledger.Spot, line *ledger.Line) error {
					if at.Slice == ledger.Corrections {
						return s.tell(line, corrected[at])
					}
					return s.tell(line, told[at])
				})
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// batchAt is a batch, and whether it was committed before what is asked for.
type batchAt struct {
	at    int64
	early bool
}

func (s *scan) ordinals(ctx context.Context, slice int, from int64) ([]batchAt, error) {
	var found []batchAt
	err := s.l.Books().Query(ctx, s.tx, func(row []record.Value) error {
		found = append(found, batchAt{at: row[0].Int(), early: row[1].String() < s.filter.Since})
		return nil
	}, "SELECT ordinal, committed_at FROM {marker} WHERE run_id = ? AND entity_id = ? AND slice_no = ? AND ordinal >= ? ORDER BY ordinal LIMIT 1000",
		s.run.ID, s.entity.ID, int64(slice), from)
	return found, err
}

// told reads the entries of a batch, or of all of a slice's for ordinal -1.
func (s *scan) told(ctx context.Context, slice int, ordinal int64) (map[ledger.Spot]*ledger.Told, error) {
	told := map[ledger.Spot]*ledger.Told{}
	where, args := "e.run_id = ? AND e.entity_id = ? AND e.slice_no = ?", []any{s.run.ID, s.entity.ID, int64(slice)}
	if ordinal >= 0 {
		where += " AND e.ordinal = ?"
		args = append(args, ordinal)
	}
	err := s.l.Entries(ctx, s.tx, func(t *ledger.Told) error {
		told[ledger.Spot{Slice: t.Slice, Ordinal: t.Ordinal, Seq: t.Seq}] = t
		return nil
	}, where, args...)
	return told, err
}
