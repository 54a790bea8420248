package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// connectError keeps what pgx says about a failed connection short: its text
// lists the configuration.
type connectError struct{ err error }

func (e *connectError) Error() string {
	var refused *pgconn.PgError
	if errors.As(e.err, &refused) {
		return refused.Message
	}
	for err := e.err; ; {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		if _, joined := err.(interface{ Unwrap() []error }); joined {
			return err.Error()
		}
		err = inner
	}
}

func (e *connectError) Unwrap() error { return e.err }

// lostError marks an error after which the connection is gone.
type lostError struct{ err error }

func (e *lostError) Error() string {
	return "the connection to the database was lost: " + e.err.Error()
}
func (e *lostError) Unwrap() error { return e.err }

// refusal is an error of the server without the parts that show values of
// rows; Unwrap leads to the whole of it.
type refusal struct {
	err   *pgconn.PgError
	wants string // the right that the statement wants, where one was missing
}

func (e *refusal) Error() string {
	return withoutValues(e.err) + e.wants + " (SQLSTATE " + e.err.Code + ")"
}
func (e *refusal) Unwrap() error { return e.err }

// Denied is true where a right is missing.
func (e *refusal) Denied() bool { return Dialect.Classify(e.err).Denied }

// refused says what right a statement wants that was refused for the lack of
// one: the server names the table, but not what is missing there.
func refused(err error, sql string) error {
	var refusal *refusal
	if errors.As(err, &refusal) && refusal.err.Code == "42501" && strings.HasPrefix(refusal.err.Message, "permission denied for ") {
		refusal.wants = wantedRight(refusal.err.Message, sql)
	}
	return err
}

func wantedRight(message, sql string) string {
	verb, _, _ := strings.Cut(strings.TrimSpace(sql), " ")
	switch {
	case strings.HasPrefix(message, "permission denied for schema "):
		if verb == "CREATE" {
			return ": it wants USAGE and CREATE"
		}
		return ": it wants USAGE"
	case strings.HasPrefix(message, "permission denied for database "):
		return ": it wants CREATE to make a schema, or TEMPORARY to make temporary tables"
	case strings.HasPrefix(message, "permission denied for sequence "):
		return ": it wants USAGE, SELECT and UPDATE"
	case !strings.HasPrefix(message, "permission denied for table "):
		return ""
	case verb == "COPY":
		return ": it wants INSERT"
	case verb == "INSERT", verb == "UPDATE", verb == "DELETE":
		return ": it wants SELECT and " + verb
	case strings.Contains(sql, " FOR UPDATE"), strings.Contains(sql, " FOR KEY SHARE"), strings.Contains(sql, " FOR NO KEY UPDATE"):
		return ": it wants SELECT and UPDATE, which locks rows"
	}
	return ": it wants SELECT"
}

// wrap gives an error of this connection its meaning while the connection can
// still be asked.
func (db *database) wrap(ctx context.Context, err error) error {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		err = &refusal{err: answer}
	}
	if db.conn.IsClosed() {
		if ctx.Err() != nil {
			return &lostError{context.Cause(ctx)}
		}
		return &lostError{err}
	}
	return err
}

// Classify reads SQLSTATE, never the text.
func (dialect) Classify(err error) sqldb.Fault {
	var fault sqldb.Fault
	if err == nil {
		return fault
	}
	var lost *lostError
	fault.Lost = errors.As(err, &lost) || isNetwork(err)
	fault.Transient = fault.Lost && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	if errors.Is(err, errTooLarge) {
		fault.Code, fault.Message = record.CodeTooLong, errTooLarge.Error()
		return fault
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		if fault.Lost {
			fault.Message = "the connection to the database was lost"
		}
		return fault
	}
	fault.Code = codes[refused.Code]
	fault.Constraint = refused.ConstraintName
	fault.Message = withoutValues(refused)
	if refused.ColumnName != "" {
		fault.Columns = []string{refused.ColumnName}
	}
	class := refused.Code[:min(2, len(refused.Code))]
	switch {
	case fault.Code != "":
	case transient[refused.Code], class == "08", class == "53" && refused.Code != "53100":
		fault.Transient = true
		fault.Contended = contended[refused.Code]
	case class == "28", refused.Code == "42501":
		fault.Denied = true
		fault.Transient = false
	case refused.Code == "25006": // read-only: a standby, or a database set so
		fault.Denied = true
	case class == "22":
		fault.Code = record.CodeWrongType
	case class == "23", class == "44", class == "P0":
		fault.Code = record.CodeRefused
	}
	return fault
}

// codes maps what the server refuses a row for.
var codes = map[string]record.Code{
	"23505": record.CodeUnique,
	"23503": record.CodeForeignKey,
	"23001": record.CodeForeignKey, // ON DELETE RESTRICT
	"23502": record.CodeNotNull,
	"23514": record.CodeCheck,
	"23P01": record.CodeCheck, // exclusion constraint
	"44000": record.CodeCheck, // WITH CHECK OPTION of a view
	"22001": record.CodeTooLong,
	"22003": record.CodeOutOfRange,
	"22008": record.CodeOutOfRange,
	"22004": record.CodeNotNull,
	"42804": record.CodeWrongType,
	"42846": record.CodeWrongType,
	"P0001": record.CodeRefused, // RAISE EXCEPTION in a trigger
	"428C9": record.CodeRefused, // a generated column was given a value
}

// transient lists what the same transaction may survive when tried again.
var transient = map[string]bool{
	"40001": true, // serialization failure
	"40P01": true, // deadlock
	"55P03": true, // lock not available
	"55006": true, // object in use
	"57P01": true, // the server is shutting down
	"57P02": true, // another server process crashed
	"57P03": true, // the server is starting
	"57P05": true, // idle session time-out
	"25P03": true, // idle transaction time-out
}

// contended are those of them that mean waiting for somebody else's locks.
var contended = map[string]bool{"40001": true, "40P01": true, "55P03": true}

// withoutValues is the server's message. Those of class 22 repeat what the row
// holds (invalid input syntax for type integer: "abc"), in the server's own
// language, so they are put in our words instead.
func withoutValues(refused *pgconn.PgError) string {
	if !strings.HasPrefix(refused.Code, "22") {
		return refused.Message
	}
	switch refused.Code {
	case "22001", "22012": // they name the declared length, or nothing
		return refused.Message
	case "22003":
		return "a number is out of range for its column"
	case "22007":
		return "text that is no date or time"
	case "22008":
		return "a date or time is out of range"
	case "22021", "22P05":
		return "text that the database's encoding cannot hold"
	case "22P02", "22P03":
		return "text that is no value of its column's type"
	case "22023":
		return "a parameter has an invalid value"
	}
	return "a value that the database cannot use"
}

func isNetwork(err error) bool {
	var network net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &network)
}
