package run

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"landfall/internal/record"
	"landfall/internal/target"
)

// How long a call whose answer was lost is waited for before it is asked what
// became of it, and how long at most between two such questions.
const (
	firstPause = 100 * time.Millisecond
	mostPause  = 15 * time.Second
)

// lateAfter is how long after a look that found nothing of a call there is looked
// once more, where nothing at the API would keep a late call and its repeat from
// being carried out both.
const lateAfter = 5 * time.Second

// call sends the orders, and settles those of which it is not known what became
// of them: what is not there is sent again, with growing pauses, until nothing
// new has been found out for as long as patience lasts. What it leaves Unknown
// then stays so. An error leaves in states what is known so far.
func (r *remoteLanding) call(ctx context.Context) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = firstPause, mostPause
	patience := cmp.Or(r.o.Patience, target.DefaultPatience)
	var until time.Time
	for before := len(r.orders) + 1; ; {
		if err := r.settleOpen(ctx); err != nil {
			return err
		}
		sent, err := r.sendOpen(ctx)
		if err != nil {
			return err
		}
		unsent, lost := r.in(target.Unsent, target.Absent), r.askable()
		open := len(unsent) + len(lost)
		if open == 0 {
			return nil
		}
		r.point(PointCalling)
		if open < before { // what calls took is no part of it: they wait for limits, too
			pause.Reset()
			until, before = time.Now().Add(patience), open
		}
		left := time.Until(until)
		if left <= 0 {
			if sent {
				return r.lookLast(ctx)
			}
			return nil
		}
		wait := min(max(pause.NextBackOff(), r.untilLate(unsent, lost)), left)
		r.say(EventWaiting, waitingFor(len(unsent), len(lost), len(r.absent), wait))
		if err := Idle(ctx, wait, nil, r.o.Stop); err != nil {
			return err
		}
	}
}

// lookLast looks once more at what was just sent again. That it is not there is
// no end of it: it may still come, and the order stays the same when it is sent
// the next time.
func (r *remoteLanding) lookLast(ctx context.Context) error {
	err := r.settleOpen(ctx)
	for _, n := range r.in(target.Absent) {
		r.states[n] = target.Outcome{State: target.Unknown, Message: "nothing of it was there when it was looked at last", Call: r.states[n].Call}
	}
	return err
}

// waitingFor says what calls wait for.
func waitingFor(unsent, lost, absent int, wait time.Duration) string {
	var said []string
	if unsent > 0 {
		said = append(said, fmt.Sprintf("the API did not carry out the calls for %d records for now; sending them again in %s", unsent, wait.Round(time.Millisecond)))
	}
	if lost -= absent; lost > 0 {
		said = append(said, fmt.Sprintf("records without a clear answer: %d; looking in %s what became of them", lost, wait.Round(time.Millisecond)))
	}
	if absent > 0 {
		said = append(said, fmt.Sprintf("%d records whose answers were lost are not there; looking once more in %s before they are sent again, as their calls may still be on their way", absent, wait.Round(time.Millisecond)))
	}
	return strings.Join(said, "; ")
}

// untilLate is how long it takes until there is something to do but to wait for
// late calls; 0 where there is something now.
func (r *remoteLanding) untilLate(unsent, lost []int) time.Duration {
	if len(unsent) > 0 {
		return 0
	}
	soonest := lateAfter
	for _, n := range lost {
		first, late := r.absent[n]
		if !late {
			return 0
		}
		soonest = min(soonest, time.Until(first.Add(lateAfter)))
	}
	return soonest
}

// askable lists the orders of which it is not known what became of them and may
// still be found out.
func (r *remoteLanding) askable() []int {
	if !r.Remote.Abilities().Settles {
		return nil
	}
	return slices.DeleteFunc(r.in(target.Unknown), func(n int) bool { return r.states[n].Unaskable })
}

// in lists the orders that are in one of the states.
func (r *remoteLanding) in(states ...target.State) []int {
	var in []int
	for n := range r.states {
		if slices.Contains(states, r.states[n].State) {
			in = append(in, n)
		}
	}
	return in
}

// settleOpen asks what became of orders whose answers were lost.
func (r *remoteLanding) settleOpen(ctx context.Context) error {
	open := r.askable()
	if len(open) == 0 {
		return nil
	}
	outcomes, err := r.Remote.Settle(ctx, r.ordersOf(open))
	for at, n := range open {
		if at < len(outcomes) && outcomes[at].State != target.Unsent {
			r.found(n, outcomes[at])
		}
	}
	return err
}

// found takes what a look has found of an order. That nothing is there counts at
// the second look only, where a late call could still make it be there twice.
func (r *remoteLanding) found(n int, outcome target.Outcome) {
	first, before := r.absent[n]
	switch late := outcome.State == target.Absent && outcome.Late; {
	case late && !before:
		r.absent[n] = time.Now()
		fallthrough
	case late && time.Since(first) < lateAfter && before:
		outcome = target.Outcome{State: target.Unknown, Message: "nothing of it is there yet", Call: r.states[n].Call}
	case outcome.State != target.Unknown:
		delete(r.absent, n)
	}
	r.states[n] = outcome
	r.tellTwins(r.orders[n].Ref, &outcome)
}

// tellTwins says that a record is there more than once.
func (e *entityRun) tellTwins(ref record.Ref, outcome *target.Outcome) {
	if outcome.State != target.Done || len(outcome.Twins) == 0 {
		return
	}
	keys := make([]string, len(outcome.Twins))
	for i, key := range outcome.Twins {
		keys[i] = joinKey(key)
	}
	e.say(EventWarning, fmt.Sprintf("%s is there more than once: a call that came late was carried out beside its repeat. The record counts as %s; see to %s, which carry its mark, too", ref, joinKey(outcome.Key), strings.Join(keys, ", ")))
}

func (r *remoteLanding) ordersOf(places []int) []target.Order {
	orders := make([]target.Order, len(places))
	for at, n := range places {
		orders[at] = r.orders[n]
	}
	return orders
}

// say tells something of the entity.
func (e *entityRun) say(kind EventKind, message string) {
	event := e.event(kind)
	event.Message = message
	e.tell(event)
}
