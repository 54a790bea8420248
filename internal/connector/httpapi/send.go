package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"landfall/internal/connector/caller"
	"landfall/internal/record"
	"landfall/internal/target"
)

// send carries out prepared jobs in as many calls as it takes.
func (r *remote) send(ctx context.Context, q *request, jobs []*job) error {
	var whole, rest []*job
	for _, j := range jobs {
		if _, carries := j.words["record"]; carries && len(j.alone) > 0 && emptyRecord(j) {
			rest = append(rest, j)
			continue
		}
		whole = append(whole, j)
	}
	calls := r.cut(q, whole)
	err := r.each(len(calls), func(i int) error { return r.carry(ctx, q, calls[i]) })
	if err != nil {
		return err
	}
	for _, j := range whole {
		if len(j.alone) > 0 && j.outcome.State == target.Done {
			rest = append(rest, j)
		}
	}
	return r.each(len(rest), func(i int) error { return r.writeAlone(ctx, rest[i]) })
}

func emptyRecord(j *job) bool {
	object, _ := j.words["record"].(map[string]any)
	return len(object) == 0
}

// carry makes one call for its jobs. What the API refuses as a whole is taken
// apart until each record is judged for itself.
func (r *remote) carry(ctx context.Context, q *request, jobs []*job) error {
	w := jobs[0].words
	if q.several() {
		items := make([]json.RawMessage, len(jobs))
		for i, j := range jobs {
			items[i] = j.item
		}
		w = words{"type": r.Name, "records": items}
		if len(jobs) == 1 {
			for name, value := range jobs[0].words {
				w[name] = value
			}
		}
	}
	call, err := q.call(w, r.api.headers)
	if err != nil {
		for _, j := range jobs {
			j.refused(ruling{verdict: rejected, message: "it cannot be asked for: " + err.Error()}, 0)
		}
		return nil
	}
	call.Repeatable = q.Idempotent
	said, err := r.api.doFor(ctx, q, call, r.carriedBy(jobs...), len(jobs))
	if said.again && said.verdict == duplicate && q.purpose == toCreate {
		for _, j := range jobs {
			j.perhapsOwn(said.number)
		}
		return err
	}
	switch said.verdict {
	case undecided: // not carried out
		return err
	case unknown:
		for _, j := range jobs {
			j.unknown(said.message, said.number)
		}
		return err
	case success:
		r.answered(q, jobs, &said)
		if err == nil {
			err = r.countDenied(q, jobs, &said)
		}
		return err
	}
	if len(jobs) > 1 {
		if said.verdict == oversize {
			r.largest.Store(int64(max(len(bodyOf(call))*2/3, 1)))
		}
		for _, half := range [][]*job{jobs[:len(jobs)/2], jobs[len(jobs)/2:]} {
			if err := r.carry(ctx, q, half); err != nil {
				return err
			}
		}
		return err
	}
	if q.purpose == toDelete && said.verdict == gone {
		*jobs[0].outcome = target.Outcome{State: target.Done, Already: true, Call: said.number}
		return err
	}
	jobs[0].refused(said.ruling, said.number)
	jobs[0].inProgress = said.status && said.verdict == duplicate
	return err
}

// countDenied deals with results that deny access to single records. Where others
// of the call were let through, we are let in, and the record is refused; where
// none was, it counts as a call that is denied.
func (r *remote) countDenied(q *request, jobs []*job, said *said) error {
	if q.results == nil {
		return nil
	}
	var denied []*job
	for _, j := range jobs {
		if j.denied != nil {
			denied = append(denied, j)
		}
	}
	if len(denied) == len(jobs) {
		return r.api.calls.DeniedWithin(q.name, jobs[0].denied.message)
	}
	r.api.calls.LetThrough()
	for _, j := range denied {
		j.refused(*j.denied, said.number)
	}
	return nil
}

// sendWhatWaits sends creates again that were sent before and that the API says it
// is at, or has something in the way of: by the same token it answers with what
// became of the first one as soon as that is done, which takes no longer than a
// call may. What is in the way after that belongs to somebody else.
func (r *remote) sendWhatWaits(ctx context.Context, q *request, jobs []*job) error {
	if q.purpose != toCreate || !q.Idempotent {
		return nil
	}
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = 100*time.Millisecond, 5*time.Second
	for until := time.Now().Add(r.api.calls.Limits().Timeout); ; {
		waiting := slices.DeleteFunc(slices.Clone(jobs), func(j *job) bool {
			return !j.order.Again || !j.inProgress || j.outcome.State != target.Refused
		})
		wait := pauses.NextBackOff()
		if len(waiting) == 0 || time.Now().Add(wait).After(until) {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		if err := r.send(ctx, q, waiting); err != nil {
			return err
		}
	}
}

// bodyOf is a call's body as it is sent.
func bodyOf(call caller.Call) string {
	if call.Form != nil {
		return call.Form.Encode()
	}
	return string(call.Body)
}

// answered gives each job its part of an answer.
func (r *remote) answered(q *request, jobs []*job, said *said) {
	if q.results == nil {
		for _, j := range jobs {
			r.conclude(q, q.judge, j, said, said.with("result", said.env["body"], "index", 0), false)
		}
		return
	}
	found := q.results.at.value(said.env)
	if q.results.by == nil {
		if byKey, is := found.(map[string]any); is {
			for _, j := range jobs {
				name, _ := q.results.names.render(j.words, nil)
				r.part(q, j, said, byKey[name], 0)
			}
			return
		}
		parts, is := found.([]any)
		if !is || len(parts) != len(jobs) {
			for _, j := range jobs { // which part is whose cannot be said of any
				j.unknown(fmt.Sprintf("the answer holds %d results for %d records", len(parts), len(jobs)), said.number)
			}
			return
		}
		for i, j := range jobs {
			r.part(q, j, said, parts[i], i)
		}
		return
	}
	parts, places := map[string]any{}, map[string]int{}
	for i, part := range list(found) {
		name := text(q.results.by.value(said.with("result", part, "index", i)))
		parts[name], places[name] = part, i
	}
	for _, j := range jobs {
		name, _ := q.results.names.render(j.words, nil)
		r.part(q, j, said, parts[name], places[name])
	}
}

// part is one record's part of an answer; nil when there is none.
func (r *remote) part(q *request, j *job, said *said, part any, place int) {
	if part == nil {
		j.unknown("the answer says nothing about the record", said.number)
		return
	}
	r.conclude(q, q.results.judge, j, said, said.with("result", part, "index", place), true)
}

// conclude judges one record's answer.
func (r *remote) conclude(q *request, judge *judge, j *job, said *said, env map[string]any, own bool) {
	ruled := ruling{verdict: success}
	if own {
		if ruled = judge.rule(env); ruled.verdict == undecided {
			ruled.verdict = success
			if judge.says {
				ruled.verdict = unknown
				ruled.message = "the answer is none of those described"
			}
		}
		if ruled.verdict != success {
			ruled = r.api.told(ruled, r.carriedBy(j))
		}
	}
	j.denied = nil
	switch ruled.verdict {
	case success:
		var key []record.Value
		if q.purpose == toCreate {
			if key = r.newKey(q, j, env); key == nil {
				j.unknown("the answer does not hold the new key", said.number)
				return
			}
		}
		j.done(said, key)
	case throttled, unknown, denied:
		j.unknown(ruled.message, said.number)
		if ruled.verdict != unknown { // it was certainly not carried out
			j.outcome.State = target.Unsent
		}
		if ruled.verdict == denied {
			j.denied = &ruled
		}
	case duplicate:
		if said.again && q.purpose == toCreate {
			j.perhapsOwn(said.number)
			return
		}
		j.refused(ruled, said.number)
	case gone:
		if q.purpose == toDelete {
			*j.outcome = target.Outcome{State: target.Done, Already: true, Call: said.number}
			return
		}
		j.refused(ruled, said.number)
	default:
		j.refused(ruled, said.number)
	}
}

// newKey is the key of a record that was created; nil when the answer does not
// tell it.
func (r *remote) newKey(q *request, j *job, env map[string]any) []record.Value {
	if !r.given() {
		return j.order.Key
	}
	key := make([]record.Value, len(r.keys))
	for i, column := range r.keys {
		f := r.field(column.Name)
		e := q.key[column.Name]
		if e == nil && len(r.keys) == 1 {
			e = q.key[""]
		}
		value := at(env["result"], f.path)
		if e != nil {
			value = e.value(env)
		}
		if key[i] = f.read(value); key[i].IsNull() || key[i].IsEmptyText() {
			return nil
		}
		if _, misfit := f.typ.Fit(key[i]); misfit != nil {
			return nil
		}
	}
	return key
}

// writeAlone writes the columns that have a call of their own. The first that
// fails leaves the rest as they were.
func (r *remote) writeAlone(ctx context.Context, j *job) error {
	for i, place := range j.alone {
		column := j.order.Columns[place]
		f := r.field(column.Name)
		w := words{"field": column.Name, "value": f.write(j.order.Values[place])}
		if w["value"] == nil {
			w["value"] = json.RawMessage("null")
		}
		for name, value := range j.words {
			if name != "version" || i == 0 && emptyRecord(j) { // our own write made another version
				w[name] = value
			}
		}
		call, err := r.replace.call(w, r.api.headers)
		if err != nil {
			return fmt.Errorf("%s: %w", r.replace.name, err)
		}
		said, err := r.api.do(ctx, r.replace, call, r.carriedBy(j))
		if said.verdict == success {
			j.done(&said, nil)
			continue
		}
		written := i > 0 || !emptyRecord(j)
		switch said.verdict {
		case undecided:
			if !written {
				*j.outcome = target.Outcome{}
				return err
			}
			*j.outcome = target.Outcome{State: target.Unknown, Message: said.message, Call: said.number}
		case unknown:
			j.unknown(said.message, said.number)
		default:
			j.refused(said.ruling, said.number)
		}
		if written {
			for _, left := range j.alone[i:] {
				j.outcome.Unwritten = append(j.outcome.Unwritten, j.order.Columns[left].Name)
			}
			j.outcome.Message = strings.TrimSpace(column.Name + ": " + j.outcome.Message)
		}
		return err
	}
	return nil
}
