package migration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// patience is how long the target may think about whether it suffers.
const patience = 30 * time.Second

// Suffering asks the target, by the throttle of its connection, whether it
// suffers, and says from what; "" means that it does not. An error that wraps
// ErrEnvironment will not go away by asking again.
func (m *Migration) Suffering(ctx context.Context, db sqldb.DB) (string, error) {
	throttle := m.Target.Throttle
	if throttle == nil || m.api != nil { // an API answers no queries, which check tells
		return "", nil
	}
	if throttle.PauseWhile != "" {
		row, why, err := m.ask(ctx, db, "pause_while", throttle.PauseWhile)
		if err != nil || why != "" {
			return why, err
		}
		holds, err := truth(row)
		if err != nil {
			return "", m.throttleError("pause_while", err)
		}
		if holds {
			return "the target suffers (pause_while)", nil
		}
	}
	teller, tells := db.Dialect().(sqldb.LagTeller)
	if throttle.PauseOnLag == 0 || !tells {
		return "", nil
	}
	row, why, err := m.ask(ctx, db, "pause_on_lag", teller.LagSQL())
	if err != nil || why != "" || len(row) != 2 {
		return why, err
	}
	if row[1].Int() > 0 {
		return "", m.throttleError("pause_on_lag", errors.New("the user may not see how far the standbys are behind: grant it pg_monitor"))
	}
	lag := time.Duration(row[0].Float() * float64(time.Second))
	if row[0].IsNull() || lag <= throttle.PauseOnLag {
		return "", nil
	}
	return fmt.Sprintf("a standby is %s behind (pause_on_lag)", lag.Round(time.Second)), nil
}

// ask returns the first row of a query that stands behind a key of the
// throttle, or what the target suffers from when it does not even answer.
func (m *Migration) ask(ctx context.Context, db sqldb.DB, key, query string) (row []record.Value, why string, err error) {
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	row, err = firstRow(asking, db, query)
	switch {
	case err == nil:
		return row, "", nil
	case ctx.Err() != nil:
		return nil, "", ctx.Err()
	case asking.Err() != nil:
		return nil, fmt.Sprintf("%s is not answered within %s", key, patience), nil
	}
	if fault := db.Dialect().Classify(err); fault.Transient || fault.Lost {
		return nil, "", err
	}
	return nil, "", m.throttleError(key, err)
}

func firstRow(ctx context.Context, db sqldb.DB, query string) ([]record.Value, error) {
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, rows.Err()
	}
	return append([]record.Value(nil), rows.Values()...), nil
}

// truth reads the first value of a row. No row and NULL are false: what is
// looked for is not there.
func truth(row []record.Value) (bool, error) {
	if len(row) == 0 {
		return false, nil
	}
	switch value := row[0]; value.Kind() {
	case record.KindNull:
		return false, nil
	case record.KindBool:
		return value.Bool(), nil
	case record.KindInt:
		return value.Int() != 0, nil
	case record.KindFloat:
		return value.Float() != 0, nil
	case record.KindDecimal:
		return strings.ContainsAny(value.String(), "123456789"), nil
	default:
		return false, fmt.Errorf("the query's first column must be true, false or a number, and it is %s", value.Kind())
	}
}

func (m *Migration) throttleError(key string, err error) error {
	subject := "connections." + m.Target.Name + ".throttle." + key
	return fmt.Errorf("%w: %w", ErrEnvironment, m.File.Problem(m.Target.Throttle.PositionOf(key), subject+": "+err.Error()))
}

// TryThrottle asks once whether the target suffers, so that a query that cannot
// be answered is told before a run needs the answer.
func (m *Migration) TryThrottle(ctx context.Context) error {
	why, err := m.Suffering(ctx, m.looker)
	if why != "" {
		m.noteThrottle(Warning, m.Target, m.Target.Throttle.Position, "a run would wait now: %s", why)
	}
	return err
}

// checkThrottle refuses what the target cannot tell, and finds throttles that
// slow nothing down.
func (m *Migration) checkThrottle() {
	if throttle := m.Target.Throttle; throttle != nil && throttle.PauseOnLag > 0 && m.api == nil {
		if _, tells := m.looker.Dialect().(sqldb.LagTeller); !tells {
			m.noteThrottle(Wrong, m.Target, throttle.PositionOf("pause_on_lag"), "this kind of database has no standbys that it knows of: give pause_while, a query of your own")
		}
	}
	for name := range m.sources {
		conn := m.File.Connection(name)
		if conn != nil && conn.Throttle != nil && conn != m.Target {
			m.noteThrottle(Warning, conn, conn.Throttle.Position, "records are read from this connection: a throttle holds where they land")
		}
	}
}

func (m *Migration) noteThrottle(severity Severity, conn *mapping.Connection, position mapping.Position, format string, args ...any) {
	m.Findings = append(m.Findings, Finding{
		Severity: severity, Entity: "connections." + conn.Name + ".throttle", Position: position, Text: fmt.Sprintf(format, args...),
	})
}
