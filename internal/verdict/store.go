package verdict

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Store reads and writes reconciliations in one database's books.
type Store struct{ books *books.Books }

// New returns the reconciliations in the books.
func New(b *books.Books) *Store { return &Store{books: b} }

const columns = "id, name, migration, run_id, state, options, actor, host, mapping_hash, started_at, ended_at, error"

// Start writes a new reconciliation with its entities, and gives it its id and
// its name, which is the run's name and a running number. Unfinished ones of
// the migration are superseded by it.
func (s *Store) Start(ctx context.Context, tx sqldb.Tx, r *Reconciliation, runName string, entities []*Entity) error {
	if _, err := s.books.Exec(ctx, tx, "UPDATE {reconciliation} SET state = ? WHERE migration = ? AND state IN (?, ?, ?)",
		string(Superseded), r.Migration, string(Running), string(Interrupted), string(Broken)); err != nil {
		return err
	}
	row, _, err := s.books.One(ctx, tx, "SELECT coalesce(max(id), 0) + 1, coalesce(sum(CASE WHEN run_id = ? THEN 1 ELSE 0 END), 0) + 1 FROM {reconciliation}", r.RunID)
	if err != nil {
		return err
	}
	count, misfit := record.Type{Kind: record.KindInt, Bits: 64}.Fit(row[1])
	if misfit != nil {
		return misfit
	}
	r.ID, r.State = row[0].Int(), Running
	r.Name = fmt.Sprintf("%s-check-%d", runName, count.Int())
	options, err := json.Marshal(r.Options)
	if err != nil {
		return err
	}
	if _, err := s.books.Exec(ctx, tx, "INSERT INTO {reconciliation} (id, name, migration, run_id, state, options, actor, host, mapping_hash, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "+s.books.Now(0)+")",
		r.ID, r.Name, r.Migration, r.RunID, string(r.State), string(options), r.Actor, r.Host, r.MappingHash); err != nil {
		return err
	}
	for _, e := range entities {
		counts, notLooked, err := e.texts()
		if err != nil {
			return err
		}
		if _, err := s.books.Exec(ctx, tx, "INSERT INTO {reconciliation_entity} (reconciliation_id, entity_id, place, state, input, position, counts, not_looked) VALUES (?, ?, ?, 'open', ?, ?, ?, ?)",
			r.ID, e.ID, e.Place, e.Input, e.Position, counts, notLooked); err != nil {
			return err
		}
	}
	return nil
}

// SetState notes where the reconciliation stands; ended states get the server's
// time.
func (s *Store) SetState(ctx context.Context, tx sqldb.Tx, id int64, state State, message string) error {
	ended, failure := "NULL", any(nil)
	if state != Running {
		ended = s.books.Now(0)
	}
	if message != "" {
		failure = message
	}
	_, err := s.books.Exec(ctx, tx, "UPDATE {reconciliation} SET state = ?, ended_at = "+ended+", error = ? WHERE id = ?", string(state), failure, id)
	return err
}

var differenceColumns = []sqldb.Column{
	own("reconciliation_id", record.KindInt, "bigint"), own("entity_id", record.KindInt, "bigint"), own("seq", record.KindInt, "bigint"),
	own("verdict", record.KindText, "text"), own("source_key", record.KindText, "text"), own("target_key", record.KindText, "text"),
	own("field", record.KindText, "text"), own("expected", record.KindText, "text"), own("found", record.KindText, "text"),
	own("rule", record.KindText, "text"), own("message", record.KindText, "text"), own("at", record.KindText, "text"),
}

func own(name string, kind record.Kind, native string) sqldb.Column {
	return sqldb.Column{Name: name, Nullable: true, Type: record.Type{Kind: kind, Native: native}}
}

// Found are differences on their way into the books. They are walked through
// again when their transaction is tried again.
type Found iter.Seq2[*Difference, error]

// None are no differences.
func None(func(*Difference, error) bool) {}

// These are differences that are in memory.
func These(found []Difference) Found {
	return func(yield func(*Difference, error) bool) {
		for i := range found {
			if !yield(&found[i], nil) {
				return
			}
		}
	}
}

// ErrTakenOver says that another process goes on with the reconciliation.
var ErrTakenOver = errors.New("another process goes on with this reconciliation")

// Note writes how far the entity is and what was found since the last time, in
// the transaction that it is given: after a crash, both are there or neither.
// was is the position that the books must still say. With instead, the entity's
// differences of that verdict make room for those that were found.
func (s *Store) Note(ctx context.Context, tx sqldb.Tx, id int64, e *Entity, was string, instead Verdict, found Found) error {
	counts, notLooked, err := e.texts()
	if err != nil {
		return err
	}
	state := "open"
	if e.Done {
		state = "done"
	}
	changed, err := s.books.Exec(ctx, tx, "UPDATE {reconciliation_entity} SET state = ?, position = ?, counts = ?, not_looked = ?, input = ? WHERE reconciliation_id = ? AND entity_id = ? AND position = ?",
		state, e.Position, counts, notLooked, e.Input, id, e.ID, was)
	if err != nil {
		return err
	}
	if changed == 0 {
		return ErrTakenOver
	}
	if instead != "" {
		if _, err := s.books.Exec(ctx, tx, "DELETE FROM {difference} WHERE reconciliation_id = ? AND entity_id = ? AND verdict = ?", id, e.ID, string(instead)); err != nil {
			return err
		}
	}
	return s.append(ctx, tx, id, e, found)
}

// texts are the counts and what was not looked at, as the books keep them: JSON.
func (e *Entity) texts() (counts, notLooked string, err error) {
	one, err := json.Marshal(e.Counts)
	if err != nil {
		return "", "", err
	}
	other, err := json.Marshal(append([]string{}, e.NotLooked...)) // [] for none
	return string(one), string(other), err
}

func (s *Store) append(ctx context.Context, tx sqldb.Tx, id int64, e *Entity, found Found) error {
	next, stop := iter.Pull2(iter.Seq2[*Difference, error](found))
	defer stop()
	first, failed, any := next()
	if !any {
		return nil
	}
	row, _, err := s.books.One(ctx, tx, "SELECT coalesce(max(seq), 0), "+s.books.Now(0)+" FROM {difference} WHERE reconciliation_id = ? AND entity_id = ?", id, e.ID)
	if err != nil {
		return err
	}
	seq, sent, at := row[0].Int(), int64(0), record.Text(row[1].String())
	cells := make([]record.Value, len(differenceColumns))
	written, err := tx.BulkInsert(ctx, s.books.Name("difference"), differenceColumns, func() []record.Value {
		if !any || failed != nil {
			return nil
		}
		d := first
		sent++
		copy(cells, []record.Value{
			record.Int(id), record.Int(e.ID), record.Int(seq + sent), record.Text(string(d.Verdict)), record.Text(d.Key),
			optional(d.TargetKey), optional(d.Field), nullable(d.Expected), nullable(d.Found), optional(d.Rule), optional(d.Message), at,
		})
		first, failed, any = next()
		return cells
	})
	if err = errors.Join(err, failed); err == nil && written != sent {
		err = fmt.Errorf("difference: %d rows sent, %d written", sent, written)
	}
	return err
}

func optional(text string) record.Value {
	if text == "" {
		return record.Null()
	}
	return record.Text(text)
}

func nullable(text *string) record.Value {
	if text == nil {
		return record.Null()
	}
	return record.Text(*text)
}

// List lists the migration's reconciliations, newest first.
func (s *Store) List(ctx context.Context, tx sqldb.Tx, migration string) ([]*Reconciliation, error) {
	return s.list(ctx, tx, "migration = ?", migration)
}

// OfRun lists the reconciliations after the run, newest first.
func (s *Store) OfRun(ctx context.Context, tx sqldb.Tx, runID int64) ([]*Reconciliation, error) {
	return s.list(ctx, tx, "run_id = ?", runID)
}

// keptSince is the version of the books that first had reconciliations.
const keptSince = 3

func (s *Store) list(ctx context.Context, tx sqldb.Tx, where string, arg any) ([]*Reconciliation, error) {
	able, err := s.books.Since(ctx, tx, keptSince)
	if err != nil || !able {
		return nil, err
	}
	var found []*Reconciliation
	err = s.books.Query(ctx, tx, func(v []record.Value) error {
		r := &Reconciliation{
			ID: v[0].Int(), Name: v[1].String(), Migration: v[2].String(), RunID: v[3].Int(), State: State(v[4].String()),
			Actor: v[6].String(), Host: v[7].String(), MappingHash: v[8].String(), StartedAt: v[9].String(), EndedAt: v[10].String(), Error: v[11].String(),
		}
		found = append(found, r)
		if err := json.Unmarshal([]byte(v[5].String()), &r.Options); err != nil {
			return fmt.Errorf("reconciliation %s: options in the books: %w", r.Name, err)
		}
		return nil
	}, "SELECT "+columns+" FROM {reconciliation} WHERE "+where+" ORDER BY id DESC", arg)
	return found, err
}

// Entities reads a reconciliation's entities, in its order.
func (s *Store) Entities(ctx context.Context, tx sqldb.Tx, id int64) ([]*Entity, error) {
	var entities []*Entity
	err := s.books.Query(ctx, tx, func(v []record.Value) error {
		e := &Entity{ID: v[0].Int(), Name: v[1].String(), Place: v[2].Int(), Done: v[3].String() == "done", Input: v[4].String(), Position: v[5].String(), Counts: map[string]int64{}}
		entities = append(entities, e)
		return errors.Join(json.Unmarshal([]byte(v[6].String()), &e.Counts), json.Unmarshal([]byte(v[7].String()), &e.NotLooked))
	}, "SELECT r.entity_id, e.name, r.place, r.state, r.input, r.position, r.counts, r.not_looked FROM {reconciliation_entity} r JOIN {entity} e ON e.id = r.entity_id WHERE r.reconciliation_id = ? ORDER BY r.place", id)
	return entities, err
}

// Differences hands all differences to each, entity by entity and in the order
// in which they were found. A Difference is only valid during the call.
func (s *Store) Differences(ctx context.Context, tx sqldb.Tx, id int64, each func(*Difference) error) error {
	var d Difference
	return s.books.Query(ctx, tx, func(v []record.Value) error {
		d = Difference{
			Entity: v[0].String(), Verdict: Verdict(v[1].String()), Key: v[2].String(), TargetKey: v[3].String(), Field: v[4].String(),
			Expected: pointer(v[5]), Found: pointer(v[6]), Rule: v[7].String(), Message: v[8].String(), At: v[9].String(),
		}
		return each(&d)
	}, `SELECT e.name, d.verdict, d.source_key, d.target_key, d.field, d.expected, d.found, d.rule, d.message, d.at
FROM {difference} d JOIN {entity} e ON e.id = d.entity_id JOIN {reconciliation_entity} r ON r.reconciliation_id = d.reconciliation_id AND r.entity_id = d.entity_id
WHERE d.reconciliation_id = ? ORDER BY r.place, d.seq`, id)
}

func pointer(v record.Value) *string {
	if v.IsNull() {
		return nil
	}
	text := v.String()
	return &text
}
