// Package report says what happened to a person: progress while a run goes on,
// the closing table, the files of a run, and a record's story. It only looks at
// the books; nothing here decides anything about a record.
package report

import (
	"context"
	"fmt"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Reason is a group of rejections with one cause.
type Reason struct {
	Entity   string      `json:"entity"`
	Step     record.Step `json:"step"`
	Field    string      `json:"field,omitempty"`
	Code     record.Code `json:"code"`
	Count    int64       `json:"count"`
	Examples []Example   `json:"examples"`
}

// Example names one record of a group.
type Example struct {
	Ref     string `json:"ref"`
	Number  int64  `json:"record"`
	Line    int64  `json:"line,omitempty"`
	Message string `json:"message"`
}

const examplesPerReason = 2

// Reasons groups a run's rejections, those first that its plan did not foresee,
// then the most common, at most so many, each with so many named examples.
func Reasons(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, runID int64, most, examples int) ([]Reason, error) {
	reasons := []Reason{} // a list in JSON even when it is empty
	b := l.Books()
	err := b.Query(ctx, tx, func(row []record.Value) error {
		reasons = append(reasons, Reason{
			Entity: row[0].String(), Step: record.Step(row[1].String()), Field: row[2].String(),
			Code: record.Code(row[3].String()), Count: row[4].Int(),
		})
		return nil
	}, fmt.Sprintf(`SELECT n.name, e.step, e.field, e.code, count(*) AS many FROM {entry} e JOIN {entity} n ON n.id = e.entity_id
WHERE e.run_id = ? AND e.disposition IN ('failed', 'blocked', 'unknown', 'kept')
GROUP BY n.name, e.step, e.field, e.code ORDER BY CASE WHEN e.code = ? THEN 0 ELSE 1 END, many DESC, n.name, e.code, e.field, e.step LIMIT %d`, most), runID, string(record.CodePlanDrift))
	if err != nil {
		return nil, err
	}
	for i := range reasons {
		r := &reasons[i]
		err := b.Query(ctx, tx, func(row []record.Value) error {
			r.Examples = append(r.Examples, Example{
				Ref:    shownRef(r.Entity, row[0].String(), row[1].Int()),
				Number: row[1].Int(), Line: row[2].Int(), Message: row[3].String(),
			})
			return nil
		}, fmt.Sprintf(`SELECT e.source_key, e.record_no, e.line, e.message FROM {entry} e JOIN {entity} n ON n.id = e.entity_id
WHERE e.run_id = ? AND n.name = ? AND coalesce(e.step, '') = ? AND coalesce(e.field, '') = ? AND e.code = ?
  AND e.disposition IN ('failed', 'blocked', 'unknown', 'kept')
ORDER BY e.slice_no, e.ordinal, e.seq LIMIT %d`, examples), runID, r.Entity, string(r.Step), r.Field, string(r.Code))
		if err != nil {
			return nil, err
		}
	}
	return reasons, nil
}

// shownRef names a record that may have no key.
func shownRef(entity, key string, number int64) string {
	if key == "" {
		return fmt.Sprintf("%s (record %d, no key)", entity, number)
	}
	return record.Ref{Entity: entity, Key: key}.String()
}
