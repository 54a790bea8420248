package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/target"
)

// How long a call whose answer was lost is waited for before it is asked what
// became of it, and how long at most between two such questions.
const (
	firstPause = 100 * time.Millisecond
	mostPause  = 15 * time.Second
)

// call sends the orders, and settles those of which it is not known what became
// of them: what is not there is sent again, with growing pauses, for as long as
// patience lasts. What it leaves Unknown then stays so. An error leaves in states
// what is known so far.
func (r *remoteLanding) call(ctx context.Context) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = firstPause, mostPause
	patience := r.o.Patience
	if patience == 0 {
		patience = 10 * time.Minute
	}
	before := len(r.orders)
	for until := time.Now().Add(patience); ; {
		if err := r.settleOpen(ctx); err != nil {
			return err
		}
		if err := r.sendOpen(ctx); err != nil {
			return err
		}
		open := append(r.in(target.Unsent, target.Absent), r.askable()...)
		if len(open) == 0 {
			return nil
		}
		r.point(PointCalling)
		if len(open) < before {
			pause.Reset()
		}
		before = len(open)
		wait := pause.NextBackOff()
		if time.Now().Add(wait).After(until) {
			return nil
		}
		r.say(EventWaiting, fmt.Sprintf("%d calls for records without a clear answer; looking in %s what became of them", len(open), wait.Round(time.Millisecond)))
		if err := idle(ctx, wait, nil, r.o.Stop); err != nil {
			return err
		}
	}
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

// sendOpen sends what was not sent yet, or is not there.
func (r *remoteLanding) sendOpen(ctx context.Context) error {
	open := r.in(target.Unsent, target.Absent)
	if len(open) == 0 {
		return nil
	}
	var again []int
	for _, n := range open {
		if r.states[n].State == target.Absent {
			r.orders[n].Again = true
			again = append(again, n)
		}
	}
	if err := r.readAgain(ctx, again); err != nil {
		return err
	}
	outcomes, err := r.Remote.Send(ctx, r.ordersOf(open))
	for at, n := range open {
		if at < len(outcomes) {
			r.states[n] = outcomes[at]
		}
		// A record that was sent before may be the one that refuses this one.
		if state := &r.states[n]; state.State == target.Refused && r.orders[n].Again && r.orders[n].Deed == target.DeedCreate && state.Code == record.CodeUnique && r.Remote.Abilities().Settles {
			if settled, ok := r.settleOne(ctx, n); ok {
				r.states[n] = settled
			}
		}
	}
	return err
}

// readAgain reads records whose changes are sent again: a call that was carried
// out in part has made another version of them, and only the rest is to be sent.
func (r *remoteLanding) readAgain(ctx context.Context, places []int) error {
	places = slices.DeleteFunc(places, func(n int) bool { return r.orders[n].Deed != target.DeedUpdate || r.orders[n].Before == nil })
	if len(places) == 0 || !r.Remote.Abilities().Fetch {
		return nil
	}
	keys := make([][]record.Value, len(places))
	for at, n := range places {
		keys[at] = r.orders[n].Key
	}
	columns := r.orders[places[0]].Columns // those of all changes of an entity
	fetched, err := r.Remote.Fetch(ctx, keys, columns)
	if err != nil {
		return err
	}
	for at, n := range places {
		if fetched[at].Values != nil {
			r.orders[n].Before, r.orders[n].Version = fetched[at].Values, fetched[at].Version
		}
	}
	return nil
}

// settleOne asks whether what refuses an order is what it made itself when it
// was sent before.
func (r *remoteLanding) settleOne(ctx context.Context, n int) (target.Outcome, bool) {
	outcomes, err := r.Remote.Settle(ctx, r.ordersOf([]int{n}))
	if len(outcomes) != 1 {
		return target.Outcome{State: target.Unknown}, err != nil
	}
	return outcomes[0], outcomes[0].State == target.Done || outcomes[0].State == target.Unknown
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
			r.states[n] = outcomes[at]
		}
	}
	return err
}

func (r *remoteLanding) ordersOf(places []int) []target.Order {
	orders := make([]target.Order, len(places))
	for at, n := range places {
		orders[at] = r.orders[n]
	}
	return orders
}

// takeOutcomes gives every record what came of its order.
func (r *remoteLanding) takeOutcomes() {
	verified := 0
	for n, i := range r.places {
		u, outcome := &r.l.units[i], &r.states[n]
		ref := r.batch.Items[i].Ref
		u.verified = outcome.Verified && outcome.State == target.Done
		switch {
		case len(outcome.Unwritten) > 0:
			u.unwritten = outcome.Unwritten
			u.rejection = &record.Rejection{
				Ref: ref, Step: record.StepLand, Code: record.CodePartial, Field: strings.Join(outcome.Unwritten, ", "),
				Err: fmt.Errorf("the record was changed in part, and not in these fields: %s; a retry sends the rest", orWord(outcome.Message, "the API refused them")),
			}
		case outcome.State == target.Done:
			if u.verified {
				verified++
			}
			if u.action == target.Create && r.To.NewKey == mapping.KeyIdentity {
				u.rejection = r.l.giveKey(i, u, outcome.Key)
			}
		case outcome.State == target.Refused:
			code := outcome.Code
			if code == "" {
				code = record.CodeRefused
			}
			u.rejection = &record.Rejection{
				Ref: ref, Step: record.StepLand, Code: code, Field: strings.Join(outcome.Columns, ", "),
				Err: errors.New(orWord(outcome.Message, "the API refused the record and gave no reason")),
			}
		default:
			u.rejection = r.unknown(ref, outcome)
		}
	}
	r.l.heldAll()
	if verified > 0 {
		r.say(EventVerified, fmt.Sprintf("the answers for %d records were lost, and the records were found to be as they must be", verified))
	}
}

// unknown is the end of a record of which nobody knows what became of it.
func (e *entityRun) unknown(ref record.Ref, outcome *target.Outcome) *record.Rejection {
	what := "the API could not be asked what became of it: `landfall retry` asks again"
	if outcome.Unaskable || !e.Remote.Abilities().Settles {
		what = "there is no way to ask the API what became of it: look there by hand; where it is not there, `landfall retry --send-again` sends it once more"
	}
	code := outcome.Code
	if code == "" {
		code = record.CodeNoAnswer
	}
	message := "it was sent, and whether it was carried out is not known"
	if outcome.Message != "" {
		message += " (" + outcome.Message + ")"
	}
	return &record.Rejection{Ref: ref, Step: record.StepLand, Code: code, Unknown: true, Err: errors.New(message + "; " + what)}
}

// giveKey takes the key that the API gave a record.
func (l *landing) giveKey(i int, u *unit, key []record.Value) *record.Rejection {
	if len(key) != len(l.Key) {
		return &record.Rejection{
			Ref: l.batch.Items[i].Ref, Step: record.StepLand, Code: record.CodeNoAnswer, Unknown: true,
			Err: fmt.Errorf("the API took the record and did not say under which key: look where the mapping says that the answer has it"),
		}
	}
	copy(u.row, key)
	u.setKey(key)
	return nil
}

func orWord(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// say tells something of the entity.
func (e *entityRun) say(kind EventKind, message string) {
	event := e.event(kind)
	event.Message = message
	e.tell(event)
}
