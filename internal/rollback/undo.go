package rollback

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// restore gives changed rows back what they held before the run. It comes before
// the deleting, as the updates of a batch come after its inserts.
func (b *batch) restore(ctx context.Context) error {
	byShape := map[*shape][]*item{}
	var shapes []*shape
	for _, i := range b.items {
		if i.deed != changed || !i.open() || i.gone {
			continue
		}
		if byShape[i.shape] == nil {
			shapes = append(shapes, i.shape)
		}
		byShape[i.shape] = append(byShape[i.shape], i)
	}
	for _, s := range shapes {
		items := byShape[s]
		for _, i := range items {
			b.image(i)
		}
		refused, err := b.write(ctx, items, s.Columns)
		if err != nil {
			return err
		}
		b.refuse(items, refused)
	}
	return nil
}

// image notes for the ledger what the row holds and what it held.
func (b *batch) image(i *item) {
	row := make([]record.Value, len(i.shape.Columns))
	for c, at := range i.shape.places {
		row[c] = i.row[at]
	}
	i.was = ledger.EncodeRow(i.shape.Columns, row)
	b.imaged(i)
}

// imaged is image for a row of which it is noted already what it holds.
func (b *batch) imaged(i *item) {
	i.after = ledger.EncodeRow(i.shape.Columns, i.before)
	i.note = "its " + b.what() + " holds again what it held before " + b.runner.undone.Name
	if hidden := b.overwritten(); len(hidden) > 0 {
		i.note += " but for " + strings.Join(hidden, ", ") + ", " + NotGivenBack
	}
}

// overwritten are the columns that updates write over and that the target shows
// to nobody, so that it is not known what they held.
func (e *entityUndo) overwritten() []string {
	var hidden []string
	for _, f := range e.Fields {
		if column, known := e.Table.Column(f.Target); known && column.Hidden && f.Always {
			hidden = append(hidden, f.Target)
		}
	}
	return hidden
}

// write gives columns of rows of one shape back what they held.
func (b *batch) write(ctx context.Context, items []*item, columns []sqldb.Column) ([]target.Refusal, error) {
	changes := make([]target.Change, len(items))
	for n, i := range items {
		changes[n] = target.Change{Key: i.key, Values: make([]record.Value, len(columns))}
		for c := range columns {
			changes[n].Values[c] = i.before[placeOf(i.shape.Columns, columns[c].Name)]
		}
	}
	landed, err := b.lander.Update(ctx, b.tx, columns, changes)
	if err != nil {
		return nil, fmt.Errorf("giving rows of %s back what they held: %w", b.Table.Name, err)
	}
	return landed.Refused, b.holders(ctx, items, landed.Refused)
}

// refuse makes verdicts of the database's refusals; rows are places among items.
func (b *batch) refuse(items []*item, refusals []target.Refusal) {
	for _, refusal := range refusals {
		if i := items[refusal.Row]; i.deed == changed && b.group.circle && (refusal.Code == record.CodeUnique || refusal.Code == record.CodeForeignKey) {
			// A row that the run made may be in the way which waits for this very one.
			i.waits, i.was, i.after, i.note = true, "", "", ""
			continue
		}
		i := items[refusal.Row]
		i.end, i.why = record.Failed, refusalOf(refusal, "the target refuses what the row held: ")
		if i.deed == made {
			i.why = refusalOf(refusal, "the target refuses to delete the row: ")
		}
	}
}

func refusalOf(refusal target.Refusal, what string) *record.Rejection {
	message := what + refusal.Message
	if refusal.Holder != "" {
		message += ": row " + refusal.Holder
	}
	return &record.Rejection{Step: record.StepUndo, Code: refusal.Code, Field: strings.Join(refusal.Columns, ", "), Err: errors.New(message)}
}

// remove deletes the rows that the run made; those that refer to each other go
// in one statement.
func (b *batch) remove(ctx context.Context) error {
	var items []*item
	var keys [][]record.Value
	var places []int64
	for _, i := range b.items {
		if i.deed == made && i.open() && !i.gone {
			places = append(places, int64(len(items)))
			items, keys = append(items, i), append(keys, i.key)
		}
	}
	if len(items) == 0 {
		return nil
	}
	doomed, err := b.lander.Doom(ctx, b.tx, doomedMark)
	if err != nil {
		return err
	}
	if err := doomed.Add(ctx, b.tx, places, keys); err != nil {
		return err
	}
	landed, err := doomed.Remove(ctx, b.tx, places)
	if err != nil {
		return fmt.Errorf("deleting rows of %s: %w", b.Table.Name, err)
	}
	b.refuse(items, landed.Refused)
	return nil
}
