package run

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"landfall/internal/connector/table"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// shadowTables are those of the scratch database beside the books: the rows that
// would be written, and the values that they hold or would give up. tbl is a
// target table, rule one of its sets of columns.
var shadowTables = []string{
	"CREATE TABLE shadow_row (tbl INTEGER, key TEXT, state INTEGER, row TEXT, PRIMARY KEY (tbl, key)) WITHOUT ROWID",
	"CREATE TABLE shadow_held (tbl INTEGER, rule INTEGER, value BLOB, key TEXT, PRIMARY KEY (tbl, rule, value)) WITHOUT ROWID",
	// The ends of records that are others than when their batches landed.
	"CREATE TABLE shadow_end (entity TEXT, key TEXT, number INTEGER, forecast TEXT, PRIMARY KEY (entity, key, number)) WITHOUT ROWID",
}

// What the scratch database says of a row.
const (
	rowMade    = 0 // the run makes it, and knows of it what it writes
	rowGone    = 1
	rowChanged = 2 // the target has it, and the run writes some columns
)

// present is the target's rows as they are, and the rules that can be held
// against others before they are written.
type present interface {
	Fetch(ctx context.Context, tx sqldb.Tx, keys [][]record.Value, columns []sqldb.Column, lock bool) ([][]record.Value, error)
	Match(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, tuples [][]record.Value) ([]target.Matched, error)
	Referring(ctx context.Context, tx sqldb.Tx, column sqldb.Column, values []record.Value) ([][]record.Value, error)
	Rules(columns []sqldb.Column) []table.Rule
	Breaking(ctx context.Context, tx sqldb.Tx, rule *table.Rule, columns []sqldb.Column, rows [][]record.Value) ([]target.Refusal, error)
}

// presentOf is a table as it is.
func (s *shadow) presentOf(of *sqldb.Table, key []sqldb.Column) present {
	if rows := remoteOf(s.m, of, key); rows != nil {
		return presentRecords{rows}
	}
	return table.NewLander(s.m.Looker().Dialect(), of, key)
}

// shadowTable is a target table as it would be: the target's rows, and before
// them those that the run would have written. It implements target.Table.
type shadowTable struct {
	present
	*shadow
	id    int64
	name  string
	table *sqldb.Table
	key   []sqldb.Column
	// entity writes the rows; the last one of those that do.
	entity *migration.Entity
	// rules are the sets of columns whose values are remembered: unique ones, those
	// that other tables refer to, and those that records are matched by.
	rules [][]sqldb.Column
	// written: the scratch database says something of its rows; left: also that
	// some gave up values.
	written, left bool
	// whole: rows are written down with what they hold, since they may be looked at
	// again: several entities write them, or references of theirs wait.
	whole bool
	// apart are the rules whose values need not be remembered of new rows: reading
	// has seen to it already that no two of them agree.
	apart map[int]bool
	last  int64 // the last number that was given out as a key; 0: none yet
	first int64 // the highest number before that
}

var _ target.Table = (*shadowTable)(nil)

// openTables prepares the tables of all entities.
func (s *shadow) openTables() {
	for _, e := range s.m.Entities {
		t := s.tables[e.Table.Name.String()]
		if t == nil {
			t = s.openTable(e.Table, e.Key)
		}
		t.remember(columnNames(e.Match))
		t.whole = t.whole || t.entity != nil || e.To.Collapse || len(s.m.Circle(e)) > 1 || s.m.Waits(e, e.Name) && refersTo(e, e.Name) || e.To.NewKey == mapping.KeyNatural
		t.entity = e
		if e.Registry != nil && s.tables[e.Registry.Table.Name.String()] == nil {
			s.openTable(e.Registry.Table, e.Registry.Columns[:1])
		}
	}
	pointed := map[*shadowTable][][]string{}
	for _, e := range s.m.Entities {
		for _, fk := range e.Table.ForeignKeys {
			if t := s.tableOf(fk.References); t != nil {
				t.remember(fk.Referenced)
				pointed[t] = append(pointed[t], fk.Referenced)
			}
		}
	}
	for _, t := range s.tables {
		t.findApart(pointed[t])
	}
}

// refersTo reports whether an entity has references to another one.
func refersTo(e *migration.Entity, name string) bool {
	return slices.ContainsFunc(e.Fields, func(f *mapping.Field) bool { return slices.Contains(f.Parents(), name) })
}

// findApart finds the rules that no new row can break for another one, and that
// nobody refers to by what is remembered.
func (t *shadowTable) findApart(pointed [][]string) {
	if t.entity == nil || t.whole {
		return
	}
	counted := t.counted()
	for which, columns := range t.rules {
		names := columnNames(columns)
		key := slices.Equal(names, columnNames(t.key))
		referred := slices.ContainsFunc(pointed, func(other []string) bool { return t.rule(other) == which })
		read := slices.ContainsFunc(t.entity.UniqueTuples(), func(places []int) bool {
			return len(places) == len(names) && !slices.ContainsFunc(places, func(place int) bool { return !slices.Contains(names, t.entity.Program.Columns[place]) })
		}) && !t.merges(names) && !slices.ContainsFunc(columns, func(c sqldb.Column) bool { return c.Type.FoldCase })
		t.apart[which] = key && counted || read && !referred
	}
}

// counted reports whether new rows get numbers that the shadow gives out.
func (t *shadowTable) counted() bool {
	return t.entity != nil && (t.entity.To.NewKey == mapping.KeyIdentity || t.entity.To.NewKey == mapping.KeySequence)
}

// merges reports whether two records of the source that differ in the columns
// may agree in the target.
func (t *shadowTable) merges(names []string) bool {
	for _, ref := range t.entity.Program.Refs {
		many := len(ref.Entities) > 1 || ref.Field.By != nil || slices.ContainsFunc(ref.Entities, func(name string) bool {
			parent := t.m.Entity(name)
			return parent.OnMatch == mapping.MatchLink || parent.To.Collapse
		})
		if many && slices.Contains(names, ref.Field.Target) {
			return true
		}
	}
	return slices.ContainsFunc(t.entity.Lookups, func(l migration.Lookup) bool { return slices.Contains(names, l.Field.Target) })
}

func (s *shadow) openTable(of *sqldb.Table, key []sqldb.Column) *shadowTable {
	t := &shadowTable{
		present: s.presentOf(of, key), shadow: s,
		id: int64(len(s.tables)), name: of.Name.String(), table: of, key: key, apart: map[int]bool{},
	}
	s.tables[t.name] = t
	for _, unique := range of.Uniques {
		if unique.Plain && !unique.NullsEqual {
			t.remember(unique.Columns)
		}
	}
	return t
}

func columnNames(columns []sqldb.Column) []string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].Name
	}
	return names
}

// tableOf finds a table by the name that a foreign key has for it.
func (s *shadow) tableOf(name sqldb.Name) *shadowTable {
	if t := s.tables[name.String()]; t != nil {
		return t
	}
	for _, t := range s.tables {
		if t.table.Name.Table == name.Table && (t.table.Name.Schema == "" || name.Schema == "") {
			return t
		}
	}
	return nil
}

// remember has the values of columns remembered.
func (t *shadowTable) remember(names []string) {
	if len(names) == 0 || t.rule(names) >= 0 {
		return
	}
	var columns []sqldb.Column
	for _, name := range names {
		column, ok := t.table.Column(name)
		if !ok {
			return
		}
		columns = append(columns, *column)
	}
	t.rules = append(t.rules, columns)
}

// rule finds a set of columns, in whatever order.
func (t *shadowTable) rule(names []string) int {
	return slices.IndexFunc(t.rules, func(columns []sqldb.Column) bool {
		return len(columns) == len(names) && !slices.ContainsFunc(columns, func(c sqldb.Column) bool { return !slices.Contains(names, c.Name) })
	})
}

var (
	hashColumn = sqldb.Column{Name: "value", Type: record.Type{Kind: record.KindBytes}}
	keyColumn  = sqldb.Column{Name: "key", Type: record.Type{Kind: record.KindText}}
	rowColumn  = sqldb.Column{Name: "row", Type: record.Type{Kind: record.KindText}}
	intColumn  = sqldb.Column{Name: "number", Type: record.Type{Kind: record.KindInt, Bits: 64}}
)

// shadowRow is what the scratch database says of a row.
type shadowRow struct {
	state int64
	cells string
}

// said finds what the scratch database says of rows, by their keys' texts.
func (t *shadowTable) said(ctx context.Context, tx sqldb.Tx, keys [][]record.Value) (map[string]shadowRow, error) {
	found := map[string]shadowRow{}
	if !t.isWritten() || len(keys) == 0 {
		return found, nil
	}
	cells := make([][]record.Value, len(keys))
	for i, key := range keys {
		cells[i] = []record.Value{record.Text(joinKey(key))}
	}
	relation, args := t.db.Dialect().Relation("k", []sqldb.Column{keyColumn}, cells, 1)
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT s.key, s.state, s.row FROM %s CROSS JOIN shadow_row s ON s.tbl = %d AND s.key = k.c0", relation, t.id), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		v := rows.Values()
		found[v[0].String()] = shadowRow{state: v[1].Int(), cells: v[2].String()}
	}
	return found, rows.Err()
}

// isWritten reports whether the scratch database may say anything of the rows.
// The table may be seen by another key.
func (t *shadowTable) isWritten() bool {
	owner := t.shadow.tables[t.name]
	return owner != nil && owner.written && slices.Equal(columnNames(owner.key), columnNames(t.key))
}

// Fetch implements target.Table. It locks nothing.
func (t *shadowTable) Fetch(ctx context.Context, tx sqldb.Tx, keys [][]record.Value, columns []sqldb.Column, _ bool) ([][]record.Value, error) {
	said, err := t.said(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	there := tx.(*shadowTx).there
	if len(said) == 0 {
		found, err := t.present.Fetch(ctx, there, keys, columns, false)
		if err == nil && !t.whole {
			t.made(found, keys, columns)
		}
		return found, err
	}
	var asked [][]record.Value
	var places []int
	found := make([][]record.Value, len(keys))
	for i, key := range keys {
		row, known := said[joinKey(key)]
		if !known || row.state == rowChanged {
			asked, places = append(asked, key), append(places, i)
		} else if row.state == rowMade {
			found[i] = make([]record.Value, len(columns))
		}
	}
	rows, err := t.present.Fetch(ctx, there, asked, columns, false)
	if err != nil {
		return nil, err
	}
	for n, i := range places {
		found[i] = rows[n]
	}
	for i, key := range keys {
		if row, known := said[joinKey(key)]; known && found[i] != nil {
			if err := overlay(found[i], columns, row.cells); err != nil {
				return nil, fmt.Errorf("row %s of %s in the scratch database: %w", joinKey(key), t.name, err)
			}
		}
	}
	return found, nil
}

// made puts rows of the run in whose keys were given out, and that are not
// written down: they are there, and nobody asks for what they hold.
func (t *shadowTable) made(found, keys [][]record.Value, columns []sqldb.Column) {
	owner := t.owner()
	for i, key := range keys {
		if found[i] == nil && len(key) == 1 && owner.counted() && owner.isGuess(key[0]) {
			found[i] = make([]record.Value, len(columns))
		}
	}
}

// overlay puts the cells that are kept in place of a row's values.
func overlay(row []record.Value, columns []sqldb.Column, text string) error {
	var cells map[string]*string
	if err := json.Unmarshal([]byte(text), &cells); err != nil {
		return err
	}
	for i := range columns {
		cell, kept := cells[columns[i].Name]
		switch {
		case !kept:
		case cell == nil:
			row[i] = record.Null()
		default:
			value, misfit := columns[i].Type.Fit(record.Text(*cell))
			if misfit != nil {
				return fmt.Errorf("%s: %w", columns[i].Name, misfit)
			}
			row[i] = value
		}
	}
	return nil
}

// after are the rows behind the first so many.
func after(rows [][]record.Value, n int) [][]record.Value {
	if rows == nil {
		return nil
	}
	return rows[n:]
}

// keep writes down what would be known of rows.
func (t *shadowTable) keep(ctx context.Context, tx sqldb.Tx, state int64, keys []string, columns []sqldb.Column, rows [][]record.Value) error {
	if len(keys) == 0 || !t.whole && (state == rowChanged || t.counted()) {
		return nil
	}
	if !t.whole {
		rows = nil // that the row is there is all that may be asked for
	}
	t.written = true
	if most := 2000; len(keys) > most { // the database keeps what it is given for as long as the statement
		if err := t.keep(ctx, tx, state, keys[most:], columns, after(rows, most)); err != nil {
			return err
		}
		keys = keys[:most]
	}
	cells := make([][]record.Value, len(keys))
	for i, key := range keys {
		text := "{}"
		if rows != nil {
			text = imageOf(columns, rows[i])
		}
		cells[i] = []record.Value{record.Text(key), record.Text(text)}
	}
	relation, args := t.db.Dialect().Relation("k", []sqldb.Column{keyColumn, rowColumn}, cells, 1)
	statement := fmt.Sprintf("INSERT INTO shadow_row (tbl, key, state, row) SELECT %d, c0, %d, c1 FROM %s WHERE true ON CONFLICT (tbl, key) DO UPDATE SET ", t.id, state, relation)
	if state == rowChanged {
		// What the run made stays what it made, with other values; json_patch would
		// take a NULL for a cell to be forgotten.
		statement += "row = (SELECT json_group_object(key, value) FROM (SELECT key, value FROM json_each(shadow_row.row) WHERE key NOT IN (SELECT key FROM json_each(excluded.row)) UNION ALL SELECT key, value FROM json_each(excluded.row))), state = CASE shadow_row.state WHEN 0 THEN 0 ELSE 2 END"
	} else {
		statement += "row = excluded.row, state = excluded.state"
	}
	_, err := tx.Exec(ctx, statement, args...)
	return err
}

// AdvanceSequences implements target.Table; nothing moves.
func (t *shadowTable) AdvanceSequences(context.Context, sqldb.Tx) error { return nil }

// Fingerprint implements target.Table: a run that is foreseen takes none.
func (t *shadowTable) Fingerprint(context.Context, sqldb.Tx, [][]record.Value) (record.Fingerprint, error) {
	return record.Fingerprint{}, errNoFingerprint
}

// FingerprintAll implements target.Table.
func (t *shadowTable) FingerprintAll(context.Context, sqldb.Tx) (record.Fingerprint, error) {
	return record.Fingerprint{}, errNoFingerprint
}

var errNoFingerprint = fmt.Errorf("what is foreseen has no fingerprint")
