package report

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// JSONLine writes a value as one line of JSON.
func JSONLine(w io.Writer, value any) error { return json.NewEncoder(w).Encode(value) }

// Filter chooses records of a run; empty fields choose all.
type Filter struct {
	Disposition record.Disposition
	Entity      string
	Code        record.Code
}

// listed is one record as `records` shows it.
type listed struct {
	Ref         string             `json:"ref"`
	Number      int64              `json:"record"`
	Line        int64              `json:"line,omitempty"`
	Disposition record.Disposition `json:"disposition"`
	TargetKey   string             `json:"target_key,omitempty"`
	Step        record.Step        `json:"step,omitempty"`
	Field       string             `json:"field,omitempty"`
	Code        record.Code        `json:"code,omitempty"`
	Message     string             `json:"message,omitempty"`
}

// Records lists the records of a run that the filter chooses, in the order in
// which they were read.
func Records(ctx context.Context, w io.Writer, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, filter Filter, asJSON bool) error {
	entities, err := l.Entities(ctx, tx, run.ID)
	if err != nil {
		return err
	}
	for _, entity := range entities {
		if filter.Entity != "" && filter.Entity != entity.Name {
			continue
		}
		show := func(r listed) error { return showRecord(w, r, asJSON) }
		if err := entityRecords(ctx, tx, l, run.ID, entity, filter, show); err != nil {
			return err
		}
	}
	return nil
}

// entityRecords takes rejected records from their entries and all others from
// the segments: the segments know every record, the entries know why.
func entityRecords(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, runID int64, entity ledger.Entity, filter Filter, show func(listed) error) error {
	if filter.Code != "" || filter.Disposition.NeedsRetry() {
		return l.Entries(ctx, tx, func(t *ledger.Told) error {
			if filter.Code != "" && t.Code != filter.Code || filter.Disposition != "" && t.Disposition != filter.Disposition {
				return nil
			}
			return show(listed{
				Ref: shownRef(entity.Name, t.Key, t.Number), Number: t.Number, Line: t.Line, Disposition: t.Disposition,
				TargetKey: t.TargetKey, Step: t.Step, Field: t.Field, Code: t.Code, Message: t.Message,
			})
		}, "e.run_id = ? AND e.entity_id = ?", runID, entity.ID)
	}
	return l.Segments(ctx, tx, runID, entity.ID, func(_ int, line *ledger.Line) error {
		if filter.Disposition != "" && line.Disposition != filter.Disposition {
			return nil
		}
		return show(listed{
			Ref: shownRef(entity.Name, line.Key, line.Number), Number: line.Number, Line: line.Line,
			Disposition: line.Disposition, TargetKey: line.TargetKey,
		})
	})
}

func showRecord(w io.Writer, r listed, asJSON bool) error {
	if asJSON {
		return JSONLine(w, r)
	}
	place := fmt.Sprintf("record %d", r.Number)
	if r.Line > 0 {
		place += fmt.Sprintf(", line %d", r.Line)
	}
	_, err := fmt.Fprintf(w, "%s (%s): %s", r.Ref, place, r.Disposition)
	if r.TargetKey != "" {
		_, err = fmt.Fprintf(w, ", row %s", r.TargetKey)
	}
	if r.Code != "" {
		in := ""
		if r.Field != "" {
			in = " in " + r.Field
		}
		_, err = fmt.Fprintf(w, ", %s%s: %s", r.Code, in, r.Message)
	}
	fmt.Fprintln(w)
	return err
}
