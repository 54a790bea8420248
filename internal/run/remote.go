package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/sqldb"
)

// byCalls reports whether the entity's records land through calls to an API. A
// rehearsal and a plan make none.
func (e *entityRun) byCalls() bool { return e.Remote != nil && !e.rehearse && e.shadow == nil }

// remoteFor is how records of an API's type are looked at; nil where the target
// is a database.
func (r *runner) remoteFor(t *sqldb.Table, key []sqldb.Column) *remoteRows {
	if r.m == nil {
		return nil
	}
	return remoteOf(r.m, t, key)
}

func remoteOf(m *migration.Migration, t *sqldb.Table, key []sqldb.Column) *remoteRows {
	if m.API() == nil {
		return nil
	}
	rows := &remoteRows{name: t.Name.String()}
	for _, e := range m.Entities {
		if e.Table == t && slices.Equal(columnNames(e.Key), columnNames(key)) {
			rows.Remote = e.Remote
			return rows
		}
	}
	rows.Remote, rows.err = m.API().Remote(t, key)
	return rows
}

// askAPI makes sure before a run starts that the API lets us in, and has what it
// waits for told.
func (r *runner) askAPI(ctx context.Context) error {
	if r.m.API() == nil {
		return nil
	}
	r.m.API().Observe(Notices(r.tell))
	return r.m.TryAPI(ctx)
}

// noticeEvery is how often at most it is said that calls wait.
const noticeEvery = time.Second

// refuseOfAPI refuses what can be asked of a database alone.
func refuseOfAPI(m *migration.Migration, o *Options) error {
	if m.API() != nil && o.Fingerprint {
		return fmt.Errorf("%w: the target is an API, of which no fingerprint can be taken: leave --fingerprint out", ErrUnable)
	}
	return nil
}

// ErrUnable refuses what the kind of target has no way to do.
var ErrUnable = errors.New("this target cannot do that")

// defaultRecords is how many records a batch has at most unless told otherwise:
// of an API as many as its calls carry, of the entity whose calls carry the most.
func defaultRecords(m *migration.Migration) int {
	if m.API() == nil {
		return DefaultRecords
	}
	most := 1
	for _, e := range m.Entities {
		most = max(most, e.Remote.Records())
	}
	return min(max(most, leastByCalls), DefaultRecords)
}

// leastByCalls keeps batches of APIs that take one record a call from writing to
// the books for each.
const leastByCalls = 50

// matchColumns are those by which rows that are there are recognised. An API that
// writes over what stands under a key that is taken, as a PUT does, is asked by
// the key, also where the mapping does not: what is there was not made by us.
func (e *entityRun) matchColumns() []sqldb.Column {
	if len(e.Match) > 0 || e.Remote == nil || e.To.NewKey != mapping.KeyNatural {
		return e.Match
	}
	if can := e.Remote.Abilities(); can.Overwrites && can.Match {
		return e.Key
	}
	return nil
}
