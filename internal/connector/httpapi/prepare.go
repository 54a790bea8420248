package httpapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"landfall/internal/connector/caller"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// prepared are the jobs that need a call, with what they send.
func (r *remote) prepared(q *request, jobs []*job) []*job {
	var sending []*job
	for _, j := range jobs {
		w := words{"type": r.Name, "ref": j.order.Ref.String()}
		if j.order.Token != "" {
			w["token"] = j.order.Token
		}
		if j.order.Version != "" {
			w["version"] = j.order.Version
		}
		r.keyWords(w, j.order.Key)
		j.words = w
		if j.order.Deed != target.DeedDelete {
			nothing, fault := r.record(q, j)
			if fault != nil {
				j.refused(*fault, 0)
				continue
			}
			if nothing && len(j.alone) == 0 {
				j.outcome.State = target.Done // it is that already
				continue
			}
			if nothing {
				sending = append(sending, j) // only what has calls of its own
				continue
			}
		}
		if q.several() {
			item, _ := q.item.render(w)
			var err error
			if j.item, err = encoded(item); err != nil {
				j.refused(ruling{verdict: rejected, code: record.CodeWrongType, message: err.Error()}, 0)
				continue
			}
			if j.size = len(j.item); q.form != nil {
				j.size = len(url.QueryEscape(string(j.item)))
			}
		}
		sending = append(sending, j)
	}
	return sending
}

// unwritable says why a value cannot be written as JSON; nil where it can.
func unwritable(column sqldb.Column, written any) *ruling {
	switch written := written.(type) {
	case json.Number:
		if !json.Valid([]byte(written)) {
			return &ruling{verdict: rejected, code: record.CodeOutOfRange, columns: []string{column.Name}, message: "JSON has no form for this number: expected one that is finite"}
		}
	case json.RawMessage:
		if !json.Valid(written) {
			return &ruling{verdict: rejected, code: record.CodeWrongType, columns: []string{column.Name}, message: "expected JSON"}
		}
	}
	return nil
}

// record makes the tree of what the order writes, and reports whether there is
// nothing to write in the call itself, or what cannot be written.
func (r *remote) record(q *request, j *job) (nothing bool, fault *ruling) {
	var tree any = map[string]any{}
	groups := map[string]bool{} // lists of which something differs
	update := j.order.Deed == target.DeedUpdate
	for i, column := range j.order.Columns {
		if f := r.field(column.Name); f.group != "" && !equalBefore(j.order, i) {
			groups[f.group] = true
		}
	}
	nothing = true
	nulls := q.Nulls == nullsSend || q.Nulls == "" && update
	for i, column := range j.order.Columns {
		f, value := r.field(column.Name), j.order.Values[i]
		if f.Given || f.ReadOnly {
			continue
		}
		written := f.write(value)
		if fault = unwritable(column, written); fault != nil {
			return false, fault
		}
		if written != nil {
			j.words["field."+column.Name] = written
		}
		if update && equalBefore(j.order, i) && !groups[f.group] {
			continue
		}
		if update && f.Hidden && written == nil {
			continue // what nobody can see is not taken away by what nobody gave
		}
		if update && f.Alone {
			j.alone = append(j.alone, i)
			continue
		}
		if written != nil || nulls {
			tree = put(tree, f.path, written)
			nothing = false
		}
	}
	if !update {
		nothing = false
		for i, column := range r.keys { // made on our side, and not among the columns
			if i < len(j.order.Key) && !j.order.Key[i].IsNull() && !hasColumn(j.order.Columns, column.Name) {
				f := r.field(column.Name)
				tree = put(tree, f.path, f.write(j.order.Key[i]))
			}
		}
	}
	if r.Marker != nil && !nothing {
		if mark, there := r.mark.render(j.words, nil); there {
			tree = put(tree, r.field(r.Marker.Field).path, mark)
		}
	}
	j.words["record"] = tree
	return nothing, nil
}

func hasColumn(columns []sqldb.Column, name string) bool {
	return slices.ContainsFunc(columns, func(c sqldb.Column) bool { return c.Name == name })
}

// equalBefore reports whether a column holds already what the order writes.
func equalBefore(o *target.Order, place int) bool {
	if o.Before == nil || o.Columns[place].Hidden {
		return false
	}
	return o.Before[place] == o.Values[place]
}

// tooLarge is the ruling over a record that no call can carry.
func tooLarge(size, most int) ruling {
	return ruling{verdict: oversize, message: fmt.Sprintf("the record takes %d bytes as it is sent, and a call carries at most %d", size, most)}
}

// cut makes calls of jobs: neighbours, by count and bytes. A record that no call
// can carry is refused.
func (r *remote) cut(q *request, jobs []*job) [][]*job {
	if !q.several() {
		return r.single(q, jobs)
	}
	most := int(q.Bytes)
	if learned := int(r.largest.Load()); learned > 0 && (most == 0 || learned < most) {
		most = learned
	}
	frame := r.frame(q)
	var calls [][]*job
	var call []*job
	size := frame
	for _, j := range jobs {
		if q.Bytes > 0 && frame+j.size > int(q.Bytes) {
			j.refused(tooLarge(frame+j.size, int(q.Bytes)), 0)
			continue
		}
		const comma = 3 // as long as it is in a form
		if len(call) > 0 && (len(call) >= q.most() || most > 0 && size+comma+j.size > most) {
			calls, call, size = append(calls, call), nil, frame
		}
		call = append(call, j)
		size += comma + j.size
	}
	if len(call) > 0 {
		calls = append(calls, call)
	}
	return calls
}

// single is a call for each job.
func (r *remote) single(q *request, jobs []*job) [][]*job {
	var calls [][]*job
	for _, j := range jobs {
		if q.Bytes > 0 {
			if size := r.size(q, j.words); size > int(q.Bytes) {
				j.refused(tooLarge(size, int(q.Bytes)), 0)
				continue
			}
		}
		calls = append(calls, []*job{j})
	}
	return calls
}

// frame is how large a call without records is.
func (r *remote) frame(q *request) int {
	empty := words{"type": r.Name, "records": []any{}, "token": "00000000-0000-0000-0000-000000000000"}
	return r.size(q, empty)
}

// size is how large a call's body is, with what `auth` adds to forms.
func (r *remote) size(q *request, w words) int {
	var call caller.Call
	if err := q.fill(&call, w); err != nil {
		return 0
	}
	size := len(bodyOf(call))
	if call.Form != nil {
		size += r.api.calls.AddedToForms()
	}
	return size
}

// sameValues compares rows in the form that Fit gives, without regard to case
// where the API has none.
func sameValue(column sqldb.Column, a, b record.Value) bool {
	if a == b {
		return true
	}
	return column.Type.FoldCase && a.Kind() == record.KindText && b.Kind() == record.KindText && foldEqual(a.Raw(), b.Raw())
}
