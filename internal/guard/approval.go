// Package guard keeps a protected target closed: it accepts writes only while
// somebody has armed it, for a while and for a reason, and remembers who asked
// for what.
package guard

import (
	"errors"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Approval is somebody's word that a plan may be run.
type Approval struct {
	PlanHash string `json:"plan_hash"` // content hash of the plan, hexadecimal
	By       string `json:"by"`
	Reason   string `json:"reason"`
	At       string `json:"at"`    // UTC, 2006-01-02T15:04:05Z
	Actor    string `json:"actor"` // who typed it, user@host
}

// NameFlaw says what keeps a text from naming somebody: nothing before an @, and
// characters that nobody sees, with which one name could pass for two. Nil for a
// name.
func NameFlaw(name string) error {
	for _, r := range name {
		// Some that count as letters and marks leave nothing on a screen either.
		blank := r == '\u2800' || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar || blank {
			return errors.New("it holds a character that does not print")
		}
	}
	if personOf(name) == "" {
		return errors.New("it names nobody")
	}
	return nil
}

// personOf is a name without the machine behind it.
func personOf(name string) string {
	name, _, _ = strings.Cut(name, "@")
	return norm.NFC.String(strings.Join(strings.Fields(name), " "))
}

// samePerson takes a name, and a name with a machine behind it, for one person
// on whatever machine.
func samePerson(a, b string) bool { return strings.EqualFold(personOf(a), personOf(b)) }
