package target

import (
	"context"

	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Address says where an API is and how it is spoken to. Nothing of it may be
// logged.
type Address struct {
	URL      string
	Password string
	Settings *mapping.Node // nil when there are none
	// Resolve gives a text of the settings with its references (${VAR}, file:PATH)
	// put in; subject names it in errors, such as "connections.crm.auth.token".
	Resolve func(text string, at mapping.Position, subject string) (string, error)
}

// API is a system that is written to by calls which share no transaction with
// the books. One API is shared by all lanes, so that its limits hold over all of
// them; its methods may be called from several goroutines.
type API interface {
	// Identity names the system for people and for comparison: its base URL. No
	// user, no secret.
	Identity() string
	// Table is a type of record as the API declares it. fields are those that the
	// mapping fills: an API that declares no fields takes them as they are. The
	// error is sqldb.ErrNoTable, wrapped, where there is no such type.
	Table(ctx context.Context, name string, fields []string) (*sqldb.Table, error)
	// Remote lands records of a type that Table has returned.
	Remote(table *sqldb.Table, key []sqldb.Column) (Remote, error)
	// Calls is how many calls the API bears at a time, at least 1.
	Calls() int
	// Ask makes one call that changes nothing, so that wrong credentials and an
	// address that is not reached are told before a run needs them. An API that has
	// no such call returns nil.
	Ask(ctx context.Context) error
	// Observe has notice called whenever calls wait: for the API's limits, or
	// because it throttles or fails. notice must not block.
	Observe(notice func(Notice))
	Close()
}

// Notice says that calls of an API wait, and for what.
type Notice struct {
	Message string // without values of records and without secrets
	Slowed  bool   // by a limit that we keep by ourselves: nothing is wrong
}

// Remote lands records of one type of an API. Its methods may be called from
// several goroutines. They keep to the API's limits, and try calls again that
// the API has certainly not carried out; an error says that nothing can be said
// about the rest: ErrDenied, the context's, or that the API stayed out of reach
// for as long as its patience lasts.
type Remote interface {
	Abilities() Abilities
	// Records is how many records Send is best given at a time: as many as a call
	// carries, or where a call carries one, what keeps all calls busy for a while.
	Records() int
	// Fetch reads records by their keys. Values is nil where there is none.
	Fetch(ctx context.Context, keys [][]record.Value, columns []sqldb.Column) ([]Fetched, error)
	// Match finds the records in which the columns hold the given values. Values
	// that are NULL match nobody.
	Match(ctx context.Context, columns []sqldb.Column, tuples [][]record.Value) ([]Matched, error)
	// Send carries out orders, each on its own, in one call or several. It returns
	// an outcome for each, in their order, also beside an error.
	Send(ctx context.Context, orders []Order) ([]Outcome, error)
	// Settle asks the API which of the orders have been carried out: they were
	// sent, and their answers were lost. A record that holds the same key as one of
	// the orders is taken for its own only when its content, or its mark, is what
	// the order would have made of it; content that is nothing but what the record
	// is found by says nothing, and neither does that of a record which is older than
	// the order. Outcomes are Done (Verified), Refused by somebody else's record,
	// Absent, or Unknown where the API cannot be asked or nothing tells whose it is.
	Settle(ctx context.Context, orders []Order) ([]Outcome, error)
	// Count is the number of records of the type.
	Count(ctx context.Context) (int64, error)
}

// Dated is implemented by Remotes whose records tell when they were made and when
// they were last changed, in columns that Fetch reads; ok is false where those of
// the type do not. Both are moments of the API's clock, and the same as long as
// nobody has changed the record.
type Dated interface {
	Dates() (made, changed sqldb.Column, ok bool)
}

// Abilities are what an API lets one do with a type of record. Whoever needs
// what is missing says so instead of doing something else.
type Abilities struct {
	Create, Update, Delete, Fetch, Match, Count bool
	// Settles: what became of an order whose answer was lost can be found out, or
	// sending it again does no harm.
	Settles bool
	// Overwrites: creating a record under a key that is taken writes over what is
	// there, whoever made it.
	Overwrites bool
}

// Deed is what an order wants done.
type Deed string

// The deeds, as the books write them.
const (
	DeedCreate Deed = "create"
	DeedUpdate Deed = "update"
	DeedDelete Deed = "delete"
)

// Order is one record to be created, changed or deleted.
type Order struct {
	Deed Deed
	Ref  record.Ref
	// Token is the same however often the order is sent, in whatever batch and by
	// whatever process, and no other order has it: the idempotency key.
	Token string
	// Key is the target key: of updates and deletes, and of creates whose key is
	// made on our side; else nil.
	Key     []record.Value
	Columns []sqldb.Column // without the key's, unless the key is natural
	Values  []record.Value // to be written, in the order of Columns
	// Before is the record as it was last seen, in the order of Columns, of
	// updates: what is equal need not be sent. nil: not known.
	Before []record.Value
	// Version is what Fetch said of the record: it may be changed only as long as
	// it is that. Empty: whatever it is.
	Version string
	// Again: it was sent before, and its answer was lost.
	Again bool
	// Newest is what Aging said before the order was sent for the first time: what
	// is as old as that, or older, was there before, and is not of this order. Empty:
	// not known.
	Newest string
	// Incomplete: it is made of what the books keep, which is not all that was sent.
	// Settle never sends it, and takes it for done only by a mark that no other
	// order has: what agrees may be somebody else's, or what it was before.
	Incomplete bool
}

// Aging is a Remote whose records show in which order they were made.
type Aging interface {
	// Newest is the age of the newest record that there is, in a form of the
	// Remote's own. Empty: the API does not tell.
	Newest(ctx context.Context) (string, error)
}

// Fetched is a record as the API has it now.
type Fetched struct {
	Values  []record.Value
	Version string // tells this state of it from later ones; empty where the API does not
}

// State is how an order ended.
type State int

// The states of orders.
const (
	// Unsent: no call has carried it, and none will before it is sent again.
	Unsent State = iota
	Done
	// Refused by the API for what it is: sending it again is no use.
	Refused
	// Absent is an answer of Settle: nothing of it is there, and it may be sent again.
	Absent
	// Unknown: it was sent, and whether it was carried out is not known.
	Unknown
)

// Outcome is what became of an order.
type Outcome struct {
	State State
	Key   []record.Value // of a create that is Done: the record's key
	// Verified: that it was done was found out by looking, not by its answer.
	Verified bool
	// Already: a delete found nothing to delete.
	Already bool
	// Late, of what is Absent: the lost call may still be carried out, and nothing at
	// the API would keep the record from being there twice when it is sent again.
	Late bool
	// Twins are the keys of further records that carry the order's mark: it has been
	// carried out more than once. Of what Settle finds Done.
	Twins [][]record.Value
	// Unaskable, of what Settle leaves Unknown: the order holds nothing that the API
	// could be asked by, so that asking again is no use.
	Unaskable bool
	// Of what is Refused or Unknown.
	Code    record.Code
	Columns []string // that the API names; may be empty
	Message string   // what the API said, without values of records
	// Unwritten are columns of an update that was carried out in part: they are as
	// they were, all others are written. State is Refused or Unknown then.
	Unwritten []string
	// Call numbers the call that carried the order, from 1 within the process; 0:
	// none did.
	Call int64
}
