package run

import (
	"context"
	"sync"
	"time"

	"landfall/internal/target"
)

// newest is the age of the newest record of an API, as it was looked at last.
type newest struct {
	mu   sync.Mutex
	age  string
	when time.Time
}

// newestEvery is how long a look at an API's newest record is good for. Who makes
// a record in between, in the place of one of ours whose answer is lost, is told
// from us by what the record holds alone.
const newestEvery = time.Minute

// ageNow is the age of the newest record that there is.
func (e *entityRun) ageNow(ctx context.Context) (string, error) {
	aging, is := e.Remote.(target.Aging)
	if !is {
		return "", nil
	}
	e.newest.mu.Lock()
	defer e.newest.mu.Unlock()
	if !e.newest.when.IsZero() && time.Since(e.newest.when) < newestEvery {
		return e.newest.age, nil
	}
	age, err := aging.Newest(ctx)
	if err != nil {
		return "", err
	}
	e.newest.age, e.newest.when = age, time.Now()
	return age, nil
}

// dateOrders notes, of records that are to be made for the first time, which was
// the newest before them.
func (r *remoteLanding) dateOrders(ctx context.Context) error {
	for n := range r.orders {
		order := &r.orders[n]
		if order.Deed != target.DeedCreate || order.Again || order.Newest != "" {
			continue
		}
		age, err := r.ageNow(ctx)
		if err != nil {
			return err
		}
		order.Newest = age
	}
	return nil
}
