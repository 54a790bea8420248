package servertest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The variables that tests obey.
const (
	// PostgresVariable holds the URL of a server, with a user that may create
	// databases.
	PostgresVariable = "LANDFALL_TEST_POSTGRES"
	// RequireVariable lists servers ("postgres", divided by commas) without which
	// tests fail instead of being skipped.
	RequireVariable = "LANDFALL_TEST_REQUIRE"
)

// Database makes an empty database on the server that LANDFALL_TEST_POSTGRES
// names, returns its URL, and drops it when the test ends. Tests in parallel
// get one each. Without the variable the test is skipped.
func Database(t testing.TB) string {
	t.Helper()
	server := os.Getenv(PostgresVariable)
	if server == "" {
		missing(t, "postgres", "set "+PostgresVariable+" to the URL of a server to test against, or run the tests under internal/servertest/withservers")
	}
	address, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is no URL", PostgresVariable) // err would show the password
	}
	name := "landfall_test_" + strings.ToLower(rand.Text())
	quoted := pgx.Identifier{name}.Sanitize()
	administer(t, server, "CREATE DATABASE "+quoted+" TEMPLATE template0")
	t.Cleanup(func() { administer(t, server, "DROP DATABASE "+quoted+" WITH (FORCE)") })
	address.Path = "/" + name
	return address.String()
}

// Role makes a user who owns nothing and has no rights of its own, and returns
// its name and the database's URL with it. It goes after the database.
func Role(t testing.TB, address string) (name, asRole string) {
	t.Helper()
	as, err := url.Parse(address)
	if err != nil {
		t.Fatal("the database's address is no URL") // err would show the password
	}
	name, secret := "landfall_role_"+strings.ToLower(rand.Text()), rand.Text()
	quoted := pgx.Identifier{name}.Sanitize()
	administer(t, address, "CREATE ROLE "+quoted+" LOGIN PASSWORD '"+secret+"'")
	t.Cleanup(func() {
		administer(t, address, "DROP OWNED BY "+quoted)
		administer(t, os.Getenv(PostgresVariable), "DROP ROLE "+quoted)
	})
	as.User = url.UserPassword(name, secret)
	return name, as.String()
}

// Private starts a durable server for this test alone, which may kill it, and
// stops it when the test ends. Where PostgreSQL is not installed the test is
// skipped.
func Private(t testing.TB) *Postgres {
	t.Helper()
	server, err := Start("", Options{})
	if errors.Is(err, ErrNoBinaries) {
		missing(t, "postgres", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

// missing skips the test, or fails it where the server is required.
func missing(t testing.TB, server, message string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv(RequireVariable), ","), server) {
		t.Fatalf("%s requires %s: %s", RequireVariable, server, message)
	}
	t.Skip(message)
}

func administer(t testing.TB, server, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("%s: %v", PostgresVariable, err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
