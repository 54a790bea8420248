package entries

import (
	"fmt"
	"strings"

	"landfall/internal/record"
)

// Conflict is an entry that cannot stand beside what the crosswalk says.
type Conflict struct {
	Ref  string `json:"ref"`
	Text string `json:"text"`
}

// Findings are things that were found, counted, of which the first are named.
type Findings struct {
	Count    int64      `json:"count"`
	Examples []Conflict `json:"examples,omitempty"`
}

// examplesKept is how many are named.
const examplesKept = 20

func (f *Findings) add(ref record.Ref, format string, args ...any) {
	if f.Count++; len(f.Examples) < examplesKept {
		f.Examples = append(f.Examples, Conflict{ref.String(), fmt.Sprintf(format, args...)})
	}
}

// text lists what is named, and how much more there is.
func (f *Findings) text() string {
	var b strings.Builder
	for _, example := range f.Examples {
		b.WriteString("\n  " + example.Text)
	}
	if more := f.Count - int64(len(f.Examples)); more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}

// ConflictError refuses a file as a whole: nothing of it was taken.
type ConflictError struct {
	File      string
	Conflicts Findings
}

// Error names the first conflicts.
func (e *ConflictError) Error() string {
	noun := "entries that conflict"
	if e.Conflicts.Count == 1 {
		noun = "entry that conflicts"
	}
	return fmt.Sprintf("%s has %d %s with the crosswalk; nothing was written:%s", e.File, e.Conflicts.Count, noun, e.Conflicts.text())
}

// RefusedError says why nothing can be taken now, and what to do.
type RefusedError struct{ why string }

// Error is the reason.
func (e *RefusedError) Error() string { return e.why }

func refusedf(format string, args ...any) error {
	return &RefusedError{fmt.Sprintf(format, args...)}
}
