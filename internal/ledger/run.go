// Package ledger is what happened to every record in every run. It is only
// ever appended to: runs, their slices, one marker and one compressed segment
// for each batch, and entries of their own for what a person will ask about.
package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// State says where a run stands.
type State string

// The states of a run.
const (
	Running     State = "running"     // going on, or broken off without a word (killed)
	Interrupted State = "interrupted" // stopped after a batch, to be resumed
	Broken      State = "broken"      // ended by an error, to be resumed
	Completed   State = "completed"   // every record has its end
	Abandoned   State = "abandoned"   // given up; what landed stays

	// Unreconciled: every record has its end, and the target is not what it must be
	// then: rows of a wave are gone, or rows that it did not write are not what
	// they were.
	Unreconciled State = "failed-reconciliation"

	RolledBack       State = "rolled-back"        // all that it did is undone
	PartlyRolledBack State = "partly-rolled-back" // what could be undone is

	// RollingBack is told of a run while a rollback of it is unfinished; what the
	// books hold is its state before.
	RollingBack State = "rolling-back"
)

// Resumable reports whether the run can go on.
func (s State) Resumable() bool { return s == Running || s == Interrupted || s == Broken }

// Ended reports whether every record has its end, and none of it is undone.
func (s State) Ended() bool { return s == Completed || s == Unreconciled }

// Run is one execution.
type Run struct {
	ID          int64
	Name        string
	Migration   string
	Mode        string
	State       State
	ParentID    int64 // the run whose open records this one retries, or that it rolls back; 0 for none
	Actor       string
	Host        string
	MappingHash string
	Mapping     []string // the mapping's description, line by line
	Options     Options
	StartedAt   string
	EndedAt     string
	Error       string
	Seal        []byte // over the run and its slices' seals; nil until it has completed
}

// Options are what a run was asked to do; a resumed run keeps them.
type Options struct {
	Only    []string          `json:"only,omitempty"`
	Limit   int64             `json:"limit,omitempty"`
	Inputs  map[string]string `json:"inputs,omitempty"` // entity -> file
	Records int               `json:"records"`          // batch limits
	Bytes   int               `json:"bytes"`
	Retry   bool              `json:"retry,omitempty"`
	// Fingerprint asks for a fingerprint of every entity, whatever the mapping says.
	Fingerprint bool `json:"fingerprint,omitempty"`
	// StopAfter is what --stop-after said when the run started.
	StopAfter string `json:"stop_after,omitempty"`
	// StartRows are first row numbers by entity, where the command gave some.
	StartRows map[string]int64 `json:"start_row_numbers,omitempty"`
	// Plan is the hash of the plan that the run is held to, and PlanFile where it was.
	Plan     string `json:"plan,omitempty"`
	PlanFile string `json:"plan_file,omitempty"`
	// Target names the connection that the run lands in.
	Target string `json:"target"`
	// ThroughTriggers lets a rollback write to tables whose triggers go off.
	ThroughTriggers bool `json:"through_triggers,omitempty"`
	// Unjudged are columns of which a rollback cannot tell whether people have
	// edited them; edits of them alone do not keep a row.
	Unjudged []Unjudged `json:"unjudged,omitempty"`
	// Taken says where a restore or an import has its entries from.
	Taken *Taken `json:"taken,omitempty"`
}

// Taken is a file whose entries a run brought into the crosswalk.
type Taken struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	MadeAt string `json:"made_at,omitempty"` // of a backup
	Moved  string `json:"moved,omitempty"`   // the identity of the database that the backup is of, where that was another place
	Role   string `json:"role,omitempty"`    // of an import
}

// Unjudged is columns of an entity's rows, and why it cannot be told whether
// people have edited them.
type Unjudged struct {
	Entity  string   `json:"entity"`
	Columns []string `json:"columns"`
	Why     string   `json:"why"`
}

// The modes of runs that read no records of the source.
const (
	ModeRollback = "rollback" // undoes another run
	ModeRestore  = "restore"  // brings entries of the crosswalk back from a backup
	ModeImport   = "import"   // takes in entries that another tool made
)

// Reads reports whether the run reads records of the source.
func (r *Run) Reads() bool {
	return r.Mode != ModeRollback && r.Mode != ModeRestore && r.Mode != ModeImport
}

// The kinds of runs, by the records they are over.
const (
	KindAll   = "all"
	KindOnly  = "only"
	KindLimit = "limit"
	KindInput = "input" // an entity's input was replaced, by a retry file perhaps
	KindRetry = "retry"

	KindRollback = "rollback" // over what another run did
	KindBackup   = "backup"   // over the entries of a backup
	KindEntries  = "entries"  // over entries that another tool made
)

// Kind says which records the run is over.
func (r *Run) Kind() string {
	switch {
	case r.Mode == ModeRollback:
		return KindRollback
	case r.Mode == ModeRestore:
		return KindBackup
	case r.Mode == ModeImport:
		return KindEntries
	case r.Options.Retry:
		return KindRetry
	case len(r.Options.Only) > 0:
		return KindOnly
	case r.Options.Limit > 0:
		return KindLimit
	case len(r.Options.Inputs) > 0:
		return KindInput
	}
	return KindAll
}

// Entity is one entity's part in a run.
type Entity struct {
	ID     int64
	Name   string
	Place  int64
	Done   bool
	Header []string // the source's column names
	Input  []Fact   // its fingerprint
	Origin string   // what was read, in words: a file's or table's name
	Slices []Slice
	// Corrections is the slice that supersedes what the others say; nil when
	// nothing was corrected.
	Corrections *Slice
}

// Sealed lists all that is sealed when the entity ends.
func (e *Entity) Sealed() []Slice {
	if e.Corrections == nil {
		return e.Slices
	}
	return append(slices.Clone(e.Slices), *e.Corrections)
}

// Fact is one named piece of an input's fingerprint.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Slice is a part of an entity's source with its own order, as the run stored
// it at its start. Count is -1 where the source could not count.
type Slice struct {
	Number int
	Name   string
	Count  int64
	Bytes  int64
	Seal   []byte // of its chain; nil until the entity has ended
}

// Ledger is the ledger in one database's books.
type Ledger struct{ books *books.Books }

// New returns the ledger in the books.
func New(b *books.Books) *Ledger { return &Ledger{books: b} }

const runColumns = "id, name, migration, mode, state, parent_id, actor, host, mapping_hash, mapping, options, started_at, ended_at, error, seal"

// Start writes a new run with its entities and slices, and gives it its id and
// its name, which is the migration's name and a running number.
func (l *Ledger) Start(ctx context.Context, tx sqldb.Tx, run *Run, entities []Entity) error {
	row, _, err := l.books.One(ctx, tx, "SELECT coalesce(max(id), 0) + 1, coalesce(sum(CASE WHEN migration = ? THEN 1 ELSE 0 END), 0) + 1 FROM {run}", run.Migration)
	if err != nil {
		return err
	}
	run.ID, run.State = row[0].Int(), Running
	count, misfit := record.Type{Kind: record.KindInt, Bits: 64}.Fit(row[1])
	if misfit != nil {
		return misfit
	}
	run.Name = fmt.Sprintf("%s-%04d", run.Migration, count.Int())
	options, err := json.Marshal(run.Options)
	if err != nil {
		return err
	}
	mapping, err := json.Marshal(run.Mapping)
	if err != nil {
		return err
	}
	var parent any
	if run.ParentID != 0 {
		parent = run.ParentID
	}
	if _, err = l.books.Exec(ctx, tx, "INSERT INTO {run} (id, name, migration, mode, state, parent_id, actor, host, mapping_hash, mapping, options, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "+l.books.Now(0)+")",
		run.ID, run.Name, run.Migration, run.Mode, string(run.State), parent, run.Actor, run.Host, run.MappingHash, string(mapping), string(options)); err != nil {
		return err
	}
	for i := range entities {
		if err := l.startEntity(ctx, tx, run.ID, int64(i), &entities[i]); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) startEntity(ctx context.Context, tx sqldb.Tx, runID, place int64, entity *Entity) error {
	entity.Place = place
	header, err := json.Marshal(entity.Header)
	if err != nil {
		return err
	}
	input, err := json.Marshal(entity.Input)
	if err != nil {
		return err
	}
	if _, err := l.books.Exec(ctx, tx, "INSERT INTO {run_entity} (run_id, entity_id, place, state, header, input, origin) VALUES (?, ?, ?, 'open', ?, ?, ?)",
		runID, entity.ID, place, string(header), string(input), entity.Origin); err != nil {
		return err
	}
	for _, slice := range entity.Slices {
		if _, err := l.books.Exec(ctx, tx, "INSERT INTO {slice} (run_id, entity_id, slice_no, name, count, bytes) VALUES (?, ?, ?, ?, ?, ?)",
			runID, entity.ID, int64(slice.Number), slice.Name, slice.Count, slice.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// Runs lists the migration's runs, newest first.
func (l *Ledger) Runs(ctx context.Context, tx sqldb.Tx, migration string) ([]*Run, error) {
	var runs []*Run
	err := l.books.Query(ctx, tx, func(row []record.Value) error {
		run, err := scanRun(row)
		runs = append(runs, run)
		return err
	}, "SELECT "+runColumns+" FROM {run} WHERE migration = ? ORDER BY id DESC", migration)
	return runs, err
}

func scanRun(row []record.Value) (*Run, error) {
	run := &Run{
		ID: row[0].Int(), Name: row[1].String(), Migration: row[2].String(), Mode: row[3].String(),
		State: State(row[4].String()), ParentID: row[5].Int(), Actor: row[6].String(), Host: row[7].String(),
		MappingHash: row[8].String(), StartedAt: row[11].String(), EndedAt: row[12].String(), Error: row[13].String(), Seal: []byte(row[14].Raw()),
	}
	if err := json.Unmarshal([]byte(row[9].String()), &run.Mapping); err != nil {
		return nil, fmt.Errorf("run %s: mapping in the books: %w", run.Name, err)
	}
	if err := json.Unmarshal([]byte(row[10].String()), &run.Options); err != nil {
		return nil, fmt.Errorf("run %s: options in the books: %w", run.Name, err)
	}
	return run, nil
}

// SetState notes where the run stands; ended states get the server's time, and
// a completed run its seal.
func (l *Ledger) SetState(ctx context.Context, tx sqldb.Tx, runID int64, state State, message string) error {
	ended, failure := "NULL", any(nil)
	if state != Running {
		ended = l.books.Now(0)
	}
	if message != "" {
		failure = message
	}
	_, err := l.books.Exec(ctx, tx, "UPDATE {run} SET state = ?, ended_at = "+ended+", error = ? WHERE id = ?", string(state), failure, runID)
	if err != nil || !state.Ended() {
		return err
	}
	return l.sealRun(ctx, tx, runID)
}

// Entities reads back a run's entities and their slices, in the run's order.
func (l *Ledger) Entities(ctx context.Context, tx sqldb.Tx, runID int64) ([]Entity, error) {
	var entities []Entity
	err := l.books.Query(ctx, tx, func(row []record.Value) error {
		entity := Entity{ID: row[0].Int(), Name: row[1].String(), Place: row[2].Int(), Done: row[3].String() == "done", Origin: row[6].String()}
		if err := json.Unmarshal([]byte(row[4].String()), &entity.Header); err != nil {
			return err
		}
		entities = append(entities, entity)
		return json.Unmarshal([]byte(row[5].String()), &entities[len(entities)-1].Input)
	}, "SELECT r.entity_id, e.name, r.place, r.state, r.header, r.input, r.origin FROM {run_entity} r JOIN {entity} e ON e.id = r.entity_id WHERE r.run_id = ? ORDER BY r.place", runID)
	if err != nil {
		return nil, err
	}
	for i := range entities {
		err := l.books.Query(ctx, tx, func(row []record.Value) error {
			slice := Slice{Number: int(row[0].Int()), Name: row[1].String(), Count: row[2].Int(), Bytes: row[3].Int(), Seal: []byte(row[4].Raw())}
			if slice.Number == Corrections {
				entities[i].Corrections = &slice
				return nil
			}
			entities[i].Slices = append(entities[i].Slices, slice)
			return nil
		}, "SELECT slice_no, name, count, bytes, seal FROM {slice} WHERE run_id = ? AND entity_id = ? ORDER BY slice_no", runID, entities[i].ID)
		if err != nil {
			return nil, err
		}
	}
	return entities, nil
}

// EndEntity notes that every record of the entity has its end.
func (l *Ledger) EndEntity(ctx context.Context, tx sqldb.Tx, runID, entityID int64) error {
	_, err := l.books.Exec(ctx, tx, "UPDATE {run_entity} SET state = 'done' WHERE run_id = ? AND entity_id = ?", runID, entityID)
	return err
}
