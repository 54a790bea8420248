// Package crosswalk is source key ↔ target key, for ever: looking up what is
// known, finding parents, giving out new keys, and writing down what landed.
package crosswalk

import "landfall/internal/record"

// Role says how a target row came to belong to a source record.
type Role string

// The roles, as the books store them.
const (
	RoleCreated Role = "c" // a run inserted the row
	RoleAdopted Role = "a" // it was there, now it is ours to update
	RoleLinked  Role = "l" // it was there and is only pointed at
	RoleAlias   Role = "s" // the record's survivor owns the row
)

var roleWords = map[Role]string{RoleCreated: "created", RoleAdopted: "adopted", RoleLinked: "linked", RoleAlias: "alias"}

// String is the role in words.
func (r Role) String() string { return roleWords[r] }

// State says where a crosswalk entry stands.
type State string

// The states, as the books store them.
const (
	StateReserved   State = "r" // the key is given out, the row is not there yet
	StateLive       State = "l"
	StatePending    State = "p" // a reference of the row still waits for its parent
	StateHeld       State = "h"
	StateDeleted    State = "d"
	StateRolledBack State = "b" // undone; the key stays burnt
)

var stateWords = map[State]string{
	StateReserved: "reserved", StateLive: "live", StatePending: "pending",
	StateHeld: "held", StateDeleted: "deleted", StateRolledBack: "rolled-back",
}

// String is the state in words.
func (s State) String() string { return stateWords[s] }

// Row is one entry of the crosswalk.
type Row struct {
	SourceKey string
	TableID   int64
	TargetKey string // record.JoinKey of the key columns' texts
	Role      Role
	State     State
	Hash      record.Hash // of what was last written; zero for linked rows
	HasHash   bool
	ShapeID   int64
	Once      Once // of a created row
	FirstRun  int64
	LastRun   int64
	RecordNo  int64
	Moves     bool   // to be written: the entry names another row than before
	Survivor  string // of an alias: the source key of the record that owns the row
}

// OnTarget reports whether the entry says that its row is in the target.
func (r *Row) OnTarget() bool { return r.State == StateLive || r.State == StatePending }
