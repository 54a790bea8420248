package reconcile

import (
	"encoding/json"
	"math/big"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

// sums are what declared totals come to: by the total's text, by the JSON array
// of a group's values.
type sums map[string]map[string]*tally

// groupsAtMost bounds what is remembered of a total; one of more groups is not
// compared.
const groupsAtMost = 10_000

// tally is one group of a total.
type tally struct {
	rows  int64 // that count
	sum   record.Sum
	value record.Value // of a least or greatest
}

type tallyText struct {
	Rows  int64  `json:"rows"`
	Sum   string `json:"sum,omitempty"`
	Value string `json:"value,omitempty"`
	Kind  record.Kind
}

// MarshalJSON keeps a tally across sessions.
func (t *tally) MarshalJSON() ([]byte, error) {
	return json.Marshal(tallyText{t.rows, t.sum.String(), t.value.String(), t.value.Kind()})
}

// UnmarshalJSON reads it back.
func (t *tally) UnmarshalJSON(text []byte) error {
	var stored tallyText
	if err := json.Unmarshal(text, &stored); err != nil {
		return err
	}
	t.rows = stored.Rows
	t.sum.Add(record.Decimal(stored.Sum))
	if stored.Kind != record.KindNull {
		value, misfit := record.Type{Kind: stored.Kind, Bits: 64, Fraction: 9}.Fit(record.Text(stored.Value))
		if misfit != nil {
			return misfit
		}
		t.value = value
	}
	return nil
}

// of finds the tally of a group, or makes it; nil where there are too many.
func (s sums) of(total, group string) *tally {
	groups := s[total]
	if groups == nil {
		groups = map[string]*tally{}
		s[total] = groups
	}
	t := groups[group]
	if t == nil && len(groups) <= groupsAtMost {
		t = &tally{}
		groups[group] = t
	}
	return t
}

// count takes a row into the total that it belongs to. value is that of the
// total's column.
func (s sums) count(total *mapping.Total, group string, value record.Value) {
	t := s.of(total.Text, group)
	if t == nil || total.Column != "" && value.IsNull() {
		return
	}
	t.rows++
	switch total.Func {
	case mapping.TotalSum:
		t.sum.Add(value)
	case mapping.TotalMin, mapping.TotalMax:
		t.value = extreme(total.Func, t.value, value)
	}
}

// add takes other in.
func (s sums) add(other sums) {
	for total, groups := range other {
		for group, o := range groups {
			t := s.of(total, group)
			if t == nil {
				continue
			}
			t.rows += o.rows
			t.sum.Add(record.Decimal(o.sum.String()))
			if !o.value.IsNull() {
				t.value = extreme(funcOf(total), t.value, o.value)
			}
		}
	}
}

// funcOf reads the function off a total's text.
func funcOf(total string) mapping.TotalFunc {
	if len(total) >= 3 && total[:3] == string(mapping.TotalMin) {
		return mapping.TotalMin
	}
	return mapping.TotalMax
}

// clone copies s.
func (s sums) clone() sums {
	c := sums{}
	c.add(s)
	return c
}

// text is what the group comes to; nil where no row counts, which is 0 for a
// count.
func (t *tally) text(total *mapping.Total) *string {
	var text string
	switch {
	case total.Func == mapping.TotalCount:
		if t == nil {
			t = &tally{}
		}
		text = record.Int(t.rows).String()
	case t == nil || t.rows == 0:
		return nil
	case total.Func == mapping.TotalSum:
		text = t.sum.String()
	default:
		text = t.value.String()
	}
	return &text
}

// extreme is the lesser or the greater of two values of one kind.
func extreme(which mapping.TotalFunc, a, b record.Value) record.Value {
	if a.IsNull() {
		return b
	}
	if less(a, b) == (which == mapping.TotalMin) {
		return a
	}
	return b
}

func less(a, b record.Value) bool {
	switch a.Kind() {
	case record.KindInt:
		return a.Int() < b.Int()
	case record.KindFloat:
		return a.Float() < b.Float()
	case record.KindTime:
		return a.SinceMidnight() < b.SinceMidnight()
	case record.KindDate, record.KindTimestamp, record.KindTimestampTZ:
		return a.Time().Before(b.Time())
	}
	one, ok1 := new(big.Rat).SetString(a.String())
	other, ok2 := new(big.Rat).SetString(b.String())
	return ok1 && ok2 && one.Cmp(other) < 0
}
