package report

import (
	"context"
	"fmt"
	"io"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/intent"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Unanswered is how many calls for an entity's records a run has made of which it
// is not known whether they were carried out.
type Unanswered struct {
	Run    string `json:"run"`
	Entity string `json:"entity"`
	Calls  int64  `json:"calls"`
	Since  string `json:"since"`
}

// UnansweredCalls lists those of a migration whose target is an API.
func UnansweredCalls(ctx context.Context, tx sqldb.Tx, b *books.Books, migration string) (all []Unanswered, err error) {
	err = b.Query(ctx, tx, func(row []record.Value) error {
		all = append(all, Unanswered{Run: row[0].String(), Entity: row[1].String(), Calls: row[2].Int(), Since: row[3].String()})
		return nil
	}, `SELECT r.name, e.name, count(*), min(i.at) FROM {intent} i JOIN {entity} e ON e.id = i.entity_id JOIN {run} r ON r.id = i.run_id
  WHERE e.migration = ? AND i.state = ? GROUP BY r.name, e.name ORDER BY 1, 2`, migration, string(intent.Sent))
	if err != nil {
		return nil, fmt.Errorf("looking for calls without an answer: %w", err)
	}
	return all, nil
}

// WriteUnanswered tells of them.
func WriteUnanswered(w io.Writer, all []Unanswered) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "\nCalls without an answer: it is not known whether they were carried out; `landfall resume`, or else `landfall retry`, asks")
	for _, u := range all {
		fmt.Fprintf(w, "  %s: %d for %s, since %s\n", u.Run, u.Calls, u.Entity, u.Since)
	}
}

// Call is one for a record of which it is not known whether it was carried out.
type Call struct {
	Run   string `json:"run"`
	Deed  string `json:"deed"` // create, update or delete
	Since string `json:"since"`
}

// OfAPI has the story be that of a record in an API, and tells of a call for it
// that was not answered.
func (s *Story) OfAPI(ctx context.Context, tx sqldb.Tx, b *books.Books, migration string, ref record.Ref) error {
	s.row = "record"
	entityID, err := crosswalk.EntityID(ctx, tx, b, migration, ref.Entity, false)
	if err != nil {
		return err
	}
	return b.Query(ctx, tx, func(row []record.Value) error {
		s.Unanswered = &Call{Run: row[0].String(), Deed: row[1].String(), Since: row[2].String()}
		return nil
	}, "SELECT r.name, i.deed, i.at FROM {intent} i JOIN {run} r ON r.id = i.run_id WHERE i.entity_id = ? AND i.source_key = ? AND i.state = ?", entityID, ref.Key, string(intent.Sent))
}
