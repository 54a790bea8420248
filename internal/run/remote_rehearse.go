package run

import (
	"context"
	"errors"
	"fmt"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// rehearsedRows takes all that is written, and sends none of it: what an API
// would say is not known before it is asked.
type rehearsedRows struct{ *remoteRows }

var _ target.Table = rehearsedRows{}

// Insert implements target.Inserts.
func (rehearsedRows) Insert(context.Context, sqldb.Tx, []sqldb.Column, [][]record.Value, bool) (target.Landed, error) {
	return target.Landed{}, nil
}

// Update implements target.Table.
func (rehearsedRows) Update(context.Context, sqldb.Tx, []sqldb.Column, []target.Change) (target.Landed, error) {
	return target.Landed{}, nil
}

// Delete implements target.Table.
func (rehearsedRows) Delete(context.Context, sqldb.Tx, [][]record.Value) error { return errByOrders }

// Referring implements target.Table.
func (rehearsedRows) Referring(context.Context, sqldb.Tx, sqldb.Column, []record.Value) ([][]record.Value, error) {
	return nil, errByOrders
}

// outOfReach is a type of an API that cannot be asked: nothing matches there, and
// what is known of its records is what the books say.
type outOfReach struct{ target.Remote }

// Abilities implements target.Remote.
func (o outOfReach) Abilities() target.Abilities {
	abilities := o.Remote.Abilities()
	abilities.Fetch, abilities.Match = false, false
	return abilities
}

// Match implements target.Remote.
func (o outOfReach) Match(_ context.Context, _ []sqldb.Column, tuples [][]record.Value) ([]target.Matched, error) {
	return make([]target.Matched, len(tuples)), nil
}

// Fetch implements target.Remote.
func (o outOfReach) Fetch(context.Context, [][]record.Value, []sqldb.Column) ([]target.Fetched, error) {
	return nil, errors.New("the API is out of reach: this is a fault of Landfall's, which was not to ask it")
}

// reach finds out whether a rehearsal can look at what the API holds. One that
// cannot tells what would be done for all that is known here, and says so.
func (r *runner) reach(ctx context.Context) {
	if r.m.API() == nil {
		return
	}
	r.m.API().Observe(Notices(r.tell))
	if r.unreached = r.m.TryAPI(ctx); r.unreached == nil {
		return
	}
	for _, e := range r.m.Entities {
		e.Remote = outOfReach{e.Remote}
	}
	r.tell(Event{Kind: EventWarning, Total: -1, Percent: -1, Message: fmt.Sprintf("%v; what it holds is not looked at: records may be there already, or have been changed", r.unreached)})
}

// numberRehearsed gives new records of an API keys for the rehearsal alone, so
// that others can refer to them.
func (l *landing) numberRehearsed(creates []*unit) error {
	for _, u := range creates {
		l.madeUp++
		key := record.Int(-l.madeUp)
		if l.Key[0].Type.Kind != record.KindInt {
			key = record.Text(fmt.Sprintf("(new %d)", l.madeUp))
		}
		u.row[0] = key
		u.setKey(u.row[:1])
	}
	return nil
}
