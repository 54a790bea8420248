package lifetest

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// connect opens a session of a stranger: somebody else who works in the
// target while a run goes on.
func (g *ground) connect(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), g.address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// address is the URL with its password.
func (g *ground) address() string {
	parsed, err := url.Parse(g.url)
	if err != nil {
		return ""
	}
	parsed.User = url.UserPassword(parsed.User.Username(), g.password)
	return parsed.String()
}

// drop removes a database of ours; a server that is gone has removed it too.
func (g *ground) drop(name string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if conn, err := pgx.Connect(ctx, g.address()); err == nil {
		_, _ = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		_ = conn.Close(ctx)
	}
}

// alone runs a statement that wants to be in no transaction.
func (g *ground) alone(t testing.TB, statement string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), g.address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
