package run

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"landfall/internal/dedupe"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// contentHash stands for a record as it was read.
func contentHash(buf *[]byte, rec *record.Record) record.Hash {
	*buf = record.Text(rec.Ref.Key).AppendBinary((*buf)[:0])
	for _, value := range rec.Values {
		*buf = value.AppendBinary(*buf)
	}
	sum := sha256.Sum256(*buf)
	return record.Hash(sum[:16])
}

// ends are those of one entity's records, put aside until its circle is settled.
type ends struct {
	spool     *dedupe.Spool
	corrected bool
	buf       []byte
}

// told puts the ends of a batch aside.
func (s *shadow) told(l *landing) error {
	e := s.ends[l.Name]
	if e == nil {
		spool, err := dedupe.NewSpool(l.spill)
		if err != nil {
			return err
		}
		e = &ends{spool: spool}
		s.ends[l.Name] = e
	}
	hash := func(rec *record.Record) record.Hash { return contentHash(&e.buf, rec) }
	for i := range l.units {
		text, err := json.Marshal(l.forecast(i, hash))
		if err != nil {
			return err
		}
		if err := e.spool.Append(text); err != nil {
			return err
		}
	}
	return nil
}

// correct takes note of what filling in references changed of ends.
func (s *shadow) correct(ctx context.Context, tx sqldb.Tx, e *entityRun, said []ledger.Correction) error {
	if len(said) == 0 {
		return nil
	}
	kept := s.ends[e.Name]
	kept.corrected = true
	for _, c := range said {
		f := Forecast{End: End{Disposition: c.Disposition}}
		if c.Entry != nil {
			f.Step, f.Code, f.Field, f.Message = c.Entry.Step, c.Entry.Code, c.Entry.Field, c.Entry.Message
			if c.Disposition == record.Updated {
				f.Message = ""
				before, err := ledger.DecodeRow(e.Columns, c.Entry.Before)
				if err != nil {
					return err
				}
				after, err := ledger.DecodeRow(e.Columns, c.Entry.After)
				if err != nil {
					return err
				}
				generated := len(e.Columns) - len(e.Program.Columns)
				f.Changes = e.fieldChanges(e.Columns[generated:], before[generated:], after[generated:])
			}
		}
		text, err := json.Marshal(f)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT OR REPLACE INTO shadow_end (entity, key, number, forecast) VALUES (?1, ?2, ?3, ?4)", e.Name, c.Key, c.Number, string(text)); err != nil {
			return err
		}
	}
	return nil
}

// endsAtOnce is how many ends are looked up together.
const endsAtOnce = 1000

// tellEnds hands on the ends of the records of a circle that is settled.
func (c *circle) tellEnds(ctx context.Context) error {
	if c.shadow == nil {
		return nil
	}
	for _, e := range c.members {
		kept := c.shadow.ends[e.Name]
		if kept == nil {
			continue
		}
		delete(c.shadow.ends, e.Name)
		err := kept.tell(ctx, c.shadow, e.Name)
		if closed := kept.spool.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *ends) tell(ctx context.Context, s *shadow, entity string) error {
	var some []*Forecast
	flush := func() error {
		if k.corrected {
			if err := s.corrected(ctx, entity, some); err != nil {
				return err
			}
		}
		for _, f := range some {
			if err := s.tell(f); err != nil {
				return err
			}
		}
		some = some[:0]
		return nil
	}
	for text, err := range k.spool.All() {
		if err != nil {
			return err
		}
		f := &Forecast{}
		if err := json.Unmarshal(text, f); err != nil {
			return fmt.Errorf("reading what was put aside: %w", err)
		}
		if some = append(some, f); len(some) == endsAtOnce {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// corrected puts the later end in place of the first one.
func (s *shadow) corrected(ctx context.Context, entity string, forecasts []*Forecast) error {
	keys := make([][]record.Value, len(forecasts))
	for i, f := range forecasts {
		keys[i] = []record.Value{record.Text(f.Ref.Key)}
	}
	tx, err := s.db.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	relation, args := s.db.Dialect().Relation("k", []sqldb.Column{keyColumn}, keys, 2)
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT c.key, c.number, c.forecast FROM %s CROSS JOIN shadow_end c ON c.entity = ?1 AND c.key = k.c0", relation), append([]any{entity}, args...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		v := rows.Values()
		key, number, text := v[0].String(), v[1].Int(), v[2].String()
		at := slices.IndexFunc(forecasts, func(f *Forecast) bool { return f.Ref.Key == key && f.Number == number && !f.Disposition.NeedsRetry() })
		if at < 0 {
			continue
		}
		var later Forecast
		if err := json.Unmarshal([]byte(text), &later); err != nil {
			return err
		}
		f := forecasts[at]
		if first := f.End; first.Disposition != later.Disposition || first.Code != later.Code {
			f.First = &first
		}
		f.End, f.Changes = later.End, later.Changes
	}
	return rows.Err()
}
