package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"landfall/internal/sqldb"
)

const (
	connectTimeout = 15 * time.Second
	keepAlive      = 30 * time.Second
	closeTimeout   = 5 * time.Second
)

// database is one connection.
type database struct {
	conn       *pgconn.PgConn
	config     *pgconn.Config
	identity   string
	dialect    dialect
	copyBuffer []byte // kept from one COPY to the next
}

// Open connects to the database that the URL names:
// postgres://user@host:port/database?sslmode=verify-full. The password comes
// on its own, so that no message about the URL can show it; when it is empty
// the environment and ~/.pgpass are asked as libpq does.
func Open(ctx context.Context, rawURL, password string) (sqldb.DB, error) {
	config, err := configure(rawURL, password)
	if err != nil {
		return nil, err
	}
	return connect(ctx, config)
}

func connect(ctx context.Context, config *pgconn.Config) (sqldb.DB, error) {
	identity := identify(config)
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", identity, &connectError{err})
	}
	return &database{conn: conn, config: config, identity: identity, dialect: dialect{}}, nil
}

// Another implements sqldb.Reopener.
func (db *database) Another(ctx context.Context) (sqldb.DB, error) {
	return connect(ctx, db.config.Copy())
}

// configure takes the password out of the URL before anything that might
// print the URL sees it.
func configure(rawURL, password string) (*pgconn.Config, error) {
	expected := errors.New("the connection's url cannot be read; expected postgres://user@host:port/database")
	parsed, err := url.Parse(rawURL)
	if err != nil || parsed.Scheme != "postgres" && parsed.Scheme != "postgresql" {
		return nil, expected
	}
	if inURL, given := parsed.User.Password(); given {
		parsed.User = url.User(parsed.User.Username())
		if password == "" {
			password = inURL
		}
	}
	query := parsed.Query()
	if inQuery := query.Get("password"); inQuery != "" && password == "" {
		password = inQuery
	}
	query.Del("password")
	parsed.RawQuery = query.Encode()
	config, err := pgconn.ParseConfig(parsed.String())
	if err != nil {
		return nil, expected
	}
	if password != "" {
		config.Password = password
	}
	if config.ConnectTimeout == 0 || config.ConnectTimeout > 2*time.Minute {
		config.ConnectTimeout = connectTimeout
	}
	dialer := &net.Dialer{KeepAlive: keepAlive, Timeout: config.ConnectTimeout}
	config.DialFunc = dialer.DialContext
	// Every session prints values in one way, whatever the server's or the
	// user's settings are.
	for name, value := range map[string]string{
		"application_name":            "landfall",
		"timezone":                    "UTC",
		"datestyle":                   "ISO, YMD",
		"intervalstyle":               "postgres",
		"bytea_output":                "hex",
		"extra_float_digits":          "3",
		"client_encoding":             "UTF8",
		"client_min_messages":         "warning",
		"standard_conforming_strings": "on",
		// Compiling a batch's look-ups costs more than running them.
		"jit": "off",
	} {
		config.RuntimeParams[name] = value
	}
	return config, nil
}

func identify(config *pgconn.Config) string {
	return net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))) + "/" + config.Database
}

// Dialect spells PostgreSQL's SQL.
func (db *database) Dialect() sqldb.Dialect { return db.dialect }

// Identity is host:port/database.
func (db *database) Identity() string { return db.identity }

// Close says goodbye to the server.
func (db *database) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return db.conn.Close(ctx)
}
