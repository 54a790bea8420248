package table

import (
	"cmp"
	"math/big"

	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// tally is a total of one group while rows, or totals of parts of the group,
// are taken in.
type tally struct {
	function mapping.TotalFunc
	sum      record.Sum   // of sums and counts
	extreme  record.Value // the least or greatest so far; NULL before the first
	odd      bool         // values that do not compare were among them
}

// add takes in what a row brings, or a part of the group for which the database
// has the answer: then a value that is no number and no time may still be one to
// it, as an infinite date is.
func (t *tally) add(column *sqldb.Column, value record.Value, answered bool) {
	switch {
	case value.IsNull():
	case t.function == mapping.TotalSum, t.function == mapping.TotalCount:
		t.sum.Add(value)
	default:
		t.reach(readBack(column.Type, value), answered)
	}
}

func (t *tally) reach(value record.Value, answered bool) {
	if _, comparable := compare(value, value); !comparable && !answered {
		t.odd = true
	}
	if t.extreme.IsNull() {
		t.extreme = value
		return
	}
	order, comparable := compare(value, t.extreme)
	t.odd = t.odd || !comparable
	if t.function == mapping.TotalMin && order < 0 || t.function == mapping.TotalMax && order > 0 {
		t.extreme = value
	}
}

// text is the total: a sum with as many digits behind the point as the column
// declares.
func (t *tally) text(column *sqldb.Column) *string {
	scale := 0
	if column != nil && column.Type.Kind == record.KindDecimal {
		scale = max(0, column.Type.Scale)
	}
	var text string
	switch {
	case t.function == mapping.TotalCount:
		text = t.sum.String()
	case t.function == mapping.TotalSum:
		text = t.sum.Text(scale)
	case t.odd:
		text = record.NotANumber
	case t.extreme.IsNull():
		return nil
	case t.extreme.Kind() == record.KindDecimal:
		var alone record.Sum
		alone.Add(t.extreme)
		text = alone.Text(scale)
	default:
		text = t.extreme.String()
	}
	return &text
}

// compare orders two values of a column; only numbers and only times compare.
func compare(a, b record.Value) (order int, comparable bool) {
	switch {
	case a.Kind() == record.KindInt && b.Kind() == record.KindInt:
		return cmp.Compare(a.Int(), b.Int()), true
	case a.Kind() == record.KindTime && b.Kind() == record.KindTime:
		return cmp.Compare(a.SinceMidnight(), b.SinceMidnight()), true
	case isMoment(a) && isMoment(b):
		return a.Time().Compare(b.Time()), true
	}
	left, ok := number(a)
	right, too := number(b)
	if !ok || !too {
		return 0, false
	}
	return left.Cmp(right), true
}

func isMoment(v record.Value) bool {
	return v.Kind() == record.KindDate || v.Kind() == record.KindTimestamp || v.Kind() == record.KindTimestampTZ
}

func number(v record.Value) (*big.Rat, bool) {
	switch v.Kind() {
	case record.KindInt, record.KindDecimal:
		return new(big.Rat).SetString(v.String())
	case record.KindFloat:
		exact := new(big.Rat).SetFloat64(v.Float())
		return exact, exact != nil
	}
	return nil, false
}
