package proof

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// extent is the rows of one table that belong to a run.
type extent struct {
	table   string
	columns []string // hashed ones first
	hashed  int
	key     []int  // places of the primary key
	entity  int    // place of the entity's number, by which rows are grouped; -1: they are not
	where   string // of what is selected; the table goes by t
	args    []any
	from    string // instead of the table, where set: a query that yields columns as in the table
}

// extentOf describes the rows that a condition selects. purged columns may be
// emptied later, ones left out may change.
func extentOf(table, where string, args []any, purged, out []string) extent {
	layout := books.LayoutOf(table)
	e := extent{table: table, where: where, args: args, entity: -1}
	for _, column := range layout.Columns {
		if !slices.Contains(purged, column) && !slices.Contains(out, column) {
			e.columns = append(e.columns, column)
		}
	}
	e.hashed = len(e.columns)
	e.columns = append(e.columns, purged...)
	e.places()
	return e
}

// places finds the columns that rows are told apart by.
func (e *extent) places() {
	e.key = nil
	for _, column := range books.LayoutOf(e.table).Primary {
		if at := slices.Index(e.columns, column); at >= 0 {
			e.key = append(e.key, at)
		}
	}
	if e.entity >= 0 {
		e.entity = slices.Index(e.columns, "entity_id")
	}
}

// as takes the columns that a digest was made of.
func (e *extent) as(columns []string) {
	if len(columns) > 0 {
		e.hashed = len(columns) - (len(e.columns) - e.hashed)
		e.columns = columns
		e.places()
	}
}

func (e extent) grouped() extent {
	e.entity = slices.Index(e.columns, "entity_id")
	return e
}

// read hands every row to each. The slice is valid during the call.
func (e *extent) read(ctx context.Context, tx sqldb.Tx, b *books.Books, each func([]record.Value) error) error {
	from := "{" + e.table + "}"
	if e.from != "" {
		from = "(" + e.from + ")"
	}
	columns := make([]string, len(e.columns))
	for i, column := range e.columns {
		columns[i] = "t." + b.Dialect().Quote(column)
	}
	query := fmt.Sprintf("SELECT %s FROM %s t", strings.Join(columns, ", "), from)
	if e.where != "" {
		query += " WHERE " + e.where
	}
	return b.Query(ctx, tx, each, query, e.args...)
}

// Bounds say as of when a digest is: rows that later runs add beyond them are
// none of the run's.
type Bounds struct {
	Version         int64   `json:"books_version"`
	Shape           int64   `json:"last_shape"`
	Table           int64   `json:"last_target_table"`
	Newest          int64   `json:"newest_run"`
	Epoch           int64   `json:"lease_epoch"`
	LeaseAt         string  `json:"lease_acquired_at,omitempty"`
	Reconciliations []int64 `json:"reconciliations,omitempty"`

	// Undone is set when a rollback of the run had begun: it takes the run's
	// entries of the crosswalk back, and what the run saved of those before.
	Undone bool `json:"undone,omitempty"`

	former bool // the books hold entries as they were before later runs
}

// lasting are the rows that no later run changes. The crosswalk's entries are
// taken from where later runs saved them before they wrote them.
func lasting(run int64, at Bounds) []extent {
	one := []any{run}
	entities := "(SELECT entity_id FROM {run_entity} WHERE run_id = ?)"
	compared, comparisons := at.comparisons()
	crosswalk := strings.Join(books.LayoutOf("crosswalk").Columns, ", ")
	return at.known([]extent{
		extentOf("version", "t.version <= ?", []any{at.Version}, nil, nil),
		extentOf("run", "t.id = ?", one, nil, []string{"state", "ended_at", "error"}),
		extentOf("run_entity", "t.run_id = ?", one, nil, nil).grouped(),
		extentOf("slice", "t.run_id = ?", one, nil, nil).grouped(),
		extentOf("marker", "t.run_id = ?", one, nil, nil).grouped(),
		extentOf("segment", "t.run_id = ?", one, []string{"payload"}, nil).grouped(),
		extentOf("entry", "t.run_id = ?", one, []string{"source", "before", "after"}, nil).grouped(),
		extentOf("pending", "t.run_id = ?", one, nil, nil).grouped(),
		extentOf("measure", "t.run_id = ?", one, nil, nil).grouped(),
		extentOf("former", "t.run_id = ?", one, nil, nil).grouped(),
		extentOf("key_block", "t.run_id = ?", one, nil, nil).grouped(),
		extentOf("index_work", "t.run_id = ?", one, nil, []string{"state", "rebuilt_at", "error"}).grouped(),
		extentOf("entity", "t.id IN "+entities, one, nil, []string{"name"}),
		extentOf("shape", "t.entity_id IN "+entities+" AND t.id <= ?", []any{run, at.Shape}, nil, nil).grouped(),
		extentOf("target_table", "t.id <= ? AND t.id IN (SELECT table_id FROM {shape} WHERE id <= ? AND entity_id IN "+entities+")",
			[]any{at.Table, at.Shape, run}, nil, []string{"key_high"}),
		crosswalkExtent(run, crosswalk, at),
		extentOf("reconciliation", "t.id IN "+compared, comparisons, nil, nil),
		extentOf("reconciliation_entity", "t.reconciliation_id IN "+compared, comparisons, nil, nil).grouped(),
		extentOf("difference", "t.reconciliation_id IN "+compared, comparisons, nil, nil).grouped(),
	})
}

// comparisons is the list of reconciliations for a statement; no reconciliation
// has the number 0.
func (at Bounds) comparisons() (list string, args []any) {
	args = []any{int64(0)}
	for _, id := range at.Reconciliations {
		args = append(args, id)
	}
	return "(?" + strings.Repeat(", ?", len(args)-1) + ")", args
}

// known leaves out the tables that the books did not have when the digest was
// made, since in books of an earlier version the run wrote nothing there, and
// what a rollback takes back.
func (at Bounds) known(extents []extent) []extent {
	return slices.DeleteFunc(extents, func(e extent) bool {
		return books.LayoutOf(e.table).Since > at.Version || at.Undone && (e.table == "crosswalk" || e.table == "former")
	})
}

// crosswalkExtent is every entry as the run left it: the first image that a
// later run saved, or the entry itself where none did.
func crosswalkExtent(run int64, columns string, at Bounds) extent {
	e := extentOf("crosswalk", "", nil, nil, nil).grouped()
	if !at.former {
		e.where, e.args = "t.last_run = ?", []any{run}
		return e
	}
	prefixed := "c." + strings.ReplaceAll(columns, ", ", ", c.")
	saved := "(SELECT entity_id, source_key, min(run_id) AS run_id FROM {former} WHERE run_id > ? AND last_run = ? GROUP BY entity_id, source_key)"
	e.from = "SELECT " + prefixed + " FROM {crosswalk} c LEFT JOIN " + saved +
		" f ON f.entity_id = c.entity_id AND f.source_key = c.source_key WHERE c.last_run = ? AND f.run_id IS NULL UNION ALL SELECT " + prefixed +
		" FROM " + saved + " f JOIN {former} c ON c.run_id = f.run_id AND c.entity_id = f.entity_id AND c.source_key = f.source_key"
	e.args = []any{run, run, run, run, run}
	return e
}

// passing are rows that the next run may change: they are compared as long as
// there was none.
func passing(run int64, migration string, at Bounds) []extent {
	entities := "(SELECT entity_id FROM {run_entity} WHERE run_id = ?)"
	one := []any{run}
	return at.known([]extent{
		extentOf("alias_key", "t.entity_id IN "+entities, one, nil, nil).grouped(),
		extentOf("entity", "t.id IN "+entities, one, nil, []string{"migration"}),
		extentOf("target_table", "t.id IN (SELECT table_id FROM {shape} WHERE entity_id IN "+entities+")", one, nil, []string{"name"}),
		extentOf("lease", "t.migration = ? AND t.holder IS NULL", []any{migration}, nil, nil),
	})
}
