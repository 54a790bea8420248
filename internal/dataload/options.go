package dataload

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"landfall/internal/mapping"
	"landfall/internal/target"
)

// The defaults of the vendor's loader.
const (
	DefaultType    = "user"
	DefaultBatch   = 100
	DefaultWorkers = 10
	DefaultTimeout = 10  // seconds
	DefaultRate    = 4.0 // calls a second
	DefaultKey     = "email"
	// DefaultPatience is none of the vendor's, whose loader has none.
	DefaultPatience = target.DefaultPatience
)

// mostWorkers is how many calls may be made at a time.
const mostWorkers = 1000

// What becomes of records of a file that have one key.
const (
	RefuseDuplicates = "refuse" // nothing is sent, and all of them are listed
	FirstDuplicate   = "first"
	LastDuplicate    = "last"
)

// What becomes of users who were changed since an earlier run wrote them.
const (
	KeepEdited      = "keep"
	OverwriteEdited = "overwrite"
)

// Options are what the command was asked for.
type Options struct {
	DataFile string

	URI, ClientID, ClientSecret string
	ConfigKey                   string // dotted path in the configuration file
	DefaultClient               bool

	Type       string
	Batch      int           // records in a create call, at most
	StartAt    int64         // the first record that is read, from 1
	Workers    int           // calls at a time
	Timeout    time.Duration // of a call
	Rate       float64       // calls a second; 0: no limit of ours
	DryRun     bool
	Delta      bool
	PrimaryKey string

	OutputDir          string   // where the files go
	Workspace          string   // where mapping and books are kept
	Unique             []string // further attributes of the file that the schema calls unique
	Duplicates         string   // RefuseDuplicates, FirstDuplicate, LastDuplicate, or "" for what the vendor's loader does without -m: the first lands, the others fail
	Edited             string   // with Delta, what becomes of users who were changed since they landed: KeepEdited, OverwriteEdited, or "": their records fail
	NullClears         bool     // an empty cell erases the live value
	OverwritePasswords bool     // updates write passwords, too
	Marker             string   // attribute in which each record is marked; empty: none
	RetryCodes         []int    // API errors that leave it open what became of a call, beside those that do anyway
	RetryStatuses      []int    // HTTP statuses likewise
	StopAfter          *mapping.StopAfter
	Patience           time.Duration // how long an API that does not answer is put up with; 0: DefaultPatience
	Fresh              bool          // give up an unfinished run instead of going on with it
	PhysicalLines      bool          // the files tell the physical line as well
}

// ErrUsage is wrapped by errors of how the command was called.
var ErrUsage = errors.New("usage")

// usageError says what is wrong with the call; it needs no prefix.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }
func (e usageError) Unwrap() error { return ErrUsage }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// Validate says what is wrong with the options.
func (o *Options) Validate() error {
	switch {
	case o.DataFile == "":
		return usagef("the data file is missing")
	case o.Batch < 1:
		return usagef("-b %d: a batch has at least 1 record", o.Batch)
	case o.StartAt < 1:
		return usagef("-a %d: records count from 1, and the header is none", o.StartAt)
	case strings.TrimSpace(o.PrimaryKey) == "":
		return usagef("-p: the name of the key attribute is empty")
	case strings.TrimSpace(o.Type) == "":
		return usagef("-t: the name of the entity type is empty")
	}
	switch o.Duplicates {
	case "", RefuseDuplicates, FirstDuplicate, LastDuplicate:
	default:
		return usagef("--duplicates %s: expected refuse, first or last%s", o.Duplicates, mapping.Hint(o.Duplicates, []string{RefuseDuplicates, FirstDuplicate, LastDuplicate}))
	}
	switch {
	case o.Edited != "" && !o.Delta:
		return usagef("--edited %s: without -m no user is ever changed: leave it out, or add -m", o.Edited)
	case o.Edited != "" && o.Edited != KeepEdited && o.Edited != OverwriteEdited:
		return usagef("--edited %s: expected keep or overwrite%s", o.Edited, mapping.Hint(o.Edited, []string{KeepEdited, OverwriteEdited}))
	}
	for _, status := range o.RetryStatuses {
		if status < 100 || status > 599 {
			return usagef("--retry-statuses %d: an HTTP status has three digits, from 100 to 599", status)
		}
	}
	return o.validateLimits()
}

func (o *Options) validateLimits() error {
	switch {
	case o.Workers < 1 || o.Workers > mostWorkers:
		return usagef("-w %d: expected a number of workers from 1 to %d", o.Workers, mostWorkers)
	case o.Patience < 0:
		return usagef("--patience %s: expected a time such as 10m", o.Patience)
	case o.Timeout < time.Second:
		return usagef("-o %d: a call needs at least 1 second", int(o.Timeout.Seconds()))
	case o.Rate < 0 || math.IsNaN(o.Rate) || math.IsInf(o.Rate, 0):
		return usagef("-r %v: expected calls a second, or 0 for no limit", o.Rate)
	}
	return nil
}

// duplicates is the policy for records of one key, by the default of the pass.
func (o *Options) duplicates() string {
	if o.Duplicates == "" && o.Delta {
		return RefuseDuplicates
	}
	return o.Duplicates
}
