// Package intent is what is about to be done by calls that share no transaction
// with the books: written down and committed before a call, and gone together
// with its outcome. An intent that is found later is a call of which nobody
// knows what became of it.
package intent

import "landfall/internal/record"

// State says what is known of an intent.
type State string

// The states, as the books write them.
const (
	Sent   State = "sent"   // a call may have carried it; what came of it is not known
	Done   State = "done"   // it was found to be carried out, and is not told yet
	Absent State = "absent" // it was found not to be carried out
)

// Intent is one record that is about to be created, changed or deleted.
type Intent struct {
	SourceKey string
	RunID     int64
	Slice     int
	Ordinal   int64 // of the batch in its slice
	Number    int64 // of the record
	Deed      string
	State     State
	Token     string // the idempotency key of the order
	// TargetKey is the row's key as record.JoinKey text, as far as it is known;
	// empty where the target gives it and its answer is lost.
	TargetKey string
	Hash      record.Hash // of what is written
	HasHash   bool
	ShapeID   int64
	// Written is what is written and Before the row as it was, as JSON objects of
	// texts by column (ledger.EncodeRow). Columns that are private or never given
	// back are not in Written, and those never given back not in Before. Before does
	// hold private columns in clear: it is what the ledger is told in the same words
	// when the change is done, as what to give back when it is undone.
	Written string
	Before  string
	// Newest is what the API said of its newest record before the order was sent for
	// the first time (target.Order); empty where it does not tell.
	Newest string
}

// OfRollback reports whether the call was one of a rollback: it was to take back
// what a run had written, and its end is the rollback's to tell.
func (i *Intent) OfRollback() bool { return i.Deed == "delete" || !i.HasHash }
