package run

import (
	"context"
	"errors"
	"time"

	"landfall/internal/books"
	"landfall/internal/sqldb"
)

// Keeper renews a lease on a connection of its own until it is told to stop.
// When the lease is lost it cancels the run's context; the epoch that every
// batch checks is what protects the data, this only saves work.
type Keeper struct {
	stop chan struct{}
	done chan struct{}
}

// KeepLease renews the lease until End. lost is told when somebody else has it,
// failed of each renewal that went wrong; both on another goroutine.
func KeepLease(open func(context.Context) (sqldb.DB, error), lease *books.Lease, runName string, lost, failed func(error)) *Keeper {
	k := &Keeper{stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(k.done)
		tick := time.NewTicker(books.LeaseSeconds * time.Second / 3)
		defer tick.Stop()
		for {
			select {
			case <-k.stop:
				return
			case <-tick.C:
				// A renewal that fails is tried again at the next tick; until then
				// nobody else may take the lease, and when somebody did the next
				// batch finds out.
				switch err := renew(open, lease, runName); {
				case errors.Is(err, books.ErrLeaseLost):
					lost(err)
					return
				case err != nil:
					failed(err)
				}
			}
		}
	}()
	return k
}

func renew(open func(context.Context) (sqldb.DB, error), lease *books.Lease, runName string) error {
	ctx, cancel := context.WithTimeout(context.Background(), books.LeaseSeconds*time.Second/3)
	defer cancel()
	db, err := open(ctx)
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	err = sqldb.InTx(ctx, db, func(tx sqldb.Tx) error { return lease.Renew(ctx, tx, runName) })
	if err == nil {
		lease.Renewed()
	}
	return err
}

// End stops the renewing.
func (k *Keeper) End() {
	close(k.stop)
	<-k.done
}

// TakeLease takes a migration's lease for this process, inside the transaction.
func TakeLease(ctx context.Context, tx sqldb.Tx, b *books.Books, migration string) (*books.Lease, error) {
	actor, host := HolderName()
	return b.Acquire(ctx, tx, migration, actor+"@"+host, processID(), holderGone)
}

// Abandoned reports whether a run that is noted as running has nobody who carries
// it: its process was killed, or its machine is gone.
func Abandoned(ctx context.Context, tx sqldb.Tx, b *books.Books, migration string) (bool, error) {
	return b.Stale(ctx, tx, migration, holderGone)
}
