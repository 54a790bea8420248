package dataload

import (
	"errors"
	"strings"

	"landfall/internal/run"
)

// plainly says without words of the mapping, which nobody here has written and
// every command composes anew, what is wrong and what to do about it.
func plainly(message string) string { return plain.Replace(message) }

var plain = strings.NewReplacer(
	"expected a code that `values` lists", "expected one of the values that mean something here",
	"set `edited: keep` or `edited: overwrite`, or settle it by hand", "give --edited keep or --edited overwrite, or settle it by hand",
	"the target row", "the user",
	"the row was written", "an earlier run wrote it",
	"check the credentials in `auth`", "check the credentials",
	"`landfall retry` asks again", "load the retry file",
	"`landfall retry --send-again` sends it once more", "load the retry file",
	"and the mapping says `encoding: utf-8`", "and expected is UTF-8",
	": set `delimiter`", ": expected commas between the names",
	"set `line_end: cr`", "let its lines end in a line feed",
)

// plainError is an error in plain words.
type plainError struct {
	text string
	err  error
}

func (e plainError) Error() string { return e.text }
func (e plainError) Unwrap() error { return e.err }

// inPlainWords says an error of a run as plainly does.
func inPlainWords(err error) error {
	if err == nil {
		return nil
	}
	text := plainly(err.Error())
	var repeats *run.RepeatsError
	if errors.As(err, &repeats) {
		text = strings.Replace(text, "let `repeats: first` or `repeats: last` of "+repeats.Entity+" choose", "give --duplicates first or --duplicates last", 1)
	}
	if text == err.Error() {
		return err
	}
	return plainError{text, err}
}
