package mapping

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"landfall/internal/record"
)

// Fold makes one key of texts that the source means as the same. It applies to
// the key and to every reference to it, always in this order, whatever the order
// in which the mapping lists it.
type Fold struct {
	Trim bool // no blanks at either end
	GUID bool // one form of a GUID, whatever its braces, hyphens and case; other texts stay
	Case bool // small letters
	Pad  int  // zeros in front, up to so many characters; 0: none
}

// The words of `fold`.
const (
	foldTrim = "trim"
	foldGUID = "guid"
	foldCase = "case"
	foldPad  = "pad:"

	widestPad = 64
)

var foldWords = []string{foldTrim, foldCase, foldGUID, foldPad + "N"}

// None reports whether nothing is folded.
func (f Fold) None() bool { return f == Fold{} }

// Key folds the canonical text of a key, part by part.
func (f Fold) Key(key string) string {
	if f.None() || key == "" {
		return key
	}
	parts := record.SplitKey(key)
	for i := range parts {
		parts[i] = f.part(parts[i])
	}
	return record.JoinKey(parts...)
}

// part folds one column's text; nothing is made of blank text.
func (f Fold) part(text string) string {
	if isBlank(text) {
		return text
	}
	if f.Trim {
		text = strings.TrimSpace(text)
	}
	if f.GUID {
		text = canonicalGUID(text)
	}
	if f.Case {
		text = strings.ToLower(text)
	}
	if short := f.Pad - utf8.RuneCountInString(text); short > 0 {
		text = strings.Repeat("0", short) + text
	}
	return text
}

func canonicalGUID(text string) string {
	bare := text
	if len(bare) > 2 && (bare[0] == '{' && bare[len(bare)-1] == '}' || bare[0] == '(' && bare[len(bare)-1] == ')') {
		bare = bare[1 : len(bare)-1]
	}
	if strings.Count(bare, "-") == 4 && len(bare) == 36 && bare[8] == '-' && bare[13] == '-' && bare[18] == '-' && bare[23] == '-' {
		bare = strings.ReplaceAll(bare, "-", "")
	}
	if _, err := hex.DecodeString(bare); err != nil || len(bare) != 32 {
		return text
	}
	bare = strings.ToLower(bare)
	return bare[:8] + "-" + bare[8:12] + "-" + bare[12:16] + "-" + bare[16:20] + "-" + bare[20:]
}

// describe lists what is folded in the order in which it is done.
func (f Fold) describe() string {
	var words []string
	if f.Trim {
		words = append(words, foldTrim)
	}
	if f.GUID {
		words = append(words, foldGUID)
	}
	if f.Case {
		words = append(words, foldCase)
	}
	if f.Pad > 0 {
		words = append(words, foldPad+strconv.Itoa(f.Pad))
	}
	return list(words)
}

// fold reads `fold`: a word or a list of them.
func (r *reader) fold(n *Node, subject string) Fold {
	var f Fold
	if n == nil {
		return f
	}
	subject += ": fold"
	items := []*Node{n}
	if n.kind == nodeList {
		items = n.items
		if len(items) == 0 {
			r.refuse(n.at, "", "%s: expected at least one of %s, found an empty list", subject, alternatives(foldWords))
		}
	}
	var seen []string
	for _, item := range items {
		// YAML readers do not agree whether pad:8 is a word or a mapping.
		if item.kind == nodeMap && len(item.pairs) == 1 && item.pairs[0].value.kind == nodeScalar {
			p := item.pairs[0]
			item = &Node{kind: nodeScalar, at: item.at, text: p.key.text + ":" + p.value.text}
		}
		word := r.word(item, subject)
		name, width, _ := strings.Cut(word, ":")
		if slices.Contains(seen, name) && name != "" {
			r.refuse(item.at, "", "%s: %q is listed twice", subject, name)
		}
		seen = append(seen, name)
		switch {
		case word == foldTrim:
			f.Trim = true
		case word == foldGUID:
			f.GUID = true
		case word == foldCase:
			f.Case = true
		case name+":" == foldPad:
			var err error
			if f.Pad, err = strconv.Atoi(width); err != nil || f.Pad < 1 || f.Pad > widestPad {
				r.refuse(item.at, "", "%s: pad wants a width from 1 to %d, such as pad:8", subject, widestPad)
			}
		case word != "":
			r.refuse(item.at, Near(word, foldWords[:3]), "%s: expected %s, found %q", subject, alternatives(foldWords), word)
		}
	}
	return f
}
