package httpapi

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// remote lands records of one type.
type remote struct {
	*kind
	api   *api
	table *sqldb.Table
	keys  []sqldb.Column
	// largest is the body that the API is known to refuse as too large; 0: none.
	largest atomic.Int64
}

func newRemote(a *api, k *kind, table *sqldb.Table, key []sqldb.Column) (*remote, error) {
	names := make([]string, len(key))
	for i, column := range key {
		names[i] = column.Name
	}
	if !slices.Equal(names, k.Key) {
		return nil, fmt.Errorf("%s names its records by %v, and the mapping by %v: they must be the same", k.Name, k.Key, names)
	}
	return &remote{kind: k, api: a, table: table, keys: key}, nil
}

// Abilities implements target.Remote.
func (r *remote) Abilities() target.Abilities {
	finds := len(r.searchable()) > 0
	a := target.Abilities{
		Create: r.create != nil, Update: r.update != nil, Delete: r.remove != nil, Count: r.counted != nil,
		Match: finds || r.get != nil && !r.given(), Fetch: r.get != nil || r.searches(r.Key),
		Overwrites: !r.given() && r.create != nil && r.create.overwrites(),
	}
	a.Settles = finds || a.Fetch && !r.given() || r.create != nil && r.create.Idempotent
	return a
}

// Dates implements target.Dated.
func (r *remote) Dates() (made, changed sqldb.Column, ok bool) {
	first, known := r.table.Column(r.Made)
	last, also := r.table.Column(r.Changed)
	if !known || !also {
		return made, changed, false
	}
	return *first, *last, true
}

// given reports whether the API gives new records their key.
func (r *remote) given() bool {
	return slices.ContainsFunc(r.keys, func(c sqldb.Column) bool { return c.Identity })
}

// fanned is how many records Send is best given for each call that may be out at
// a time, where a call carries one.
const fanned = 5

// Records implements target.Remote.
func (r *remote) Records() int {
	if r.create != nil && r.create.several() {
		return r.create.most()
	}
	return r.api.Calls() * fanned
}

// Send implements target.Remote.
func (r *remote) Send(ctx context.Context, orders []target.Order) ([]target.Outcome, error) {
	outcomes := make([]target.Outcome, len(orders))
	byDeed := map[target.Deed][]*job{}
	for i := range orders {
		byDeed[orders[i].Deed] = append(byDeed[orders[i].Deed], &job{order: &orders[i], outcome: &outcomes[i]})
	}
	for _, deed := range []target.Deed{target.DeedCreate, target.DeedUpdate, target.DeedDelete} {
		jobs := byDeed[deed]
		q := r.requestOf(deed)
		if len(jobs) == 0 {
			continue
		}
		if q == nil {
			return outcomes, fmt.Errorf("%s: the description has no request to %s records", r.Name, deed)
		}
		jobs = r.prepared(q, jobs)
		if err := r.send(ctx, q, jobs); err != nil {
			return outcomes, err
		}
		if err := r.sendWhatWaits(ctx, q, jobs); err != nil {
			return outcomes, err
		}
		if err := r.nameHeld(ctx, jobs); err != nil {
			return outcomes, err
		}
	}
	return outcomes, nil
}

// requestOf is the request that a deed is done by; nil where there is none.
func (r *remote) requestOf(deed target.Deed) *request {
	return map[target.Deed]*request{target.DeedCreate: r.create, target.DeedUpdate: r.update, target.DeedDelete: r.remove}[deed]
}

// Count implements target.Remote.
func (r *remote) Count(ctx context.Context) (int64, error) {
	if r.counted == nil {
		return 0, fmt.Errorf("%s: the description has no request to count records", r.Name)
	}
	call, err := r.counted.call(words{"type": r.Name}, r.api.headers)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", r.counted.name, err)
	}
	call.Repeatable = true
	said, err := r.api.do(ctx, r.counted, call, nil)
	if err != nil {
		return 0, err
	}
	total, ok := number(r.counted.total.value(said.env))
	if said.verdict != success || !ok {
		return 0, fmt.Errorf("%s: no number in the answer: %s", r.counted.name, said.message)
	}
	return int64(total), nil
}

// each does work for each place, as many at a time as the API bears calls. After
// an error nothing further is begun, and what is under way comes to its end.
func (r *remote) each(places int, work func(place int) error) error {
	var failed error
	var mu sync.Mutex
	var running sync.WaitGroup
	lanes := make(chan struct{}, r.api.Calls())
	for place := range places {
		lanes <- struct{}{}
		mu.Lock()
		stop := failed != nil
		mu.Unlock()
		if stop {
			break
		}
		running.Go(func() {
			defer func() { <-lanes }()
			if err := work(place); err != nil {
				mu.Lock()
				if failed == nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	running.Wait()
	return failed
}

// keyOf are the words for a key.
func (r *remote) keyWords(w words, key []record.Value) {
	for i, value := range key {
		if i >= len(r.keys) || value.IsNull() {
			continue
		}
		w["key."+r.keys[i].Name] = r.field(r.keys[i].Name).write(value)
	}
	if len(key) == 1 && !key[0].IsNull() {
		w["key"] = r.field(r.keys[0].Name).write(key[0])
	} else if len(key) > 1 {
		w["key"] = canonical(key, r.keys)
	}
}

// job is an order on its way.
type job struct {
	order   *target.Order
	outcome *target.Outcome
	words   words
	item    []byte  // what it adds to the body
	size    int     // as it is sent
	alone   []int   // columns that are written in calls of their own, later
	denied  *ruling // its own result said so; nil: it did not
	// inProgress: by its status the API holds such a record, or is at making it.
	inProgress bool
}

// perhapsOwn is the end of a create that a record stands in the way of, which an
// earlier try of the same call may have made.
func (j *job) perhapsOwn(call int64) {
	j.unknown("a record with its values is there, which may be the one that it was sent for before", call)
}

func (j *job) done(said *said, key []record.Value) {
	*j.outcome = target.Outcome{State: target.Done, Key: key, Call: said.number}
}

func (j *job) unknown(message string, call int64) {
	*j.outcome = target.Outcome{State: target.Unknown, Message: message, Call: call}
}

func (j *job) refused(ruling ruling, call int64) {
	*j.outcome = target.Outcome{State: target.Refused, Code: ruling.refusal(), Columns: ruling.columns, Message: ruling.message, Call: call}
}
