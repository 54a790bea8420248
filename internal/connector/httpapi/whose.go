package httpapi

import (
	"slices"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// whose says of a record, found by some of its fields, whether the order made it:
// it carries the order's mark, or without marks, it is younger than the order and
// holds all that the order writes. Where nothing tells how old it is, what it holds
// beside the fields that it was found by has to be proof.
func (r *remote) whose(o *target.Order, s seen, by []string, done target.Outcome) target.Outcome {
	if o.Incomplete && !r.marked(o, s) {
		done = notTold()
	}
	switch {
	case r.Marker == nil:
	case !r.carriesMark(o, s):
		return somebodyElses(by)
	case r.marked(o, s):
		return done
	case !r.agrees(o, s):
		return target.Outcome{
			State: target.Unknown, Unaskable: true, Columns: []string{r.Marker.Field},
			Message: "a record with its mark is there and holds something else: `{ref}` is the mark of other migrations of the same record, too",
		}
	}
	was, dated := r.wasThere(o, s)
	if was {
		return somebodyElses(by)
	}
	if !r.agrees(o, s) {
		return somebodyElses(by)
	}
	if given := r.givenUnasked(o, s); len(given) > 0 && !dated {
		return target.Outcome{
			State: target.Unknown, Unaskable: true, Columns: given,
			Message: "a record with this value is there, and holds something in fields that the order leaves out: where the API fills them by itself, say so of them by `default: true`",
		}
	}
	proof := dated || len(by) == 0
	for i, column := range o.Columns {
		proof = proof || r.shows(column) && !slices.Contains(by, column.Name) && !isEmpty(o.Values[i])
	}
	if !proof {
		return target.Outcome{
			State: target.Unknown, Unaskable: true, Columns: slices.Clone(by),
			Message: "a record with this value is there, and nothing else tells whether it was there before",
		}
	}
	return done
}

// shows reports whether a record shows what was written into a field.
func (r *remote) shows(column sqldb.Column) bool {
	f := r.field(column.Name)
	return !column.Hidden && !f.ReadOnly && !f.Given
}

// agrees reports whether a record holds all that the order writes, as far as it
// shows it. What a create leaves out the API may fill by itself.
func (r *remote) agrees(o *target.Order, s seen) bool {
	now := r.values(s, o.Columns)
	for i, column := range o.Columns {
		if r.shows(column) && !sameValue(column, now[i], o.Values[i]) && !(o.Values[i].IsNull() && (r.leavesOut(o) || isEmpty(now[i]))) {
			return false
		}
	}
	return true
}

// leavesOut reports whether the order's call says nothing of fields that are NULL.
func (r *remote) leavesOut(o *target.Order) bool {
	return o.Deed == target.DeedCreate && r.create != nil && r.create.Nulls != nullsSend
}

// givenUnasked are the columns in which a record holds something though the order
// leaves them out, and the API is not said to fill them.
func (r *remote) givenUnasked(o *target.Order, s seen) []string {
	var given []string
	now := r.values(s, o.Columns)
	for i, column := range o.Columns {
		if r.shows(column) && o.Values[i].IsNull() && !isEmpty(now[i]) && !r.field(column.Name).Default {
			given = append(given, column.Name)
		}
	}
	return given
}

// isEmpty reports whether a value is what APIs make of nothing.
func isEmpty(v record.Value) bool {
	if v.IsNull() || v.IsEmptyText() {
		return true
	}
	// Of a field that is not declared, lists and objects are their text.
	structured := v.Kind() == record.KindJSON || v.Kind() == record.KindText
	return structured && (v.Raw() == "[]" || v.Raw() == "{}" || v.Raw() == "null")
}

func (r *remote) carriesMark(o *target.Order, s seen) bool {
	if r.Marker == nil {
		return false
	}
	mark, there := r.markOf(o)
	return there && text(at(s.tree, r.field(r.Marker.Field).path)) == mark
}

// marked reports whether a record carries a mark that no other order has.
func (r *remote) marked(o *target.Order, s seen) bool {
	return o.Token != "" && r.Marker != nil && r.mark.uses("token") && r.carriesMark(o, s)
}
