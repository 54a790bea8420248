// Package entries works on the crosswalk as a whole: it finds entries in bulk,
// writes them to a file and brings them back, takes in those that other tools
// made, and checks that they hold.
package entries

import "fmt"

// InputError says what is wrong with a file that was handed in: its text names
// file, line and column, what was expected, and what to do.
type InputError struct{ text string }

// Error is the text.
func (e *InputError) Error() string { return e.text }

func inputf(format string, args ...any) error {
	return &InputError{fmt.Sprintf(format, args...)}
}

// chunk is how many entries are looked up or written together.
const chunk = 5000
