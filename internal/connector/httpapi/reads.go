package httpapi

import (
	"fmt"
	"net/http"

	"landfall/internal/target"
)

// reads is what a reading call was answered with. Where the answer has a good
// status and is not what was asked for, as a page of whoever stands before the API
// is, why says so: "nothing there" is said by an empty list, by a status, or by
// what `gone` describes, and never by an answer that says nothing.
func (q *request) reads(p parsed, status int) (found []any, why string) {
	switch q.purpose {
	case toGet, toFind, toNewest:
	case toCount:
		if !p.json {
			return nil, notJSON
		}
		if _, ok := number(q.total.value(p.env)); !ok {
			return nil, fmt.Sprintf("the answer holds no number where `total` looks for it (%s)", q.Total)
		}
		return nil, ""
	default:
		return nil, ""
	}
	if status == http.StatusNoContent {
		return nil, ""
	}
	if !p.json {
		return nil, notJSON
	}
	value := q.found.value(p.env)
	if value == nil {
		return nil, fmt.Sprintf("the answer holds nothing where `found` looks for records (%s)", q.whereFound())
	}
	for _, tree := range list(value) {
		if _, is := tree.(map[string]any); !is {
			return nil, fmt.Sprintf("what the answer holds where `found` looks for records (%s) is none", q.whereFound())
		}
		for _, path := range q.keyPaths {
			if at(tree, path) == nil {
				return nil, fmt.Sprintf("a record in the answer does not hold its key where `found` looks for records (%s)", q.whereFound())
			}
		}
		found = append(found, tree)
	}
	return found, ""
}

// holdsKey has records that a reading request finds hold the key of their type.
func (q *request) holdsKey(k *kind) {
	for _, name := range k.Key {
		if f := k.byName[name]; f != nil && q != nil {
			q.keyPaths = append(q.keyPaths, f.path)
		}
	}
}

// whereFound is the expression for the records.
func (q *request) whereFound() string {
	if q.Found == "" {
		return "body"
	}
	return q.Found
}

// errNotAsked is a look-up that the API did not answer for what was asked: sending
// it again is no use, and other look-ups may well be answered.
type errNotAsked struct {
	call, why string
	unmade    bool // the call cannot even be written
}

func (e *errNotAsked) Error() string { return e.call + ": " + e.why }

// Is makes it a target.ErrNotLooked.
func (e *errNotAsked) Is(err error) bool { return err == target.ErrNotLooked }
