package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/connector/table"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

type refRule = table.Rule

func joinNames(names []string) string { return strings.Join(names, ", ") }

// Update implements target.Table as Insert does. Rows that want what others of
// the batch give up land once these have.
func (t *shadowTable) Update(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, changes []target.Change) (target.Landed, error) {
	if len(changes) == 0 {
		return target.Landed{}, nil
	}
	both := tx.(*shadowTx)
	keys := make([][]record.Value, len(changes))
	for i := range changes {
		keys[i] = changes[i].Key
	}
	// Rules may speak of columns that are not written, and of what is given up.
	wide := t.touched(columns)
	before, err := t.Fetch(ctx, tx, keys, wide, false)
	if err != nil {
		return target.Landed{}, err
	}
	f := &foreseen{shadowTable: t, tx: both, columns: wide, rows: make([][]record.Value, len(changes)), keys: make([]string, len(changes))}
	for i := range changes {
		f.keys[i] = joinKey(changes[i].Key)
		if before[i] == nil {
			f.refused = append(f.refused, target.Refusal{Row: i, Code: record.CodeMissing, Message: "the row is not there any more"})
			continue
		}
		f.rows[i] = slices.Clone(before[i])
		for n := range columns {
			f.rows[i][columnPlace(wide, columns[n].Name)] = changes[i].Values[n]
		}
		f.left = append(f.left, i)
	}
	if err := f.rulesOfUpdate(ctx, columns, before); err != nil {
		return target.Landed{}, err
	}
	landed := make([][]record.Value, len(f.left))
	landedKeys := make([]string, len(f.left))
	for n, i := range f.left {
		landed[n], landedKeys[n] = changes[i].Values, f.keys[i]
	}
	if err := t.keep(ctx, tx, rowChanged, landedKeys, columns, landed); err != nil {
		return target.Landed{}, err
	}
	if err := f.rename(ctx, before); err != nil {
		return target.Landed{}, err
	}
	slices.SortFunc(f.refused, func(a, b target.Refusal) int { return a.Row - b.Row })
	return target.Landed{Refused: f.refused, Careful: len(f.refused) > 0}, nil
}

// touched are the columns written and those of rules that speak of one of them.
func (t *shadowTable) touched(columns []sqldb.Column) []sqldb.Column {
	wide := slices.Clone(columns)
	add := func(names []string) {
		if !slices.ContainsFunc(names, func(name string) bool { return columnPlace(columns, name) >= 0 }) {
			return
		}
		for _, name := range names {
			if column, ok := t.table.Column(name); ok && columnPlace(wide, name) < 0 {
				wide = append(wide, *column)
			}
		}
	}
	for _, check := range t.table.Checks {
		add(check.Columns)
	}
	for _, rule := range t.owner().rules {
		add(columnNames(rule))
	}
	for _, fk := range t.table.ForeignKeys {
		add(fk.Columns)
	}
	return wide
}

// rulesOfUpdate holds the rows against the rules that what is written touches.
func (f *foreseen) rulesOfUpdate(ctx context.Context, written []sqldb.Column, before [][]record.Value) error {
	rules := slices.DeleteFunc(f.Rules(f.columns), func(rule refRule) bool {
		return !slices.ContainsFunc(rule.Columns, func(name string) bool { return columnPlace(written, name) >= 0 })
	})
	// References are asked for first.
	slices.SortStableFunc(rules, func(a, b refRule) int { return rank(a.Code) - rank(b.Code) })
	holders := map[int]map[int]target.Refusal{} // rule -> row -> the target's word
	for i := range rules {
		broken, err := f.Breaking(ctx, f.tx.there, &rules[i], f.columns, f.rowsLeft())
		if err != nil {
			return err
		}
		for n := range broken {
			broken[n].Row = f.left[broken[n].Row]
		}
		switch rules[i].Code {
		case record.CodeForeignKey:
			if err := f.references(ctx, &rules[i], broken); err != nil {
				return err
			}
		case record.CodeUnique:
			holders[i] = map[int]target.Refusal{}
			for _, refusal := range broken {
				if refusal.Holder != f.keys[refusal.Row] {
					holders[i][refusal.Row] = refusal
				}
			}
		default:
			f.refuse(broken)
		}
	}
	return f.passOn(ctx, rules, holders, before)
}

func rank(code record.Code) int {
	switch code {
	case record.CodeForeignKey:
		return 0
	case record.CodeUnique:
		return 2
	}
	return 1
}

// passOn lets rows take unique values one after another, until none of those
// that are left can.
func (f *foreseen) passOn(ctx context.Context, rules []refRule, holders map[int]map[int]target.Refusal, before [][]record.Value) error {
	owner := f.owner()
	over := heldValues{}
	said := map[int]map[record.Value]string{}
	for which := range owner.rules {
		var asked []record.Value
		for _, i := range f.left {
			for _, row := range [][]record.Value{f.rows[i], before[i]} {
				if hash, complete := owner.hashAt(which, f.columns, row); complete {
					asked = append(asked, hash)
				}
			}
		}
		var err error
		if said[which], err = owner.held(ctx, f.tx, which, asked); err != nil {
			return err
		}
	}
	holder := func(which int, hash record.Value, there target.Refusal, refused bool) string {
		if key, known := over[ruleValue{which, hash}]; known {
			return key
		}
		if key, known := said[which][hash]; known {
			return key
		}
		if refused {
			return there.Holder
		}
		return ""
	}
	pending := slices.Clone(f.left)
	for progress := true; progress; {
		progress = false
		pending = slices.DeleteFunc(pending, func(i int) bool {
			for n := range rules {
				which := owner.rule(rules[n].Columns)
				if rules[n].Code != record.CodeUnique || which < 0 {
					continue
				}
				hash, complete := owner.hashAt(which, f.columns, f.rows[i])
				if !complete {
					continue
				}
				there, refused := holders[n][i]
				if key := holder(which, hash, there, refused); key != "" && key != f.keys[i] {
					return false
				}
			}
			for which := range owner.rules {
				was, held := owner.hashAt(which, f.columns, before[i])
				is, holds := owner.hashAt(which, f.columns, f.rows[i])
				if held && was != is {
					over[ruleValue{which, was}] = ""
				}
				if holds && (!held || was != is) {
					over[ruleValue{which, is}] = f.keys[i]
				}
			}
			progress = true
			return true
		})
	}
	var out []target.Refusal
	for _, i := range pending {
		for n := range rules {
			which := owner.rule(rules[n].Columns)
			if rules[n].Code != record.CodeUnique || which < 0 {
				continue
			}
			hash, complete := owner.hashAt(which, f.columns, f.rows[i])
			there, refused := holders[n][i]
			if key := holder(which, hash, there, refused); complete && key != "" && key != f.keys[i] {
				out = append(out, target.Refusal{Row: i, Code: rules[n].Code, Columns: rules[n].Columns, Message: rules[n].Message})
				break
			}
		}
	}
	f.refuse(out)
	return owner.hold(ctx, f.tx, over)
}

// rename follows rows whose key is among what was written.
func (f *foreseen) rename(ctx context.Context, before [][]record.Value) error {
	for _, i := range f.left {
		after := make([]record.Value, len(f.key))
		for n := range f.key {
			place := columnPlace(f.columns, f.key[n].Name)
			if place < 0 {
				return nil // the key is not written
			}
			after[n] = f.rows[i][place]
		}
		key := joinKey(after)
		if key == f.keys[i] {
			continue
		}
		// Under its new key the row is whole: the target has none there.
		rest, err := f.Fetch(ctx, f.tx, [][]record.Value{keyAt(f.key, f.columns, before[i])}, f.table.Columns, false)
		if err != nil {
			return err
		}
		row := rest[0]
		for n := range f.columns {
			row[columnPlace(f.table.Columns, f.columns[n].Name)] = f.rows[i][n]
		}
		if err := f.keep(ctx, f.tx, rowGone, []string{f.keys[i]}, nil, nil); err != nil {
			return err
		}
		if err := f.keep(ctx, f.tx, rowMade, []string{key}, f.table.Columns, [][]record.Value{row}); err != nil {
			return err
		}
		over := heldValues{}
		for which := range f.owner().rules {
			if hash, complete := f.owner().hashAt(which, f.columns, f.rows[i]); complete {
				over[ruleValue{which, hash}] = key
			}
		}
		if err := f.owner().hold(ctx, f.tx, over); err != nil {
			return err
		}
	}
	return nil
}

func keyAt(key, columns []sqldb.Column, row []record.Value) []record.Value {
	values := make([]record.Value, len(key))
	for i := range key {
		values[i] = row[columnPlace(columns, key[i].Name)]
	}
	return values
}

// Delete implements target.Table.
func (t *shadowTable) Delete(ctx context.Context, tx sqldb.Tx, keys [][]record.Value) error {
	if len(keys) == 0 {
		return nil
	}
	var columns []sqldb.Column
	for _, rule := range t.owner().rules {
		for _, column := range rule {
			if columnPlace(columns, column.Name) < 0 {
				columns = append(columns, column)
			}
		}
	}
	rows, err := t.Fetch(ctx, tx, keys, columns, false)
	if err != nil {
		return err
	}
	over := heldValues{}
	texts := make([]string, len(keys))
	for i, row := range rows {
		if row == nil {
			return fmt.Errorf("row %s of %s is to be taken back and is not there", joinKey(keys[i]), t.name)
		}
		texts[i] = joinKey(keys[i])
		for which := range t.owner().rules {
			if hash, complete := t.owner().hashAt(which, columns, row); complete {
				over[ruleValue{which, hash}] = ""
			}
		}
	}
	if err := t.keep(ctx, tx, rowGone, texts, nil, nil); err != nil {
		return err
	}
	return t.owner().hold(ctx, tx, over)
}

// Match implements target.Table.
func (t *shadowTable) Match(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, tuples [][]record.Value) ([]target.Matched, error) {
	matched, err := t.present.Match(ctx, tx.(*shadowTx).there, columns, tuples)
	if err != nil || !t.isWritten() {
		return matched, err
	}
	which := t.rule(columnNames(columns))
	hashes := make([]record.Value, len(tuples))
	var asked []record.Value
	for i, tuple := range tuples {
		if hash, complete := t.hashAt(max(which, 0), columns, tuple); complete && which >= 0 {
			hashes[i] = hash
			asked = append(asked, hash)
		}
	}
	held, err := t.held(ctx, tx, which, asked)
	if err != nil {
		return nil, err
	}
	for i := range matched {
		holder, known := held[hashes[i]]
		if !known {
			continue
		}
		if matched[i].Count > 0 {
			matched[i].Count-- // the holder in the target is said anew
		}
		if holder == "" {
			continue
		}
		matched[i].Count++
		if matched[i].Key, err = keyOf(t.key, holder); err != nil {
			return nil, err
		}
	}
	return matched, nil
}

// keyOf takes a key out of the crosswalk's text.
func keyOf(columns []sqldb.Column, text string) ([]record.Value, error) {
	parts := record.SplitKey(text)
	key := make([]record.Value, len(columns))
	for i := range columns {
		value, misfit := columns[i].Type.Fit(record.Text(parts[i]))
		if misfit != nil {
			return nil, misfit
		}
		key[i] = value
	}
	return key, nil
}

// Referring implements target.Table.
func (t *shadowTable) Referring(ctx context.Context, tx sqldb.Tx, column sqldb.Column, wanted []record.Value) ([][]record.Value, error) {
	there, err := t.present.Referring(ctx, tx.(*shadowTx).there, column, wanted)
	if err != nil || !t.written {
		return there, err
	}
	said, err := t.said(ctx, tx, there)
	if err != nil {
		return nil, err
	}
	keys := slices.DeleteFunc(there, func(key []record.Value) bool { _, known := said[joinKey(key)]; return known })
	cell := "json_extract(s.row, '$." + strings.ReplaceAll(`"`+column.Name+`"`, "'", "''") + "')"
	index := fmt.Sprintf("shadow_%d_%d", t.id, columnPlace(t.table.Columns, column.Name))
	if _, err := tx.Exec(ctx, fmt.Sprintf("CREATE INDEX IF NOT EXISTS %s ON shadow_row (%s) WHERE tbl = %d", index, strings.ReplaceAll(cell, "s.row", "row"), t.id)); err != nil {
		return nil, err
	}
	cells := make([][]record.Value, len(wanted))
	for i, value := range wanted {
		cells[i] = []record.Value{record.Text(value.String())}
	}
	relation, args := t.db.Dialect().Relation("k", []sqldb.Column{keyColumn}, cells, 1)
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT s.key FROM %s CROSS JOIN shadow_row s ON s.tbl = %d AND s.state <> %d AND %s = k.c0", relation, t.id, rowGone, cell), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		key, err := keyOf(t.key, rows.Values()[0].String())
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}
