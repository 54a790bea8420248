package httpapi

import (
	"errors"
	"fmt"
	"strings"

	"landfall/internal/mapping"
)

// fault is one thing that is wrong with a description, at a path of keys.
type fault struct {
	path    []string
	message string
	near    string
}

// faults collects them all.
type faults []fault

func (f *faults) add(path []string, near, format string, args ...any) {
	*f = append(*f, fault{path: append([]string(nil), path...), message: fmt.Sprintf(format, args...), near: near})
}

// err is all of them as one error, for descriptions made in Go; nil for none.
func (f faults) err() error {
	var errs []error
	for _, one := range f {
		near := ""
		if one.near != "" {
			near = fmt.Sprintf(", did you mean %q?", one.near)
		}
		errs = append(errs, errors.New(strings.Join(one.path, ".")+": "+one.message+near))
	}
	return errors.Join(errs...)
}

// unknownWord says that a word is none of those expected.
func (f *faults) unknownWord(path []string, word string, words []string) {
	f.add(path, mapping.Near(word, words), "expected one of %s, found %q", strings.Join(words, ", "), word)
}

// under is a path with further keys.
func under(path []string, keys ...string) []string {
	return append(append([]string(nil), path...), keys...)
}
