// Package source is reading from outside. Driver and Origin are the narrow
// half that a connector writes; Batches is the portable half that cuts what
// they read into batches.
package source

import (
	"context"
	"encoding/json"
	"iter"

	"landfall/internal/record"
)

// From says what to read, resolved from an entity's `from`.
type From struct {
	Entity string
	Table  string // a table or view, possibly with its schema
	Query  string // instead of Table
	File   string // instead of Table: an absolute path
	Where  string // SQL sources only
	Key    []string
	// Settings are the remaining keys of `from`, for the connector to decode
	// with positions (see mapping.Settings); may be nil.
	Settings Settings
}

// Settings decodes a connector's own settings; unknown keys are errors that
// carry the position in the mapping file.
type Settings interface {
	Decode(into any) error
}

// Driver is an open connection to an outside system that can be read.
type Driver interface {
	// Open looks at what From names without reading its rows. Errors name the
	// table, file or column that is missing and what is near.
	Open(ctx context.Context, from From) (Origin, error)
	// Identity names the system for people; no user, no password.
	Identity() string
	Close(ctx context.Context) error
}

// Origin is the source of one entity. Its methods may be called from several
// goroutines at a time; each Reader is used by one.
type Origin interface {
	// Columns are in the order of Record.Values.
	Columns() []record.Field
	// KeyProven says that the source itself guarantees a unique key without
	// NULLs, so that it may be read from any key on.
	KeyProven() bool
	// Slices lists the parts, each with an order of its own. It is asked once
	// per run; a run stores the answer.
	Slices(ctx context.Context) ([]Slice, error)
	// Fingerprint names what the input is, piece by piece, so that a changed
	// input can be told and what changed in it can be said: for a file its size
	// and SHA-256, for a table its columns, row count and key range.
	Fingerprint(ctx context.Context) ([]Fact, error)
	// Read yields the records of the slice after the position, in the slice's
	// order. The same slice read twice from the same position yields the same
	// records in the same order as long as the input did not change.
	Read(ctx context.Context, slice Slice, after Position) (Reader, error)
	// Pick yields, in the slice's order and with the same numbers and lines that
	// Read gives (numbers may be 0 where the source has no cheap way to know
	// them), the records whose canonical key is wanted.
	Pick(ctx context.Context, slice Slice, wanted Wanted) (Reader, error)
}

// Wanted is a set of canonical keys.
type Wanted interface {
	Has(key string) bool
	// Keys walks through them, in no order. They may be more than memory holds,
	// and an error ends the walk.
	Keys() iter.Seq2[string, error]
}

// KeysOf makes the walk of a Wanted out of keys that cannot fail to come.
func KeysOf(keys iter.Seq[string]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key := range keys {
			if !yield(key, nil) {
				return
			}
		}
	}
}

// Fact is one named piece of a fingerprint.
type Fact struct {
	Name  string `json:"name"`  // "rows", "sha256"
	Value string `json:"value"` // "20000"
}

// Slice is a part of an entity's source with its own order: a file, a key
// range, a whole table. Count is the number of records where the source can
// count without reading everything, else -1.
type Slice struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	Count  int64  `json:"count"`
	// Bytes is the size of the content where it is known, else 0; progress uses
	// it where Count is -1.
	Bytes int64 `json:"bytes"`
}

// Position is a place between two records of a slice. The zero Position is the
// start. Only the connector reads Key and Offset.
type Position struct {
	Number int64    `json:"number"`           // records before this place
	Line   int64    `json:"line,omitempty"`   // physical lines before this place
	Offset int64    `json:"offset,omitempty"` // bytes before this place
	Key    []string `json:"key,omitempty"`    // key of the last record before this place
}

// String is the stored form of the position.
func (p Position) String() string {
	text, _ := json.Marshal(p) // a struct of numbers and strings always marshals
	return string(text)
}

// ParsePosition reads the stored form.
func ParsePosition(text string) (Position, error) {
	var p Position
	err := json.Unmarshal([]byte(text), &p)
	return p, err
}

// Reader walks over the records of a slice.
type Reader interface {
	// Read returns the next record. A record that cannot be used comes with a
	// Rejection (step read) and as much of itself as is known; reading goes on.
	// io.EOF ends the slice. Any other error means nothing can be said about the
	// rest. The record and its values belong to the caller.
	Read() (*record.Record, *record.Rejection, error)
	// Position is the place after the record last read.
	Position() Position
	Close() error
}
