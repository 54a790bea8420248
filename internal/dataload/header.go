package dataload

import (
	"path/filepath"
	"slices"
	"strings"
)

// Columns that the service gives every record by itself.
const (
	columnID      = "id"
	columnUUID    = "uuid"
	columnCreated = "created"
	columnUpdated = "lastUpdated"
)

// checkHeader refuses a header that says two things about one attribute.
func checkHeader(file string, columns []string) error {
	base := filepath.Base(file)
	for _, name := range columns {
		switch {
		case strings.TrimSpace(name) != name:
			return inputf("%s: line 1: column %q has blanks around its name, which would be part of the attribute's", base, name)
		case slices.Contains(strings.Split(name, "."), ""):
			return inputf("%s: line 1: column %q is no path of attributes: expected names divided by single dots, such as primaryAddress.city", base, name)
		case name == columnID || name == columnUUID:
			return inputf("%s: line 1: column %q is given by the service and cannot be loaded: take it out of the file", base, name)
		}
	}
	for _, name := range columns {
		for at := strings.LastIndexByte(name, '.'); at > 0; at = strings.LastIndexByte(name[:at], '.') {
			if slices.Contains(columns, name[:at]) {
				return inputf("%s: line 1: columns %q and %q contradict each other: the first says that %s is one value, the second that it is an object; keep one of them", base, name[:at], name, name[:at])
			}
		}
	}
	return nil
}
