package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// KeyStrategy says where a new row's key comes from.
type KeyStrategy string

// The key strategies.
const (
	KeyIdentity  KeyStrategy = "identity"
	KeySequence  KeyStrategy = "sequence"
	KeyUUID      KeyStrategy = "uuid"
	KeyNatural   KeyStrategy = "natural"
	KeyOffset    KeyStrategy = "offset"
	KeyInherited KeyStrategy = "inherited"
)

// Offset makes keys of row numbers: a record's key is the base and the number.
type Offset struct {
	Base     int64
	StartRow int64 // the first row number; 0 leaves it to what was used before
	// Strict refuses numbers that are taken; else the next free ones take their
	// place.
	Strict   bool
	Width    int    // digits of a key at most, and of a text exactly; 0: what the column holds
	Space    string // entities of one space share their row numbers; empty: those of one table do
	Position Position
}

// Inherited makes a record's key of the key of the row that a field refers to:
// a number follows it, counted for each such row from 1.
type Inherited struct {
	From   string // the target field
	Digits int    // of the number
}

// Registry is a table of the target that keeps every key that was ever used.
type Registry struct {
	Table    string
	Column   string
	Fields   []RegistryField // what its other columns hold
	Position Position
}

// RegistryField is the same value in each new row of a registry.
type RegistryField struct {
	Column   string
	Text     string
	Position Position
}

// SpaceName is the name by which the books know the row numbers of the keys. A
// table's own has a blank in it, which no name in a mapping has.
func (t *To) SpaceName(table string) string {
	if t.Offset.Space != "" {
		return t.Offset.Space
	}
	return "table " + table
}

// describeKey says where keys come from.
func (t *To) describeKey() string {
	words := []string{plainList(t.KeyColumns), "new", string(t.NewKey)}
	say := func(word string, value any) { words = append(words, word, fmt.Sprint(value)) }
	if t.Sequence != "" {
		say("sequence", plainText(t.Sequence))
	}
	if t.NewKey == KeyUUID {
		say("version", t.UUID)
	}
	if o := t.Offset; o != nil {
		say("base", o.Base)
		if o.StartRow != 0 {
			say("start", o.StartRow)
		}
		if o.Strict {
			say("collisions", "strict")
		}
		if o.Width != 0 {
			say("width", o.Width)
		}
		if o.Space != "" {
			say("space", o.Space)
		}
	}
	if i := t.Inherited; i != nil {
		say("from", plainText(i.From))
		say("digits", i.Digits)
	}
	if g := t.Registry; g != nil {
		say("registry", plainText(g.Table)+" "+plainText(g.Column))
		fields := make([]string, len(g.Fields))
		for i, f := range g.Fields {
			fields[i] = plainText(f.Column) + "=" + plainText(f.Text)
		}
		slices.Sort(fields)
		if len(fields) > 0 {
			say("fields", "{"+list(fields)+"}")
		}
	}
	return strings.Join(words, " ")
}
