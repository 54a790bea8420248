package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"landfall/internal/books"
	"landfall/internal/connector"
	"landfall/internal/ledger"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// jammed is a connection that can be used no more once it broke, and holds what
// its open transaction has locked.
type jammed struct {
	sqldb.DB
	broke *bool
}

var errJammed = errors.New("conn busy")

func (j *jammed) Begin(ctx context.Context) (sqldb.Tx, error) {
	if *j.broke {
		return nil, errJammed
	}
	return j.DB.Begin(ctx)
}

type openTarget func(context.Context) (sqldb.DB, error)

func (o openTarget) OpenTarget(ctx context.Context) (sqldb.DB, error)  { return o(ctx) }
func (openTarget) Suffering(context.Context, sqldb.DB) (string, error) { return "", nil }

// TestABrokenConnectionKeepsNoRunOpen: that a run broke off is noted also where
// its own connection is what broke.
func TestABrokenConnectionKeepsNoRunOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "target.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	url := "sqlite:" + file
	opened, broke := 0, false
	open := openTarget(func(ctx context.Context) (sqldb.DB, error) {
		db, err := connector.OpenDB(ctx, connector.Address{URL: url})
		if opened++; opened > 1 || err != nil {
			return db, err
		}
		return &jammed{db, &broke}, nil
	})
	loader := &target.Loader{Open: open}
	defer loader.Close(t.Context())
	db, err := loader.DB(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := PrepareBooks(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	b, err := books.New(db.Dialect())
	if err != nil {
		t.Fatal(err)
	}
	s := &Session{Target: open, Loader: loader, Tell: func(Event) {}, Point: func(Point) {}}
	defer s.Release()
	if err := s.Begin(t.Context(), b, "acme", func(context.Context, sqldb.Tx) (string, error) { return "acme-0001", nil }); err != nil {
		t.Fatal(err)
	}
	noted := ledger.State("")
	_, err = s.Carry(t.Context(), &ledger.Run{Name: "acme-0001"}, false,
		func(ctx context.Context) error {
			if _, err := db.Begin(ctx); err != nil { // never ended, and the only writer
				return err
			}
			broke = true
			return loader.Land(ctx, func(context.Context, target.Attempt) error { return nil }, nil)
		},
		func(_ context.Context, _ sqldb.Tx, state ledger.State, _ string) error {
			noted = state
			return nil
		})
	if !errors.Is(err, errJammed) || noted != ledger.Broken {
		t.Fatalf("it ended with %v and is noted as %q", err, noted)
	}
}
