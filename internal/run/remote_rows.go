package run

import (
	"context"
	"errors"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// remoteRows looks at records of an API as at rows of a table. What it is asked
// has nothing to do with the transaction that it is given, which is one of the
// books.
type remoteRows struct {
	target.Remote
	name string // of the type
	err  error  // why it cannot be looked at; nil where it can
}

var _ target.Inserts = (*remoteRows)(nil)

var errByOrders = errors.New("records of an API are written by orders, and never inside a transaction: this is a fault of Landfall's, and nothing was written")

// Insert implements target.Inserts.
func (r *remoteRows) Insert(context.Context, sqldb.Tx, []sqldb.Column, [][]record.Value, bool) (target.Landed, error) {
	return target.Landed{}, errByOrders
}

// Fetch implements target.Inserts. Nothing can be kept from changing: orders
// carry the version that was seen.
func (r *remoteRows) Fetch(ctx context.Context, _ sqldb.Tx, keys [][]record.Value, columns []sqldb.Column, _ bool) ([][]record.Value, error) {
	if len(keys) == 0 || r.err != nil {
		return nil, r.err
	}
	asked := &asks{}
	if between, ok := ctx.Value(asksKey{}).(*asks); ok {
		asked = between
	} else if err := asked.fetch(ctx, r, keys, columns); err != nil {
		return nil, err
	}
	rows := make([][]record.Value, len(keys))
	var open [][]record.Value
	for i, key := range keys {
		fetched, known := asked.fetched[r.fetchName(key, columns)]
		if !known {
			open = append(open, key)
			continue
		}
		rows[i] = fetched.Values
	}
	if len(open) > 0 {
		return nil, &question{ask: func(ctx context.Context) error { return asked.fetch(ctx, r, open, columns) }}
	}
	return rows, nil
}

// Match implements target.Inserts.
func (r *remoteRows) Match(ctx context.Context, _ sqldb.Tx, columns []sqldb.Column, tuples [][]record.Value) ([]target.Matched, error) {
	if len(tuples) == 0 || r.err != nil {
		return nil, r.err
	}
	asked := &asks{}
	if between, ok := ctx.Value(asksKey{}).(*asks); ok {
		asked = between
	} else if err := asked.match(ctx, r, columns, tuples); err != nil {
		return nil, err
	}
	matched := make([]target.Matched, len(tuples))
	var open [][]record.Value
	for i, tuple := range tuples {
		answer, known := asked.matched[r.matchName(columns, tuple)]
		if !known {
			open = append(open, tuple)
			continue
		}
		matched[i] = answer
	}
	if len(open) > 0 {
		return nil, &question{ask: func(ctx context.Context) error { return asked.match(ctx, r, columns, open) }}
	}
	return matched, nil
}

// Fingerprint implements target.Inserts: of an API nothing is known as a whole.
func (r *remoteRows) Fingerprint(context.Context, sqldb.Tx, [][]record.Value) (record.Fingerprint, error) {
	return record.Fingerprint{}, errNoRemoteFingerprint
}

// FingerprintAll implements target.Inserts.
func (r *remoteRows) FingerprintAll(context.Context, sqldb.Tx) (record.Fingerprint, error) {
	return record.Fingerprint{}, errNoRemoteFingerprint
}

var errNoRemoteFingerprint = errors.New("no fingerprint can be taken of an API")

// AdvanceSequences implements target.Inserts: an API counts by itself.
func (r *remoteRows) AdvanceSequences(context.Context, sqldb.Tx) error { return nil }

func (r *remoteRows) fetchName(key []record.Value, columns []sqldb.Column) string {
	var name strings.Builder
	name.WriteString(r.name + "\x00" + joinKey(key))
	for i := range columns {
		name.WriteString("\x00" + columns[i].Name)
	}
	return name.String()
}

func (r *remoteRows) matchName(columns []sqldb.Column, tuple []record.Value) string {
	name := []byte(r.name + "\x00" + fieldList(columns) + "\x00")
	for _, value := range tuple {
		name = value.AppendBinary(name)
	}
	return string(name)
}

// asks are the answers of APIs that looking at a batch needs. A transaction of
// the books never stays open while a call is on its way: what is not answered yet
// ends the look as a question, is asked, and the look begins again.
type asks struct {
	fetched map[string]target.Fetched
	matched map[string]target.Matched
}

type asksKey struct{}

func (a *asks) fetch(ctx context.Context, r *remoteRows, keys [][]record.Value, columns []sqldb.Column) error {
	fetched, err := r.Remote.Fetch(ctx, keys, columns)
	if err != nil {
		return err
	}
	if a.fetched == nil {
		a.fetched = map[string]target.Fetched{}
	}
	for i, key := range keys {
		a.fetched[r.fetchName(key, columns)] = fetched[i]
		// The newest version counts, whatever columns were read with it.
		a.fetched[r.fetchName(key, nil)+versionMark] = fetched[i]
	}
	return nil
}

const versionMark = "\x00\x00version"

func (a *asks) match(ctx context.Context, r *remoteRows, columns []sqldb.Column, tuples [][]record.Value) error {
	matched, err := r.Remote.Match(ctx, columns, tuples)
	if err != nil {
		return err
	}
	if a.matched == nil {
		a.matched = map[string]target.Matched{}
	}
	for i, tuple := range tuples {
		a.matched[r.matchName(columns, tuple)] = matched[i]
	}
	return nil
}

// version is that of a record when it was read last; empty where it was not, or
// where the API tells none.
func (a *asks) version(r *remoteRows, key []record.Value) string {
	return a.fetched[r.fetchName(key, nil)+versionMark].Version
}

// question ends a look because of something that an API has to be asked first.
type question struct{ ask func(context.Context) error }

// Error implements error.
func (*question) Error() string { return "an API has to be asked first" }

// lookAsking looks until no question is left.
func lookAsking(ctx context.Context, a *asks, look func(context.Context) error) error {
	looking := context.WithValue(ctx, asksKey{}, a)
	for {
		err := look(looking)
		var open *question
		if !errors.As(err, &open) {
			return err
		}
		if err := open.ask(ctx); err != nil {
			return err
		}
	}
}
