package run

import (
	"sync"
	"testing"

	"landfall/internal/books"
	"landfall/internal/connector"
	"landfall/internal/servertest"
	"landfall/internal/sqldb"
)

// First runs that start at the same moment all find the books made.
func TestBooksMadeAtOnce(t *testing.T) {
	for range 5 {
		address := servertest.Database(t)
		var connections []sqldb.DB
		for range 4 {
			db, err := connector.OpenDB(t.Context(), connector.Address{URL: address})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close(t.Context())
			connections = append(connections, db)
		}
		var wg sync.WaitGroup
		for i, db := range connections {
			wg.Go(func() {
				if i == 0 {
					tx, err := BeginWithBooks(t.Context(), db)
					if err != nil {
						t.Error(err)
						return
					}
					if err := tx.Commit(t.Context()); err != nil {
						t.Error(err)
					}
					return
				}
				if err := PrepareBooks(t.Context(), db); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if present, err := books.Present(t.Context(), connections[0]); err != nil || present != books.Version {
			t.Errorf("version %d, %v", present, err)
		}
	}
}
