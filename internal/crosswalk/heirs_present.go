package crosswalk

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// present finds the highest number behind the key of each parent that is in use:
// in the table, in its registry, or by an entry of the crosswalk.
func (h *Heirs) present(ctx context.Context, tx sqldb.Tx, parents []string) (map[string]int64, error) {
	highest := map[string]int64{}
	if len(parents) == 0 {
		return highest, nil
	}
	note := func(row []record.Value) error {
		if row[0].IsNull() {
			return nil
		}
		if parent, n, ok := h.Split(row[0].String()); ok {
			highest[parent] = max(highest[parent], n)
		}
		return nil
	}
	dialect := h.store.books.Dialect()
	if err := sqldb.PreferIndexes(ctx, tx, dialect, true); err != nil {
		return nil, err
	}
	for _, seat := range h.Seats {
		rows := h.ranges(parents, seat.Form)
		if len(rows) == 0 {
			continue
		}
		column := seat.Form.Column
		name := "t." + dialect.Quote(column.Name)
		relation, args := dialect.Relation("k", []sqldb.Column{column, column}, rows, 1)
		among, top := "", "max("+name+")"
		if column.Type.Kind == record.KindText {
			among, top = h.alike(name), "max("+dialect.AsText(name)+")"
		}
		err := sqldb.Each(ctx, tx, note, fmt.Sprintf("SELECT %s FROM %s %s %s t ON %s >= k.c0 AND %[5]s <= k.c1%s GROUP BY k.ord",
			top, relation, dialect.LookupJoin(), dialect.QuoteName(seat.Table), name, among), args...)
		if err != nil {
			return nil, err
		}
	}
	if !h.Asks {
		return highest, nil
	}
	text := textColumn("target_key")
	relation, args := dialect.Relation("k", []sqldb.Column{text, text}, h.ranges(parents, Form{Column: text}), 1)
	return highest, sqldb.Each(ctx, tx, note, fmt.Sprintf("SELECT max(%s) FROM %s %s %s c ON c.target_key >= k.c0 AND c.target_key <= k.c1 AND %s%s GROUP BY k.ord",
		dialect.AsText("c.target_key"), relation, dialect.LookupJoin(), h.store.books.Table("crosswalk"), h.store.owning("c."), h.alike("c.target_key")), args...)
}

// alike is the condition that a text is the parent's key of the relation's row
// and digits behind it: the order of texts may have others between the bounds.
func (h *Heirs) alike(name string) string {
	digits := strconv.Itoa(h.Digits)
	return " AND length(" + name + ") = length(k.c0) AND substr(" + name + ", 1, length(k.c0) - " + digits + ") = substr(k.c0, 1, length(k.c0) - " + digits +
		") AND " + allDigits("substr("+name+", length(k.c0) - "+digits+" + 1)")
}

// ranges are the lowest and highest key of each parent, as the column holds
// them; parents of which it can hold none are left out.
func (h *Heirs) ranges(parents []string, form Form) [][]record.Value {
	var rows [][]record.Value
	for _, parent := range parents {
		if form.Column.Type.Kind == record.KindText {
			rows = append(rows, []record.Value{record.Text(h.Key(parent, 0)), record.Text(h.Key(parent, h.Most()))})
			continue
		}
		number, err := strconv.ParseInt(parent, 10, 64)
		if err != nil || number < 1 || number > math.MaxInt64/(h.Most()+1) {
			continue
		}
		low := number * (h.Most() + 1)
		if high := form.Highest(); low <= high {
			top := min(high, low+min(h.Most(), math.MaxInt64-low))
			rows = append(rows, []record.Value{form.Value(low), form.Value(top)})
		}
	}
	return rows
}

// Recall notes the numbers of keys whose rows are undone or gone: they are not
// given again. It is asked for when the entity starts.
func (h *Heirs) Recall(ctx context.Context, tx sqldb.Tx) error {
	s := h.store
	gone := map[string]heir{}
	entity, key := int64(0), ""
	for {
		read := 0
		err := s.books.Query(ctx, tx, func(row []record.Value) error {
			read++
			entity, key = row[1].Int(), row[2].String()
			if parent, n, ok := h.Split(row[0].String()); ok {
				gone[parent] = heir{high: max(gone[parent].high, n), used: max(gone[parent].used, n)}
			}
			return nil
		}, fmt.Sprintf("SELECT target_key, entity_id, source_key FROM {crosswalk} WHERE table_id = %d AND state IN ('%s', '%s') AND (entity_id, source_key) > (?, ?) ORDER BY entity_id, source_key LIMIT %d",
			s.TableID, string(StateDeleted), string(StateRolledBack), recallChunk), entity, key)
		if err != nil || read == 0 {
			return err
		}
		if err := h.write(ctx, tx, 0, gone, greatest); err != nil {
			return err
		}
		clear(gone)
	}
}

const recallChunk = 10_000

// greatest keeps the higher of two numbers.
const greatest = "used = CASE WHEN excluded.used > h.used THEN excluded.used ELSE h.used END, high = CASE WHEN excluded.used > h.high THEN excluded.used ELSE h.high END"

// End notes which numbers of the run's entity are used, when the entity has
// ended; those that were reserved beyond are free again.
func (h *Heirs) End(ctx context.Context, tx sqldb.Tx, runID int64) error {
	s := h.store
	var blocks []Block
	err := s.books.Query(ctx, tx, func(row []record.Value) error {
		blocks = append(blocks, Block{RunID: runID, EntityID: s.EntityID, Slice: int(row[0].Int()), Ordinal: row[1].Int()})
		return nil
	}, "SELECT slice_no, ordinal FROM {key_block} WHERE run_id = ? AND entity_id = ?", runID, s.EntityID)
	if err != nil {
		return err
	}
	for i := range blocks {
		b := blocks[i]
		if _, err := s.FindBlock(ctx, tx, &b); err != nil {
			return err
		}
		used := map[string]heir{}
		for _, key := range b.Keys {
			if parent, n, ok := h.Split(key); ok && n > used[parent].used {
				used[parent] = heir{high: n, used: n}
			}
		}
		if err := h.write(ctx, tx, runID, used, greatest); err != nil {
			return err
		}
	}
	_, err = s.books.Exec(ctx, tx, "UPDATE {key_heir} SET high = used, spare = 0 WHERE table_id = ? AND run_id = ?", s.TableID, runID)
	return err
}
