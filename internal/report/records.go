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

// Records lists the records of a run that the filter chooses, entity by entity
// in the order in which they were read: first those that have a good end, then
// those that did not land or were kept. It returns how many they were.
func Records(ctx context.Context, w io.Writer, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, filter Filter, asJSON bool) (int64, error) {
	entities, err := l.Entities(ctx, tx, run.ID)
	if err != nil {
		return 0, err
	}
	shown := int64(0)
	show := func(r listed) error {
		shown++
		return showRecord(w, r, asJSON)
	}
	for _, entity := range entities {
		if filter.Entity != "" && filter.Entity != entity.Name {
			continue
		}
		if err := entityRecords(ctx, tx, l, run.ID, entity, filter, show); err != nil {
			return shown, err
		}
	}
	return shown, nil
}

// entityRecords takes rejected records from their entries and all others from
// the segments: the segments know every record, the entries know why.
func entityRecords(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, runID int64, entity ledger.Entity, filter Filter, show func(listed) error) error {
	if filter.Code == "" {
		err := l.Segments(ctx, tx, runID, entity.ID, func(_ int, line *ledger.Line) error {
			if line.Disposition.TellsWhy() || filter.Disposition != "" && line.Disposition != filter.Disposition {
				return nil
			}
			return show(listed{
				Ref: shownRef(entity.Name, line.Key, line.Number), Number: line.Number, Line: line.Line,
				Disposition: line.Disposition, TargetKey: line.TargetKey,
			})
		})
		if err != nil {
			return err
		}
	}
	return l.Entries(ctx, tx, func(t *ledger.Told) error {
		if filter.Code != "" && t.Code != filter.Code || filter.Code == "" && !t.Disposition.TellsWhy() ||
			filter.Disposition != "" && t.Disposition != filter.Disposition {
			return nil
		}
		return show(listed{
			Ref: shownRef(entity.Name, t.Key, t.Number), Number: t.Number, Line: t.Line, Disposition: t.Disposition,
			TargetKey: t.TargetKey, Step: t.Step, Field: t.Field, Code: t.Code, Message: t.Message,
		})
	}, "e.run_id = ? AND e.entity_id = ?", runID, entity.ID)
}

func showRecord(w io.Writer, r listed, asJSON bool) error {
	if asJSON {
		return JSONLine(w, r)
	}
	text := r.Ref + whereRead(Example{Ref: r.Ref, Number: r.Number, Line: r.Line}) + ": " + string(r.Disposition)
	if r.TargetKey != "" {
		text += ", row " + r.TargetKey
	}
	if r.Code != "" {
		text += ", " + string(r.Code)
		if r.Field != "" {
			text += " in " + r.Field
		}
		text += ", at step " + string(r.Step)
	}
	if r.Message != "" {
		text += ": " + r.Message
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
