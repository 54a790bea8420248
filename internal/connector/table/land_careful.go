package table

import (
	"context"
	"slices"
	"sort"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

var ordColumn = sqldb.Column{Name: "landfall_ord", Type: record.Type{Kind: record.KindInt, Bits: 64, Native: "bigint"}}

// bisection lands rows the careful way: all into a temporary table, one
// set-based question per constraint, then the rest in one statement that is
// halved only as often as the database still refuses.
type bisection struct {
	*Lander
	columns   []sqldb.Column
	questions []question
	land      func(ctx context.Context, tx sqldb.Tx, stage sqldb.Name, from, to int64) (int64, error)
	verdicts  map[int]*target.Refusal
	stage     sqldb.Name
	// again names the refusals that other rows of the batch can lift by landing:
	// the row that is pointed at is there, the value that was held is free.
	again map[record.Code]bool
	// absent is the code of a row that was sent alone and is not there afterwards.
	absent record.Code
}

func (b *bisection) run(ctx context.Context, tx sqldb.Tx, rows [][]record.Value) (target.Landed, error) {
	ddl, stage := b.dialect.StageTable(b.columns)
	b.stage = stage
	for _, statement := range ddl {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return target.Landed{}, err
		}
	}
	if err := b.fill(ctx, tx, rows, 0, len(rows)); err != nil {
		return target.Landed{}, err
	}
	for _, q := range b.questions {
		if err := b.ask(ctx, tx, q); err != nil {
			return target.Landed{}, err
		}
	}
	left := make([]int64, 0, len(rows))
	for i := range rows {
		if b.verdicts[i] == nil {
			left = append(left, int64(i))
		}
	}
	if err := b.settle(ctx, tx, left); err != nil {
		return target.Landed{}, err
	}
	landed := target.Landed{Careful: true}
	for _, refusal := range b.verdicts {
		landed.Refused = append(landed.Refused, *refusal)
	}
	sort.Slice(landed.Refused, func(i, j int) bool { return landed.Refused[i].Row < landed.Refused[j].Row })
	return landed, nil
}

// fill copies rows[from:to] into the temporary table. It has no constraints, so
// only a value that its type cannot hold is refused here.
func (b *bisection) fill(ctx context.Context, tx sqldb.Tx, rows [][]record.Value, from, to int) error {
	if from == to {
		return nil
	}
	columns := append([]sqldb.Column{ordColumn}, b.columns...)
	cells := make([]record.Value, len(columns))
	at := from
	refused, err := b.within(ctx, tx, func() error {
		_, err := tx.BulkInsert(ctx, b.stage, columns, func() []record.Value {
			if at == to {
				return nil
			}
			cells[0] = record.Int(int64(at))
			copy(cells[1:], rows[at])
			at++
			return cells
		})
		return err
	})
	if err != nil || refused == nil {
		return err
	}
	if to-from == 1 {
		b.refuse(from, refused)
		return nil
	}
	middle := (from + to) / 2
	if err := b.fill(ctx, tx, rows, from, middle); err != nil {
		return err
	}
	return b.fill(ctx, tx, rows, middle, to)
}

// settle halves until no refusal is left that a row landed since might lift:
// taking a batch apart parts rows from those that they point at. Each round has
// fewer rows than the one before, or is the last.
func (b *bisection) settle(ctx context.Context, tx sqldb.Tx, ords []int64) error {
	for {
		if err := b.halve(ctx, tx, ords); err != nil {
			return err
		}
		var again []int64
		before := map[int]*target.Refusal{}
		for _, ord := range ords {
			if refusal := b.verdicts[int(ord)]; refusal != nil && b.again[refusal.Code] {
				again = append(again, ord)
				before[int(ord)] = refusal
				delete(b.verdicts, int(ord))
			}
		}
		if len(again) == 0 {
			return nil
		}
		relation, args := b.relationOf(again)
		if _, err := tx.Exec(ctx, "DELETE FROM "+b.dialect.QuoteName(b.stage)+" WHERE landfall_ord NOT IN (SELECT c0 FROM "+relation+")", args...); err != nil {
			return err
		}
		for _, q := range b.questions {
			if !q.within {
				continue
			}
			if err := b.ask(ctx, tx, q); err != nil {
				return err
			}
		}
		left := slices.DeleteFunc(again, func(ord int64) bool { return b.verdicts[int(ord)] != nil })
		if len(left) == len(ords) {
			for row, refusal := range before {
				b.verdicts[row] = refusal
			}
			return nil
		}
		ords = left
	}
}

func (b *bisection) relationOf(ords []int64) (string, []any) {
	cells := make([][]record.Value, len(ords))
	for i, ord := range ords {
		cells[i] = []record.Value{record.Int(ord)}
	}
	return b.dialect.Relation("k", []sqldb.Column{ordColumn}, cells, 1)
}

// halve lands the rows with the given places; refused ones were removed from
// the temporary table, so a range of places is exactly its rows.
func (b *bisection) halve(ctx context.Context, tx sqldb.Tx, ords []int64) error {
	if len(ords) == 0 {
		return nil
	}
	refused, err := b.within(ctx, tx, func() error {
		kept, err := b.land(ctx, tx, b.stage, ords[0], ords[len(ords)-1])
		if err != nil {
			return err
		}
		if kept != int64(len(ords)) {
			return &shortWrite{sent: int64(len(ords)), kept: kept}
		}
		return b.force(ctx, tx)
	})
	if err != nil || refused == nil {
		return err
	}
	if len(ords) == 1 {
		if refused.Code == record.CodeNotWritten && b.absent != "" {
			refused = &sqldb.Fault{Code: b.absent, Message: "the row is not there any more"}
		}
		b.refuse(int(ords[0]), refused)
		return nil
	}
	middle := len(ords) / 2
	if err := b.halve(ctx, tx, ords[:middle]); err != nil {
		return err
	}
	return b.halve(ctx, tx, ords[middle:])
}

func (b *bisection) refuse(row int, fault *sqldb.Fault) {
	b.verdicts[row] = &target.Refusal{Row: row, Code: fault.Code, Columns: b.columnsOf(fault), Message: fault.Message}
}

// columnsOf finds the columns that a refusal is about: those the database
// names, or those of the constraint it names.
func (l *Lander) columnsOf(fault *sqldb.Fault) []string {
	if len(fault.Columns) > 0 || fault.Constraint == "" {
		return fault.Columns
	}
	for _, unique := range l.table.Uniques {
		if unique.Name == fault.Constraint {
			return unique.Columns
		}
	}
	for _, fk := range l.table.ForeignKeys {
		if fk.Name == fault.Constraint {
			return fk.Columns
		}
	}
	for _, check := range l.table.Checks {
		if check.Name == fault.Constraint {
			return check.Columns
		}
	}
	return nil
}
