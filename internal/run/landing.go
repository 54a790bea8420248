package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"landfall/internal/crosswalk"
	"landfall/internal/intent"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// unit is what is found out about one record while its batch lands. Everything
// in it belongs to one attempt: when the transaction is tried again, it is
// found out again.
type unit struct {
	rejection *record.Rejection
	row       []record.Value // what is written, in the order of the entity's columns
	hash      record.Hash
	entry     crosswalk.Row // what the crosswalk says
	inBooks   bool          // the crosswalk has an entry, whatever its state
	situation target.Situation
	action    target.Action
	key       []record.Value // the target row's key
	keyText   string
	before    []record.Value // the row as it was, in the order of the entity's columns
	live      []record.Value // likewise, of a known record that leaves some of its values as they are

	within     []inBatch           // references to records of the batch that are new, too
	incomplete bool                // within held something when the record was compared
	waits      []crosswalk.Pending // references whose parents come later
	survivor   string              // source key of the record whose row this one is, too
	superseded record.Ref          // the record whose row of this key is gone
	copyOf     *unit               // that record, where it is new and of this batch
	footing    []byte              // what it stands on, where that is foreseen

	// Of records that land by calls:
	unseen    bool           // it brings what the target never gives back, and writes it in any case
	left      *intent.Intent // a call of which nobody knew what became of it
	carried   bool           // that call was found to have done what is to be done now
	verified  bool           // that it was done was found out by looking
	ordered   bool           // a call was made for it
	unwritten []string       // columns that the call left as they were
}

// landing is one attempt to land one batch.
type landing struct {
	*lane
	tx    sqldb.Tx
	batch *shaped
	units []unit
	rows  target.Inserts // writes them; a target.Table unless the run is a wave
	at    map[string]int // see places; nil when no record refers to another of the batch

	taken    map[int]bool // places of records whose keys turned out to be somebody else's
	replaced int          // keys that were replaced for that

	meant [][]record.Ref // by reference field and record, where it is foreseen what these stand on
}

// land brings one batch to its end, trying again what may be tried again.
func (e *lane) land(ctx context.Context, batch *shaped) (*ledger.Marker, []failure, error) {
	if batch.block != nil {
		e.point(PointKeys)
	}
	if e.byCalls() {
		return e.landRemote(ctx, batch)
	}
	for {
		marker, failures, err := e.landOnce(ctx, batch)
		if !errors.Is(err, crosswalk.ErrNoSpare) {
			return marker, failures, err
		}
		if err := e.measureSpare(ctx, err); err != nil {
			return nil, nil, err
		}
	}
}

// landOnce is land until a key to spare is wanted of which it is not known yet
// where they begin.
func (e *lane) landOnce(ctx context.Context, batch *shaped) (*ledger.Marker, []failure, error) {
	if e.makesKeys() && !e.rehearse && e.books.Dialect().Writers() == 1 {
		e.gate.Lock()
		defer e.gate.Unlock()
	}
	at := ledger.Place{RunID: e.run.ID, EntityID: e.stored.ID, Slice: batch.Slice, Ordinal: batch.Ordinal}
	var marker *ledger.Marker
	refused := false
	var last *landing
	var begun time.Time // the last try
	err := e.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
		begun = e.Gate.Begins()
		l := &landing{lane: e, tx: a.Tx, batch: batch, units: e.roomFor(len(batch.Items)), rows: e.writer()}
		last = l
		var err error
		marker, refused, err = l.within(ctx, at, a.Careful || e.pace.Careful())
		return err
	}, e.Marked(e.ledger, at, &marker))
	if err == nil {
		e.Gate.Took(begun)
		e.pace.Landed(refused)
		if last.replaced > 0 {
			e.tell(Event{Kind: EventWarning, Entity: e.Name, Message: takenMeanwhile(last.replaced, e.Name)})
		}
		if e.traced != nil {
			e.traced(last)
		}
		if e.shadow != nil {
			if err := e.shadow.told(last); err != nil {
				return nil, nil, err
			}
		}
		if e.budget != nil {
			return marker, last.failures(), nil
		}
	}
	return marker, nil, err
}

// within is the batch's transaction from the lease to the marker.
func (l *landing) within(ctx context.Context, at ledger.Place, careful bool) (*ledger.Marker, bool, error) {
	if err := l.Check(ctx, l.tx); err != nil {
		return nil, false, err
	}
	l.point(PointBegun)
	if err := sqldb.PreferIndexes(ctx, l.tx, l.books.Dialect(), true); err != nil {
		return nil, false, err
	}
	for _, step := range []func(context.Context) error{l.recognise, l.lookForGone, l.resolve, l.compare, l.refuseTwins, l.match} {
		if err := step(ctx); err != nil {
			return nil, false, err
		}
	}
	l.decide()
	if l.Remote != nil {
		l.refuseUnable()
	}
	if err := l.number(ctx); err != nil {
		return nil, false, err
	}
	l.point(PointReserved)
	l.refuseKeys()
	l.fillIn()
	if err := l.collapse(ctx); err != nil {
		return nil, false, err
	}
	if err := l.foreseeFootings(ctx); err != nil {
		return nil, false, err
	}
	if err := l.holdToPlan(ctx); err != nil {
		return nil, false, err
	}
	refused, err := l.writeHeld(ctx, careful)
	if err != nil {
		return nil, false, err
	}
	l.point(PointLanded)
	if err := l.remember(ctx); err != nil {
		return nil, false, err
	}
	if err := l.settleKeys(ctx); err != nil {
		return nil, false, err
	}
	l.point(PointCrosswalk)
	marker := &ledger.Marker{
		Place: at, Start: l.batch.Start.String(), End: l.batch.End.String(),
		Digest: l.batch.Digest[:], Epoch: l.Lease.Epoch,
	}
	if err := l.ledger.Write(ctx, l.tx, marker, l.lines()); err != nil {
		return nil, false, fmt.Errorf("writing the ledger: %w", err)
	}
	if w, measures := l.rows.(watched); measures {
		err := w.seen().tell(ctx, l.tx, l.entityRun, func(*gauge) (int, int64, error) { return at.Slice, at.Ordinal, nil })
		if err != nil {
			return nil, false, err
		}
	}
	if err := l.Lease.Keep(ctx, l.tx, l.runner.run.Name); err != nil {
		return nil, false, err
	}
	l.point(PointLedger)
	return marker, refused, nil
}

// each calls visit for every record that still goes on.
func (l *landing) each(visit func(i int, u *unit) *record.Rejection) {
	for i := range l.units {
		u := &l.units[i]
		if u.rejection == nil {
			u.rejection = visit(i, u)
		}
	}
}

// recognise asks the crosswalk which of the records it knows.
func (l *landing) recognise(ctx context.Context) error {
	for i := range l.units {
		l.units[i].rejection = l.batch.Items[i].Rejection
	}
	if l.first {
		return nil
	}
	keys := make([]string, 0, len(l.units))
	l.each(func(i int, _ *unit) *record.Rejection {
		keys = append(keys, l.batch.Items[i].Ref.Key)
		return nil
	})
	known, err := l.store.LookupBatch(ctx, l.tx, keys)
	if err != nil {
		return fmt.Errorf("looking up the crosswalk: %w", err)
	}
	l.each(func(i int, u *unit) *record.Rejection {
		u.entry, u.inBooks = known[l.batch.Items[i].Ref.Key]
		u.situation.Known = u.inBooks && u.entry.OnTarget() && u.entry.Role != crosswalk.RoleAlias
		u.situation.Linked = u.situation.Known && u.entry.Role == crosswalk.RoleLinked
		return nil
	})
	return nil
}

// decide applies modes and policies.
func (l *landing) decide() {
	l.each(func(i int, u *unit) *record.Rejection {
		action, rejection := target.Decide(u.situation, l.policy)
		if action == target.Adopt && l.Remote != nil && l.asItIs(u) {
			action = target.Own
		}
		u.action = action
		if rejection != nil {
			rejection.Ref = l.batch.Items[i].Ref
			if !u.situation.Known {
				rejection.Field = fieldList(l.matchColumns())
			}
		}
		return rejection
	})
}

// asItIs reports whether the row that matched holds already what would be written
// to it. A call that changes nothing is not made.
func (l *landing) asItIs(u *unit) bool {
	if u.before == nil || u.incomplete || len(u.waits) > 0 {
		return false
	}
	generated := len(l.Columns) - len(l.Program.Columns)
	for slot, once := range l.Program.Once {
		if place := generated + slot; !once && (l.Program.Hidden[slot] || u.row[place] != u.before[place]) {
			return false
		}
	}
	return true
}

// number gives every new row its key.
func (l *landing) number(ctx context.Context) error {
	if l.byCalls() && l.To.NewKey == mapping.KeyIdentity {
		return nil // the API gives the key when it makes the record
	}
	var creates []*unit
	var refs []record.Ref
	var places []int
	for i := range l.units {
		if u := &l.units[i]; u.rejection == nil && u.action == target.Create {
			if creates == nil {
				creates, refs, places = make([]*unit, 0, len(l.units)), make([]record.Ref, 0, len(l.units)), make([]int, 0, len(l.units))
			}
			creates = append(creates, u)
			refs = append(refs, l.batch.Items[i].Ref)
			places = append(places, i)
		}
	}
	switch l.To.NewKey {
	case mapping.KeyNatural:
		for _, u := range creates {
			u.setKey(l.naturalKey(u.row))
		}
	case mapping.KeyUUID:
		for i, u := range creates {
			key := crosswalk.UUIDv5(l.runner.run.Migration, refs[i])
			if l.To.UUID != 5 && l.shadow == nil {
				var err error
				if key, err = crosswalk.UUIDv7(); err != nil {
					return err
				}
			}
			u.row[0] = key
			u.setKey(u.row[:1])
		}
	case mapping.KeyOffset, mapping.KeyInherited:
		return l.numberMade(ctx, places)
	default:
		if l.Remote != nil && l.rehearse {
			return l.numberRehearsed(creates)
		}
		take := l.numbers.Take
		switch {
		case l.rehearse:
			take = l.numbers.Guess
		case l.shadow != nil:
			take = l.takeShadow
		}
		keys, err := take(ctx, l.tx, len(creates))
		if err != nil {
			return fmt.Errorf("reserving keys: %w", err)
		}
		for i, u := range creates {
			u.row[0] = keys[i]
			u.setKey(u.row[:1])
		}
	}
	return nil
}

// naturalKey picks the key out of a row whose own fields are the key.
func (e *entityRun) naturalKey(row []record.Value) []record.Value {
	key := make([]record.Value, len(e.Key))
	for i := range e.Key {
		key[i] = row[columnPlace(e.Columns, e.Key[i].Name)]
	}
	return key
}

func columnPlace(columns []sqldb.Column, name string) int {
	for i := range columns {
		if columns[i].Name == name {
			return i
		}
	}
	return -1
}

func (u *unit) setKey(key []record.Value) {
	u.key, u.keyText = key, joinKey(key)
}

func joinKey(key []record.Value) string {
	parts := make([]string, len(key))
	for i, value := range key {
		parts[i] = value.String()
	}
	return record.JoinKey(parts...)
}

// keyValues takes a key out of the crosswalk's text.
func (e *entityRun) keyValues(text string) ([]record.Value, error) {
	return keyValues(e.Entity, text)
}

func keyValues(e *migration.Entity, text string) ([]record.Value, error) {
	parts := record.SplitKey(text)
	if len(parts) != len(e.Key) {
		return nil, fmt.Errorf("the crosswalk says that %s's row has the key %q, but the key has %d columns", e.Name, text, len(e.Key))
	}
	key := make([]record.Value, len(parts))
	for i, part := range parts {
		value, misfit := e.Key[i].Type.Fit(record.Text(part))
		if misfit != nil {
			return nil, fmt.Errorf("the crosswalk says that %s's row has the key %q: %w", e.Name, text, misfit)
		}
		key[i] = value
	}
	return key, nil
}

// takenMeanwhile tells how many reserved keys others have taken.
func takenMeanwhile(n int, entity string) string {
	if n == 1 {
		return "1 key of " + entity + " was taken by somebody else since it was reserved; another one took its place"
	}
	return fmt.Sprintf("%d keys of %s were taken by others since they were reserved; other ones took their place", n, entity)
}
