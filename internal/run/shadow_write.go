package run

import (
	"context"
	"fmt"
	"slices"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// verdict is a batch of rows on their way through the rules of their table.
type foreseen struct {
	*shadowTable
	tx      *shadowTx
	columns []sqldb.Column
	rows    [][]record.Value
	keys    []string // of the rows
	left    []int    // places of rows that nothing has refused yet
	refused []target.Refusal
}

func (f *foreseen) refuse(refusals []target.Refusal) {
	if len(refusals) == 0 {
		return
	}
	out := map[int]bool{}
	for _, refusal := range refusals {
		out[refusal.Row] = true
	}
	f.refused = append(f.refused, refusals...)
	f.left = slices.DeleteFunc(f.left, func(i int) bool { return out[i] })
}

// rowsLeft are those that nothing has refused yet.
func (f *foreseen) rowsLeft() [][]record.Value {
	rows := make([][]record.Value, len(f.left))
	for n, i := range f.left {
		rows[n] = f.rows[i]
	}
	return rows
}

// Insert implements target.Table: it foresees which rows the target would
// refuse, in the order in which target.Table asks, and writes down the others.
func (t *shadowTable) Insert(ctx context.Context, tx sqldb.Tx, columns []sqldb.Column, rows [][]record.Value, careful bool) (target.Landed, error) {
	if len(rows) == 0 {
		return target.Landed{}, nil
	}
	f := &foreseen{shadowTable: t, tx: tx.(*shadowTx), columns: columns, rows: rows, keys: t.keysAt(columns, rows)}
	for i := range rows {
		f.left = append(f.left, i)
	}
	rules := t.Rules(columns)
	for i := range rules {
		if rules[i].Code == record.CodeUnique && t.last > t.first && slices.Equal(rules[i].Columns, columnNames(t.key)) {
			continue // keys that are given out are nobody's
		}
		broken, err := t.Breaking(ctx, f.tx.there, &rules[i], columns, f.rowsLeft())
		if err != nil {
			return target.Landed{}, err
		}
		for n := range broken {
			broken[n].Row = f.left[broken[n].Row]
		}
		switch rules[i].Code {
		case record.CodeForeignKey:
			err = f.references(ctx, &rules[i], broken)
		case record.CodeUnique:
			err = f.unique(ctx, &rules[i], broken)
		default:
			f.refuse(broken)
		}
		if err != nil {
			return target.Landed{}, err
		}
	}
	// A row that is pointed at may have been refused since the question was asked.
	for i := range rules {
		if rules[i].Code == record.CodeForeignKey && f.pointsWithin(&rules[i]) {
			broken, err := t.Breaking(ctx, f.tx.there, &rules[i], columns, f.rowsLeft())
			for n := range broken {
				broken[n].Row = f.left[broken[n].Row]
			}
			if err == nil {
				err = f.references(ctx, &rules[i], broken)
			}
			if err != nil {
				return target.Landed{}, err
			}
		}
	}
	if err := f.write(ctx); err != nil {
		return target.Landed{}, err
	}
	slices.SortFunc(f.refused, func(a, b target.Refusal) int { return a.Row - b.Row })
	return target.Landed{Refused: f.refused, Careful: careful || len(f.refused) > 0}, nil
}

// keysAt are the keys of rows, as the crosswalk spells them.
func (t *shadowTable) keysAt(columns []sqldb.Column, rows [][]record.Value) []string {
	places := make([]int, len(t.key))
	for i := range t.key {
		places[i] = columnPlace(columns, t.key[i].Name)
	}
	keys := make([]string, len(rows))
	key := make([]record.Value, len(places))
	for n, row := range rows {
		for i, place := range places {
			key[i] = record.Null()
			if place >= 0 {
				key[i] = row[place]
			}
		}
		keys[n] = joinKey(key)
	}
	return keys
}

// write writes down the rows that are left.
func (f *foreseen) write(ctx context.Context) error {
	over := heldValues{}
	keys := make([]string, len(f.left))
	for n, i := range f.left {
		keys[n] = f.keys[i]
		for rule := range f.rules {
			if f.apart[rule] {
				continue
			}
			if hash, complete := f.hashAt(rule, f.columns, f.rows[i]); complete {
				over[ruleValue{rule, hash}] = f.keys[i]
			}
		}
	}
	if err := f.keep(ctx, f.tx, rowMade, keys, f.columns, f.rowsLeft()); err != nil {
		return err
	}
	return f.hold(ctx, f.tx, over)
}

// pointsWithin reports whether rows of the table refer to each other by a rule.
func (f *foreseen) pointsWithin(rule *refRule) bool { return f.tableOf(rule.References) == f.owner() }

// owner is the table as its own entity sees it.
func (t *shadowTable) owner() *shadowTable {
	if owner := t.shadow.tables[t.name]; owner != nil {
		return owner
	}
	return t
}

// references refuses rows that refer to nothing: broken are those that refer to
// no row of the target as it is.
func (f *foreseen) references(ctx context.Context, rule *refRule, broken []target.Refusal) error {
	parent := f.tableOf(rule.References)
	if parent == nil {
		f.refuse(broken)
		return nil
	}
	which := parent.rule(rule.Referenced)
	hashes := map[int]record.Value{}
	asked := make([]record.Value, 0, len(f.left))
	missing := map[int]bool{}
	single := len(rule.Columns) == 1 && slices.Equal(rule.Referenced, columnNames(parent.key))
	for _, refusal := range broken {
		if single && parent.isGuess(f.rows[refusal.Row][columnPlace(f.columns, rule.Columns[0])]) {
			continue // it stands for a row that the run makes
		}
		missing[refusal.Row] = true
	}
	for _, i := range f.left {
		if !missing[i] && !parent.left {
			continue
		}
		if hash, complete := f.referred(parent, which, rule, f.rows[i]); complete {
			hashes[i] = hash
			asked = append(asked, hash)
		}
	}
	held, err := parent.held(ctx, f.tx, which, asked)
	if err != nil {
		return err
	}
	message := rule.Message
	within := f.pointsWithin(rule)
	for {
		staged := map[record.Value]bool{}
		if within && which >= 0 {
			for _, i := range f.left {
				if hash, complete := f.hashAt(which, f.columns, f.rows[i]); complete {
					staged[hash] = true
				}
			}
		}
		var out []target.Refusal
		for _, i := range f.left {
			hash, refers := hashes[i]
			if !refers {
				if missing[i] && which < 0 {
					out = append(out, target.Refusal{Row: i, Code: rule.Code, Columns: rule.Columns, Message: message})
				}
				continue
			}
			holder, known := held[hash]
			there := known && holder != "" || !known && !missing[i] || staged[hash]
			if !there {
				out = append(out, target.Refusal{Row: i, Code: rule.Code, Columns: rule.Columns, Message: message})
			}
		}
		f.refuse(out)
		if !within || len(out) == 0 {
			return nil
		}
	}
}

// referred stands for the values by which a row refers to a row of parent.
func (f *foreseen) referred(parent *shadowTable, which int, rule *refRule, row []record.Value) (record.Value, bool) {
	if which < 0 {
		return record.Null(), false
	}
	values := make([]record.Value, len(parent.rules[which]))
	for n, column := range parent.rules[which] {
		at := slices.Index(rule.Referenced, column.Name)
		values[n] = row[columnPlace(f.columns, rule.Columns[at])]
	}
	return valueHash(parent.rules[which], values)
}

// unique refuses rows whose value another row holds: broken are those whose
// value a row of the target holds as it is.
func (f *foreseen) unique(ctx context.Context, rule *refRule, broken []target.Refusal) error {
	owner := f.owner()
	which := owner.rule(rule.Columns)
	if which < 0 {
		f.refuse(broken)
		return nil
	}
	hashes := map[int]record.Value{}
	asked := make([]record.Value, 0, len(f.left))
	for _, i := range f.left {
		if hash, complete := owner.hashAt(which, f.columns, f.rows[i]); complete {
			hashes[i] = hash
			asked = append(asked, hash)
		}
	}
	held, err := owner.held(ctx, f.tx, which, asked)
	if err != nil {
		return err
	}
	there := map[int]target.Refusal{}
	for _, refusal := range broken {
		there[refusal.Row] = refusal
	}
	var out []target.Refusal
	for _, i := range f.left {
		refusal, refused := there[i]
		holder, known := held[hashes[i]]
		switch {
		case known && holder != "":
			out = append(out, target.Refusal{Row: i, Code: rule.Code, Columns: rule.Columns, Message: rule.Message, Holder: holder})
		case refused && !known:
			out = append(out, refusal)
		}
	}
	f.refuse(out)
	taken := map[record.Value]bool{}
	out = nil
	for _, i := range f.left {
		hash, complete := hashes[i]
		if complete && taken[hash] {
			out = append(out, target.Refusal{Row: i, Code: rule.Code, Columns: rule.Columns, Message: fmt.Sprintf("an earlier record brings the same value of %s", joinNames(rule.Columns))})
		}
		taken[hash] = true
	}
	f.refuse(out)
	return nil
}
