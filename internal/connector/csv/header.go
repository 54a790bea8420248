package csv

import (
	"fmt"
	"slices"
	"strings"

	"landfall/internal/sqldb"
)

// checkHeader refuses names that a mapping could not tell apart.
func (o *Origin) checkHeader() error {
	first := map[string]int{}
	for i, name := range o.columns {
		if strings.TrimSpace(name) == "" {
			hint := ""
			if len(o.columns) == 1 {
				hint = "; the first row must name the columns"
			} else if i == len(o.columns)-1 {
				hint = "; does the header end with a delimiter?"
			}
			return fmt.Errorf("%s: line 1: column %d of %d has no name%s", o.base, i+1, len(o.columns), hint)
		}
		if at, known := first[name]; known {
			return fmt.Errorf("%s: line 1: columns %d and %d are both named %q", o.base, at+1, i+1, name)
		}
		first[name] = i
	}
	return nil
}

func (o *Origin) findKey(key []string) error {
	if len(key) == 0 {
		return fmt.Errorf("%s: no key column is given", o.base)
	}
	for _, name := range key {
		at := slices.Index(o.columns, name)
		if at < 0 {
			return o.noColumn(name)
		}
		o.key = append(o.key, at)
	}
	return nil
}

// noColumn suspects the delimiter when the header is a single name that holds
// another usual one.
func (o *Origin) noColumn(name string) error {
	if len(o.columns) == 1 {
		for _, delimiter := range ",;\t|" {
			if strings.ContainsRune(o.columns[0], delimiter) {
				return fmt.Errorf("%s: line 1: no column %q; the header is a single name with %q in it: set `delimiter`", o.base, name, delimiter)
			}
		}
	}
	if near := sqldb.Near(name, o.columns); near != "" {
		return fmt.Errorf("%s: line 1: no column %q (did you mean %q?)", o.base, name, near)
	}
	return fmt.Errorf("%s: line 1: no column %q", o.base, name)
}
