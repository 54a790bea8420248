package csv

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"landfall/internal/connector/textfile"
	"landfall/internal/source"
)

// Settings are the keys of `from` that belong to CSV files.
type Settings struct {
	Encoding  string   `yaml:"encoding" jsonschema:"description=how characters are written: utf-8 (the default) or utf-16 or windows-1252 or iso-8859-1 and so on; a byte order mark speaks for itself"`
	Delimiter string   `yaml:"delimiter" jsonschema:"description=the one character between cells; a comma by default"`
	Quote     string   `yaml:"quote" jsonschema:"description=the one character around cells that hold delimiters or line breaks; a double quote by default; none for files without quotes"`
	Escape    string   `yaml:"escape" jsonschema:"description=the one character that takes its meaning from a quote or delimiter or line break behind it; none by default"`
	LineEnd   string   `yaml:"line_end" jsonschema:"description=auto (LF and CRLF) or cr for old files with carriage returns alone,enum=auto,enum=cr"`
	Header    string   `yaml:"header" jsonschema:"description=first (the first row names the columns) or none,enum=first,enum=none"`
	Columns   []string `yaml:"columns" jsonschema:"description=the names of the columns in their order; for files with header: none"`
	Skip      int64    `yaml:"skip" jsonschema:"description=how many records at the beginning are passed over; they count all the same,minimum=0"`
}

const none = "none"

// decodeSettings fills in what the mapping leaves out.
func decodeSettings(from source.Settings) (Settings, error) {
	s := Settings{Delimiter: ",", Quote: `"`, Escape: none, LineEnd: "auto", Header: "first"}
	if from == nil {
		return s, nil
	}
	return s, from.Decode(&s)
}

// Validate says what would make rows ambiguous.
func (s Settings) Validate() error {
	if err := textfile.CheckEncoding(s.Encoding); err != nil {
		return err
	}
	for _, setting := range []struct {
		name, value string
		optional    bool
	}{{"delimiter", s.Delimiter, false}, {"quote", s.Quote, true}, {"escape", s.Escape, true}} {
		r, _ := utf8.DecodeRuneInString(setting.value)
		switch {
		case setting.optional && setting.value == none:
		case utf8.RuneCountInString(setting.value) != 1 && setting.optional:
			return fmt.Errorf("%s must be one character, or none", setting.name)
		case utf8.RuneCountInString(setting.value) != 1:
			return fmt.Errorf(`%s must be one character, such as ";" (a tab is written "\t")`, setting.name)
		case r == utf8.RuneError || string(r) == textfile.Mark:
			return fmt.Errorf("%s must not be a character that stands for broken text or a byte order mark", setting.name)
		case r == '\n' || r == '\r' || r == 0:
			return fmt.Errorf("%s must not be a line break or NUL", setting.name)
		}
	}
	switch {
	case s.Delimiter == s.Quote:
		return fmt.Errorf("delimiter and quote must differ")
	case s.Delimiter == s.Escape:
		return fmt.Errorf("delimiter and escape must differ")
	case s.LineEnd != "auto" && s.LineEnd != "cr":
		return fmt.Errorf("line_end must be auto or cr")
	case s.Skip < 0:
		return fmt.Errorf("skip must be a number from 0")
	}
	return s.validateHeader()
}

func (s Settings) validateHeader() error {
	switch {
	case s.Header != "first" && s.Header != none:
		return fmt.Errorf("header must be first or none")
	case s.Header == none && len(s.Columns) == 0:
		return fmt.Errorf("header: none needs `columns`, the names of the columns in their order")
	case s.Header != none && len(s.Columns) > 0:
		return fmt.Errorf("columns are for files with `header: none`; here the first row names them")
	}
	for i, name := range s.Columns {
		if slices.Contains(s.Columns[:i], name) {
			return fmt.Errorf("columns names %q twice", name)
		}
	}
	return nil
}

// Format is how a file's rows are written, once they are UTF-8.
type Format struct {
	Delimiter string
	Quote     string // empty: none
	Escape    string // empty: none but the doubled quote
	CR        bool   // lines end in CR alone
	CRLF      bool   // lines end in CR LF
}

// Plain is the format of RFC 4180 with the line ends of Unix.
var Plain = Format{Delimiter: ",", Quote: `"`}

func (s Settings) format() Format {
	f := Format{Delimiter: s.Delimiter, CR: s.LineEnd == "cr"}
	if s.Quote != none {
		f.Quote = s.Quote
	}
	if s.Escape != none && s.Escape != s.Quote { // a quote before a quote is the way of all files
		f.Escape = s.Escape
	}
	return f
}

func (f Format) newline() byte {
	if f.CR {
		return '\r'
	}
	return '\n'
}
