package record

import (
	"fmt"
	"strings"
)

// Step is the part of a record's way in which it was rejected.
type Step string

// The steps, in the order in which a record passes them.
const (
	StepRead    Step = "read"
	StepShape   Step = "shape"
	StepDedupe  Step = "dedupe"
	StepResolve Step = "resolve"
	StepDecide  Step = "decide"
	StepLand    Step = "land"
	StepUndo    Step = "undo" // of a rollback
)

// Rejection is why one record may not go further. It is a value that travels
// beside the results, never an error that stops the run. Err says what was
// expected and what to do, in words that show no field value.
type Rejection struct {
	Ref   Ref
	Step  Step
	Field string // the target field, or several divided by ", "; empty when the whole record is meant
	Code  Code
	Err   error

	// Blocked marks a record that is itself sound but whose parent did not
	// land; its disposition is Blocked instead of Failed.
	Blocked bool
	// Unknown marks a record that was sent to an API and of which nobody knows
	// whether it landed; its disposition is Unknown.
	Unknown bool
}

// Disposition is the end that the rejection gives its record.
func (r *Rejection) Disposition() Disposition {
	switch {
	case r.Unknown:
		return Unknown
	case r.Blocked:
		return Blocked
	}
	if r.Code == CodeRepeated {
		return Duplicate
	}
	return Failed
}

// Message is what Err says, or the code when nobody said anything.
func (r *Rejection) Message() string {
	if r.Err != nil {
		return r.Err.Error()
	}
	return string(r.Code)
}

// Error makes a Rejection findable through any number of wraps.
func (r *Rejection) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", r.Ref, r.Code)
	if r.Field != "" {
		fmt.Fprintf(&b, " in %s", r.Field)
	}
	if r.Err != nil {
		fmt.Fprintf(&b, ": %s", r.Err)
	}
	return b.String()
}

// Unwrap gives what the outside world said.
func (r *Rejection) Unwrap() error { return r.Err }
