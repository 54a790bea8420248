package run

import (
	"context"
	"fmt"
	"sync"

	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// lookup finds rows of a target table that nobody migrates, one query per batch
// behind a bounded cache. Several lanes ask at a time.
type lookup struct {
	*migration.Lookup
	rows target.Inserts
	mu   sync.Mutex
	// Two generations, as of parents.
	young, old map[string]record.Value
}

// lookupLimit bounds a generation of the cache.
const lookupLimit = 50_000

func (r *runner) newLookup(l *migration.Lookup) *lookup {
	return &lookup{Lookup: l, rows: r.tableFor(l.Table, []sqldb.Column{l.Take}), young: map[string]record.Value{}}
}

func (k *lookup) recall(text string) (record.Value, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	value, known := k.young[text]
	if known {
		return value, true
	}
	if value, known = k.old[text]; known {
		k.keep(text, value)
	}
	return value, known
}

func (k *lookup) keep(text string, value record.Value) {
	if len(k.young) >= lookupLimit {
		k.old, k.young = k.young, make(map[string]record.Value, lookupLimit)
	}
	k.young[text] = value
}

// tuple is what a row is looked up by, in the form that the columns take.
func (k *lookup) tuple(text string) ([]record.Value, *record.Misfit) {
	parts := record.SplitKey(text)
	tuple := make([]record.Value, len(parts))
	for i, part := range parts {
		value, misfit := k.Columns[i].Type.Fit(record.Text(part))
		if misfit != nil {
			return nil, misfit
		}
		tuple[i] = value
	}
	return tuple, nil
}

// lookUp fills a field with what its look-up finds.
func (l *landing) lookUp(ctx context.Context, which, place int) error {
	k := l.lookups[which]
	column := l.Columns[place]
	texts := make([]string, len(l.units))
	asked := map[string]int{} // text -> its place among the tuples
	var tuples [][]record.Value
	l.each(func(i int, u *unit) *record.Rejection {
		if u.row[place].IsNull() {
			return nil
		}
		texts[i] = u.row[place].Raw()
		if _, known := k.recall(texts[i]); known {
			return nil
		}
		if _, already := asked[texts[i]]; already {
			return nil
		}
		if rejection := l.storable(i, place, texts[i], "what it is looked up by"); rejection != nil {
			return rejection
		}
		tuple, misfit := k.tuple(texts[i])
		if misfit != nil {
			return l.unresolved(i, place, misfit.Code, fmt.Errorf("what a row of %s is looked up by: %w", k.Table.Name, misfit))
		}
		asked[texts[i]] = len(tuples)
		tuples = append(tuples, tuple)
		return nil
	})
	matched, err := k.rows.Match(ctx, l.tx, k.Columns, tuples)
	if err != nil {
		return err
	}
	found := map[string]record.Value{}
	for text, at := range asked {
		if matched[at].Count == 1 {
			found[text] = matched[at].Key[0]
			k.mu.Lock()
			k.keep(text, found[text])
			k.mu.Unlock()
		}
	}
	l.each(func(i int, u *unit) *record.Rejection {
		if u.row[place].IsNull() {
			return nil
		}
		value, known := found[texts[i]]
		if !known {
			value, known = k.recall(texts[i])
		}
		if known {
			fitted, misfit := column.Type.Fit(value)
			if misfit != nil {
				return l.unresolved(i, place, misfit.Code, fmt.Errorf("%s of the row of %s: %w", k.Take.Name, k.Table.Name, misfit))
			}
			if fitted.IsNull() && !column.Nullable {
				return l.unresolved(i, place, record.CodeNotNull, fmt.Errorf("%s of the row of %s is NULL, and the column is NOT NULL", k.Take.Name, k.Table.Name))
			}
			u.row[place] = fitted
			return nil
		}
		if at, sent := asked[texts[i]]; sent && matched[at].Count > 1 {
			return l.unresolved(i, place, record.CodeAmbiguous, fmt.Errorf("%d rows of %s match: look up by what is unique", matched[at].Count, k.Table.Name))
		}
		if k.Field.OnOrphan == mapping.OrphanNull {
			u.row[place] = record.Null()
			return nil
		}
		return l.unresolved(i, place, record.CodeNotFound, fmt.Errorf("no row of %s matches: add it to the target, mend the value, or set `missing: null` to leave it empty", k.Table.Name))
	})
	return nil
}
