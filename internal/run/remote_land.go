package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"landfall/internal/intent"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// The points of a batch that lands by calls.
const (
	PointIntended Point = "intents-committed" // what is about to be called is in the books, and nothing was called
	PointCalling  Point = "calls-broken"      // orders were sent, and answers are lost
	PointCalled   Point = "calls-answered"    // every order has its outcome, and the books know nothing of it
)

// RemotePoints lists the points that only records of APIs pass. PointCalling is
// passed where answers were lost.
var RemotePoints = []Point{PointIntended, PointCalling, PointCalled}

// remoteLanding is a batch on its way through calls.
type remoteLanding struct {
	*lane
	batch  *shaped
	at     ledger.Place
	rows   *remoteRows
	asks   *asks
	l      *landing // as the last look left it
	orders []target.Order
	places []int // of the orders' records in the batch
	states []target.Outcome
	absent map[int]time.Time // orders of which nothing was there, and since when
	asked  int64             // when lease and guard were asked last, in nanoseconds of the clock, which goes on while the process is suspended
	called bool              // something was sent
}

// landRemote brings one batch to its end through calls: it looks, notes what it
// is about to do, calls, and tells what came of it.
func (e *lane) landRemote(ctx context.Context, batch *shaped) (*ledger.Marker, []failure, error) {
	r := &remoteLanding{
		lane: e, batch: batch, rows: e.lander.(*remoteRows), asks: &asks{}, absent: map[int]time.Time{},
		at: ledger.Place{RunID: e.run.ID, EntityID: e.stored.ID, Slice: batch.Slice, Ordinal: batch.Ordinal},
	}
	begun := e.Gate.Begins()
	for {
		if err := r.look(ctx); err != nil {
			return nil, nil, err
		}
		if err := r.makeOrders(); err != nil {
			return nil, nil, err
		}
		if len(r.orders) == 0 {
			break
		}
		if err := r.dateOrders(ctx); err != nil {
			return nil, nil, err
		}
		if err := r.intend(ctx); err == nil {
			break
		} else if !errors.Is(err, errClaimedMeanwhile) {
			return nil, nil, err
		}
	}
	if len(r.orders) > 0 {
		r.point(PointIntended)
		err := r.call(ctx)
		if err != nil {
			return nil, nil, errors.Join(err, r.note(ctx))
		}
		r.point(PointCalled)
	}
	r.takeOutcomes()
	marker, err := r.writeDown(ctx)
	if err != nil {
		return nil, nil, err
	}
	e.Gate.Took(begun)
	if e.traced != nil {
		e.traced(r.l)
	}
	if e.budget != nil {
		return marker, r.l.failures(), nil
	}
	return marker, nil, nil
}

// look finds out, in reading transactions of the books and by calls between
// them, what is to be done for each record.
func (r *remoteLanding) look(ctx context.Context) error {
	return lookAsking(ctx, r.asks, func(ctx context.Context) error {
		return r.Loader.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
			r.l = &landing{lane: r.lane, tx: tx, batch: r.batch, units: r.roomFor(len(r.batch.Items)), rows: r.rows}
			return r.l.lookRemote(ctx)
		})
	})
}

// lookRemote is the part of a batch's way that decides.
func (l *landing) lookRemote(ctx context.Context) error {
	l.point(PointBegun)
	if err := sqldb.PreferIndexes(ctx, l.tx, l.books.Dialect(), true); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{l.recognise, l.recogniseLeft, l.lookForGone, l.resolve, l.compare, l.refuseTwins, l.match} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	l.decide()
	if err := l.decideLeft(); err != nil {
		return err
	}
	l.refuseUnable()
	if err := l.number(ctx); err != nil {
		return err
	}
	if err := l.numberLeft(); err != nil {
		return err
	}
	l.refuseKeys()
	return l.holdToPlan(ctx)
}

// intend writes down what is about to be done. It is here that the guard is
// asked: what is called afterwards is told whatever the guard says by then.
func (r *remoteLanding) intend(ctx context.Context) error {
	intents := make([]intent.Intent, len(r.orders))
	for n := range r.orders {
		intents[n] = r.intentOf(n)
	}
	err := r.landBooks(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := r.Check(ctx, a.Tx); err != nil {
			return err
		}
		if err := r.stillFree(ctx, a.Tx); err != nil {
			return err
		}
		// Their intents make room for those of what is to be done now.
		r.l.tx = a.Tx
		if err := r.l.rememberLeft(ctx, func(u *unit) bool { return u.ordered }); err != nil {
			return err
		}
		if err := r.intents.Put(ctx, a.Tx, intents); err != nil {
			return fmt.Errorf("writing intents: %w", err)
		}
		return r.Lease.Keep(ctx, a.Tx, r.run.Name)
	}, r.Again)
	r.asked = time.Now().UnixNano()
	for i := range r.l.units {
		if u := &r.l.units[i]; u.doneLeft() && u.ordered {
			u.inBooks = true
		}
	}
	return err
}

// errClaimedMeanwhile says that a record that was about to be taken over has become
// somebody else's since it was looked at: it is looked at once more.
var errClaimedMeanwhile = errors.New("claimed meanwhile")

// stillFree makes sure that nobody has taken over what is about to be taken over.
func (r *remoteLanding) stillFree(ctx context.Context, tx sqldb.Tx) error {
	var keys []string
	for _, i := range r.places {
		if u := &r.l.units[i]; u.action == target.Adopt && (!u.inBooks || u.entry.TargetKey != u.keyText) {
			keys = append(keys, u.keyText)
		}
	}
	owners, err := r.store.Owners(ctx, tx, keys)
	if err == nil {
		err = r.l.claimedByCalls(ctx, tx, keys, owners)
	}
	if err == nil && len(owners) > 0 {
		err = errClaimedMeanwhile
	}
	return err
}

// claimedByCalls adds to owners the records of other batches whose calls to take
// rows over are under way, or in doubt: the crosswalk knows of them only when they
// are told.
func (l *landing) claimedByCalls(ctx context.Context, tx sqldb.Tx, keys []string, owners map[string]record.Ref) error {
	own := map[string]bool{}
	for i := range l.batch.Items {
		own[l.batch.Items[i].Ref.Key] = true
	}
	holding, err := l.intents.Holding(ctx, tx, keys, own)
	for key, source := range holding {
		if _, owned := owners[key]; !owned {
			owners[key] = record.Ref{Entity: l.Name, Key: source}
		}
	}
	return err
}

// writeDown tells what became of every record of the batch, and takes the intents
// away of which it is known. The guard has no say any more where orders were
// sent.
func (r *remoteLanding) writeDown(ctx context.Context) (marker *ledger.Marker, err error) {
	err = r.landBooks(ctx, func(ctx context.Context, a target.Attempt) error {
		check := r.Check
		if len(r.orders) > 0 {
			check = r.Lease.Check
		}
		if err := check(ctx, a.Tx); err != nil {
			return err
		}
		r.l.tx = a.Tx
		if err := r.l.remember(ctx); err != nil {
			return err
		}
		if err := r.l.rememberPartial(ctx); err != nil {
			return err
		}
		if err := r.l.rememberLeft(ctx, func(u *unit) bool { return !u.ordered && u.rejection != nil }); err != nil {
			return err
		}
		r.point(PointCrosswalk)
		if err := r.intents.Remove(ctx, a.Tx, r.l.toldIntents()); err != nil {
			return fmt.Errorf("taking intents away: %w", err)
		}
		marker = &ledger.Marker{
			Place: r.at, Start: r.batch.Start.String(), End: r.batch.End.String(),
			Digest: r.batch.Digest[:], Epoch: r.Lease.Epoch,
		}
		if err := r.ledger.Write(ctx, a.Tx, marker, r.l.lines()); err != nil {
			return fmt.Errorf("writing the ledger: %w", err)
		}
		if err := r.Lease.Keep(ctx, a.Tx, r.run.Name); err != nil {
			return err
		}
		r.point(PointLedger)
		return nil
	}, r.Marked(r.ledger, r.at, &marker))
	return marker, err
}

// note keeps in the intents what is known of orders whose batch could not be
// told, so that whoever goes on need not ask again.
func (r *remoteLanding) note(ctx context.Context) error {
	var known []intent.Intent
	var unsent []string
	for n := range r.orders {
		i := r.intentOf(n)
		switch state := &r.states[n]; state.State {
		case target.Done:
			i.State = intent.Done
			if len(state.Key) > 0 {
				i.TargetKey = joinKey(state.Key)
			}
			known = append(known, i)
		case target.Absent, target.Refused:
			i.State = intent.Absent
			known = append(known, i)
		case target.Unsent:
			if !r.orders[n].Again {
				unsent = append(unsent, i.SourceKey)
			}
		}
	}
	// The run is about to end, and what is known is worth keeping all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	return r.landBooks(ctx, func(ctx context.Context, a target.Attempt) error {
		if err := r.Lease.Check(ctx, a.Tx); err != nil {
			return err
		}
		if err := r.intents.Put(ctx, a.Tx, known); err != nil {
			return err
		}
		return r.intents.Remove(ctx, a.Tx, unsent)
	}, r.Again)
}

// noteWithin bounds how long the end of a broken run waits for its books.
const noteWithin = 10 * time.Second

// landBooks writes to the books. Where one connection can write at a time, lanes
// take turns here, so that none of them meets another's lock.
func (e *lane) landBooks(ctx context.Context, within func(context.Context, target.Attempt) error, settled func(context.Context, sqldb.Tx) (bool, error)) error {
	if e.books.Dialect().Writers() == 1 {
		e.writing.Lock()
		defer e.writing.Unlock()
	}
	return e.Loader.Land(ctx, within, settled)
}

// toldIntents are the source keys of the records whose intents the batch's end
// does away with: all but those of which it is still not known what became of
// them. A record that is rejected before its call was asked after is one of these.
func (l *landing) toldIntents() []string {
	var keys []string
	for i := range l.units {
		u := &l.units[i]
		unknown := u.rejection != nil && u.rejection.Unknown
		unasked := u.rejection != nil && !u.ordered && u.left != nil && (u.left.State == intent.Sent || l.o.SendAgain)
		if (u.ordered || u.left != nil) && !unknown && !unasked {
			keys = append(keys, l.batch.Items[i].Ref.Key)
		}
	}
	return keys
}

// refuseUnable rejects what the API has no way to do.
func (l *landing) refuseUnable() {
	abilities := l.Remote.Abilities()
	l.each(func(i int, u *unit) *record.Rejection {
		word := ""
		switch u.action {
		case target.Create:
			if !abilities.Create {
				word = "create"
			}
		case target.Update, target.Adopt:
			if !abilities.Update {
				word = "change"
			}
		}
		if word == "" || u.carried {
			return nil
		}
		return &record.Rejection{
			Ref: l.batch.Items[i].Ref, Step: record.StepDecide, Code: record.CodeRefused,
			Err: fmt.Errorf("the API has no way to %s records of %s that is known here: describe the call in the mapping, or leave the record out", word, l.Table.Name),
		}
	})
}
