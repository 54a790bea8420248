package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

func column(name string, kind record.Kind, native string) sqldb.Column {
	return sqldb.Column{Name: name, Nullable: true, Type: record.Type{Kind: kind, Native: native}}
}

var entryColumns = []sqldb.Column{
	column("run_id", record.KindInt, "bigint"), column("entity_id", record.KindInt, "bigint"),
	column("slice_no", record.KindInt, "bigint"), column("ordinal", record.KindInt, "bigint"),
	column("seq", record.KindInt, "bigint"), column("source_key", record.KindText, "text"),
	column("record_no", record.KindInt, "bigint"), column("line", record.KindInt, "bigint"),
	column("disposition", record.KindText, "text"), column("target_key", record.KindText, "text"),
	column("role", record.KindText, "text"), column("step", record.KindText, "text"),
	column("field", record.KindText, "text"), column("code", record.KindText, "text"),
	column("message", record.KindText, "text"), column("payload_hash", record.KindBytes, "bytea"),
	column("source", record.KindText, "text"), column("before", record.KindText, "text"),
	column("after", record.KindText, "text"), column("at", record.KindText, "text"),
}

// entryRows makes the rows of a batch's entries and the hash over all of them.
func (l *Ledger) entryRows(at Place, lines []Line) ([][]record.Value, []byte, error) {
	var rows [][]record.Value
	all := sha256.New()
	now := record.Text(time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
	for i := range lines {
		line := &lines[i]
		if line.Entry == nil {
			continue
		}
		e := line.Entry
		payloadHash := payloadHash(e.Source, e.Before, e.After)
		row := []record.Value{
			record.Int(at.RunID), record.Int(at.EntityID), record.Int(int64(at.Slice)), record.Int(at.Ordinal),
			record.Int(int64(i)), record.Text(line.Key), record.Int(line.Number), record.Int(line.Line),
			record.Text(string(line.Disposition)), optional(line.TargetKey), optional(e.Role),
			optional(string(e.Step)), optional(e.Field), optional(string(e.Code)), optional(e.Message),
			record.Bytes(payloadHash), optional(e.Source), optional(e.Before), optional(e.After), now,
		}
		var buf []byte
		for _, cell := range row[:16] {
			buf = cell.AppendBinary(buf)
		}
		all.Write(now.AppendBinary(buf))
		rows = append(rows, row)
	}
	return rows, all.Sum(nil), nil
}

// optional stores an absent text as NULL.
func optional(text string) record.Value {
	if text == "" {
		return record.Null()
	}
	return record.Text(text)
}

// Told is an entry read back, with the batch it belongs to.
type Told struct {
	Place
	Seq         int64
	RunName     string
	Entity      string
	Key         string
	Number      int64
	Line        int64
	Disposition record.Disposition
	TargetKey   string
	Entry
	At string
}

// Entries hands the entries that the condition selects to each, in the order of
// runs, entities and records. The condition speaks of e (entry) and uses ? for
// its arguments.
func (l *Ledger) Entries(ctx context.Context, tx sqldb.Tx, each func(*Told) error, where string, args ...any) error {
	return l.books.Query(ctx, tx, func(v []record.Value) error {
		return each(&Told{
			Place: Place{RunID: v[0].Int(), EntityID: v[1].Int(), Slice: int(v[2].Int()), Ordinal: v[3].Int()},
			Seq:   v[4].Int(), Key: v[5].String(), Number: v[6].Int(), Line: v[7].Int(),
			Disposition: record.Disposition(v[8].String()), TargetKey: v[9].String(),
			Entry: Entry{
				Role: v[10].String(), Step: record.Step(v[11].String()), Field: v[12].String(), Code: record.Code(v[13].String()),
				Message: v[14].String(), Source: v[15].String(), Before: v[16].String(), After: v[17].String(),
			},
			At: v[18].String(), RunName: v[19].String(), Entity: v[20].String(),
		})
	}, `SELECT e.run_id, e.entity_id, e.slice_no, e.ordinal, e.seq, e.source_key, e.record_no, e.line, e.disposition, e.target_key,
  e.role, e.step, e.field, e.code, e.message, e.source, e.before, e.after, e.at, r.name, n.name
FROM {entry} e JOIN {run} r ON r.id = e.run_id JOIN {entity} n ON n.id = e.entity_id
WHERE `+where+` ORDER BY e.run_id, e.entity_id, e.slice_no, e.ordinal, e.seq`, args...)
}

// Cause is why a record did not land the last time it was read, or, where
// Disposition is Reversed, that it landed and is undone.
type Cause struct {
	RunID       int64
	RunName     string
	Disposition record.Disposition
	Code        record.Code
	Field       string
	Rollbacks   []string // of the run, by name, oldest first; of reversed records only
}

// LastCauses finds, of the given records of an entity, those whose last entry
// says that they did not land. A run over all records has read again what did
// not land before it: entries older than the run since say nothing any more.
func (l *Ledger) LastCauses(ctx context.Context, tx sqldb.Tx, since, entityID int64, keys []string) (map[string]Cause, error) {
	causes := make(map[string]Cause, len(keys))
	rows := make([][]record.Value, len(keys))
	for i, key := range keys {
		rows[i] = []record.Value{record.Text(key)}
	}
	if len(rows) == 0 {
		return causes, nil
	}
	if front, ok := tx.(books.Front); ok && entityID < books.FirstOwn {
		if b, behind := front.Behind(); b != nil {
			var err error
			if causes, err = New(b).LastCauses(ctx, behind, since, entityID, keys); err != nil {
				return nil, fmt.Errorf("looking at the target's books: %w", err)
			}
		}
	}
	relation, args := l.books.Dialect().Relation("k", entryColumns[5:6], rows, 3)
	query := "SELECT e.source_key, r.name, e.disposition, e.code, e.field, r.id FROM " + relation + " " + l.books.Dialect().LookupJoin() + " " + l.books.Table("entry") +
		" e ON e.source_key = k.c0 AND e.entity_id = " + l.books.Dialect().Placeholder(1) +
		" AND e.run_id >= " + l.books.Dialect().Placeholder(2) + " JOIN " + l.books.Table("run") +
		" r ON r.id = e.run_id AND r.mode <> '" + ModeRollback + "' ORDER BY e.run_id, e.slice_no, e.ordinal, e.seq"
	result, err := tx.Query(ctx, query, append([]any{entityID, since}, args...)...)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	for result.Next() {
		v := result.Values()
		disposition, repeated := record.Disposition(v[2].String()), v[3].String() == string(record.CodeRepeated)
		if repeated && v[4].String() == "" {
			continue // the other record of its key has the last word
		}
		if disposition.NeedsRetry() || repeated {
			causes[v[0].String()] = Cause{RunID: v[5].Int(), RunName: v[1].String(), Disposition: disposition, Code: record.Code(v[3].String()), Field: v[4].String()}
		} else {
			delete(causes, v[0].String())
		}
	}
	return causes, result.Err()
}

// RejectionCodes counts a run's records that did not land by their codes.
func (l *Ledger) RejectionCodes(ctx context.Context, tx sqldb.Tx, runID int64) (map[string]int64, error) {
	codes := map[string]int64{}
	err := l.books.Query(ctx, tx, func(row []record.Value) error {
		codes[row[0].String()] = row[1].Int()
		return nil
	}, "SELECT code, count(*) FROM {entry} WHERE run_id = ? AND disposition IN ('failed', 'blocked', 'unknown', 'kept') GROUP BY code", runID)
	return codes, err
}
