package csv

import (
	"fmt"
	"unicode/utf8"

	"landfall/internal/source"
)

// Settings are the keys of `from` that belong to CSV files.
type Settings struct {
	Delimiter string `yaml:"delimiter" jsonschema:"description=the one character between cells; a comma by default"`
	Quote     string `yaml:"quote" jsonschema:"description=the one character around cells that hold delimiters or line breaks; a double quote by default"`
}

// decodeSettings fills in what the mapping leaves out.
func decodeSettings(from source.Settings) (Settings, error) {
	s := Settings{Delimiter: ",", Quote: `"`}
	if from == nil {
		return s, nil
	}
	return s, from.Decode(&s)
}

// Validate says what would make rows ambiguous.
func (s Settings) Validate() error {
	for _, setting := range []struct{ name, value string }{{"delimiter", s.Delimiter}, {"quote", s.Quote}} {
		switch {
		case utf8.RuneCountInString(setting.value) != 1:
			return fmt.Errorf(`%s must be one character, such as ";" (a tab is written "\t")`, setting.name)
		case setting.value[0] >= utf8.RuneSelf:
			return fmt.Errorf("%s must be an ASCII character", setting.name)
		case setting.value == "\n" || setting.value == "\r" || setting.value == "\x00":
			return fmt.Errorf("%s must not be a line break or NUL", setting.name)
		}
	}
	if s.Delimiter == s.Quote {
		return fmt.Errorf("delimiter and quote must differ")
	}
	return nil
}

// Format is how a file's rows are written.
type Format struct {
	Delimiter byte
	Quote     byte
	CRLF      bool // lines end in CR LF
	BOM       bool // the file starts with a byte order mark
}

// Plain is the format of RFC 4180 with the line ends of Unix.
var Plain = Format{Delimiter: ',', Quote: '"'}
