// Package record holds the parcel that every room of Landfall hands on: a
// source row with its name tag (Ref), its values, and, where it may go no
// further, the reason (Rejection). It depends on the standard library alone.
package record

import "strings"

// Ref names one source record for ever: its entity and the canonical text of
// its source key. It is made once, when the record is read, and never changes.
// It prints as customer:1042; a record whose key is NULL has an empty Key.
type Ref struct {
	Entity string
	Key    string
}

// String prints the Ref the way commands and reports show it.
func (r Ref) String() string { return r.Entity + ":" + r.Key }

// ParseRef reads what String prints. The key may itself hold colons; the
// entity may not.
func ParseRef(text string) (Ref, bool) {
	entity, key, found := strings.Cut(text, ":")
	if !found || entity == "" || key == "" {
		return Ref{}, false
	}
	return Ref{Entity: entity, Key: key}, true
}

// JoinKey makes the canonical text of a key from its parts in declared order.
// Parts are divided by "|"; a "|" or "\" inside a part is escaped with "\", so
// two different composite keys never read the same. A single part is escaped
// in the same way, so a part can always be told from a composite.
func JoinKey(parts ...string) string {
	if len(parts) == 1 && !strings.ContainsAny(parts[0], `|\`) {
		return parts[0]
	}
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteByte('|')
		}
		for j := 0; j < len(part); j++ {
			if part[j] == '|' || part[j] == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(part[j])
		}
	}
	return b.String()
}

// SplitKey takes apart what JoinKey made.
func SplitKey(key string) []string {
	if !strings.ContainsAny(key, `|\`) {
		return []string{key}
	}
	var parts []string
	var b strings.Builder
	for i := 0; i < len(key); i++ {
		switch {
		case key[i] == '\\' && i+1 < len(key):
			i++
			b.WriteByte(key[i])
		case key[i] == '|':
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(key[i])
		}
	}
	return append(parts, b.String())
}
