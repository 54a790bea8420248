package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Checked is how much a check went over.
type Checked struct {
	Slices  int64
	Batches int64
	Entries int64
	Records int64
	Purged  int64 // payloads that are not there any more
}

// Check recomputes everything of a run that can be recomputed from the books
// alone: the hashes of payloads, the links of markers, what segments and entries
// say of each other, the chains, the seals of slices and that of the run. It
// hands what does not hold to each.
func (l *Ledger) Check(ctx context.Context, tx sqldb.Tx, run *Run, each func(Flaw)) (Checked, error) {
	c := &checker{l: l, tx: tx, run: run, each: each}
	entities, err := l.Entities(ctx, tx, run.ID)
	if err != nil {
		// What cannot even be read is a flaw of the books, and the rest cannot be
		// told without it.
		c.flaw(Flaw{Table: "run_entity", Text: err.Error()})
		return c.done, nil
	}
	if err := c.strangers(ctx, entities); err != nil {
		return c.done, err
	}
	for i := range entities {
		for _, slice := range entities[i].Sealed() {
			if err := c.slice(ctx, &entities[i], &slice); err != nil {
				return c.done, err
			}
		}
	}
	return c.done, c.runSeal(ctx)
}

type checker struct {
	l    *Ledger
	tx   sqldb.Tx
	run  *Run
	each func(Flaw)
	done Checked
}

func (c *checker) flaw(f Flaw) {
	if f.Seq == 0 && f.Table != "entry" {
		f.Seq = -1
	}
	c.each(f)
}

func (c *checker) runSeal(ctx context.Context) error {
	if !c.run.State.Ended() && len(c.run.Seal) == 0 {
		return nil
	}
	seal, err := c.l.RunSeal(ctx, c.tx, c.run.ID)
	if err != nil {
		return err
	}
	if len(c.run.Seal) > 0 && !bytes.Equal(seal, c.run.Seal) {
		c.flaw(Flaw{Table: "run", Slice: -1, Ordinal: -1, Text: "the seal does not fit the run, its entities and its slices"})
	}
	return nil
}

// strangers finds batches and entries of entities and slices that the run does
// not have.
func (c *checker) strangers(ctx context.Context, entities []Entity) error {
	type place struct {
		entity int64
		slice  int64
	}
	known, names := map[place]bool{}, map[int64]string{}
	for i := range entities {
		names[entities[i].ID] = entities[i].Name
		for _, slice := range entities[i].Sealed() {
			known[place{entities[i].ID, int64(slice.Number)}] = true
		}
	}
	for _, table := range []string{"slice", "marker", "segment", "entry"} {
		err := c.l.books.Query(ctx, c.tx, func(row []record.Value) error {
			at := place{row[0].Int(), row[1].Int()}
			if !known[at] {
				name := names[at.entity]
				if name == "" {
					name = fmt.Sprintf("entity %d", at.entity)
				}
				c.flaw(Flaw{Table: table, Entity: name, Slice: at.slice, Ordinal: -1, Text: "the run has no such part"})
			}
			return nil
		}, "SELECT DISTINCT entity_id, slice_no FROM {"+table+"} WHERE run_id = ?", c.run.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// windowRecords bounds what is checked in one go.
const windowRecords = 100_000

// slice checks a slice's batches window by window, and its seal.
func (c *checker) slice(ctx context.Context, entity *Entity, slice *Slice) error {
	c.done.Slices++
	chain := chainOf{}
	for next := int64(0); ; {
		w := &window{checker: c, entity: entity, slice: int64(slice.Number), from: next}
		more, err := w.check(ctx, &chain)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		next = w.to
	}
	switch {
	case len(slice.Seal) == 0 && entity.Done:
		c.flaw(Flaw{Table: "slice", Entity: entity.Name, Slice: int64(slice.Number), Ordinal: -1, Columns: []string{"seal"}, Text: "the entity has ended without a seal"})
	case len(slice.Seal) > 0 && !bytes.Equal(slice.Seal, chain.end()):
		c.flaw(Flaw{Table: "slice", Entity: entity.Name, Slice: int64(slice.Number), Ordinal: -1, Text: "the seal is not the end of the chain over the batches' links"})
	}
	return nil
}

// contradictions compares what a marker counts with its segment.
func contradictions(m *storedMarker, s *storedSegment) []string {
	if s == nil || s.lines == nil {
		return nil
	}
	var columns []string
	counts := Counts{}
	for i := range s.lines {
		counts[s.lines[i].Disposition]++
	}
	if m.slice == Corrections {
		return nil
	}
	if m.records != int64(len(s.lines)) {
		columns = append(columns, "records")
	}
	var said Counts
	if json.Unmarshal([]byte(m.counts), &said) != nil || !maps.Equal(nonZero(said), counts) {
		columns = append(columns, "counts")
	}
	return columns
}

func nonZero(c Counts) Counts {
	out := c.Clone()
	maps.DeleteFunc(out, func(_ record.Disposition, n int64) bool { return n == 0 })
	return out
}

// told compares an entry with the line that its segment has for it.
func (e *storedEntry) told(s *storedSegment) []string {
	if s == nil || s.lines == nil {
		return nil
	}
	if e.seq < 0 || e.seq >= int64(len(s.lines)) {
		return []string{"seq"}
	}
	line := s.lines[e.seq]
	var columns []string
	for _, differs := range []struct {
		column string
		is     bool
	}{
		{"source_key", e.key != line.Key},
		{"record_no", e.number != line.Number},
		{"line", e.line != line.Line},
		{"disposition", e.disposition != string(line.Disposition)},
		{"target_key", e.targetKey != line.TargetKey},
	} {
		if differs.is {
			columns = append(columns, differs.column)
		}
	}
	if len(columns) > 2 && slices.Contains(columns, "source_key") {
		return []string{"seq"} // it is another record's line
	}
	return columns
}
