package textfile

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"

	"landfall/internal/sqldb"
)

// Encoding is how a file's characters are written as bytes.
type Encoding struct {
	Name string
	form form // nil: UTF-8, where bytes are handed on as they are
}

// form turns bytes into UTF-8 and back. It has no memory of what came before,
// so that reading can begin at any character.
type form interface {
	// decode appends src as UTF-8 to dst as far as it holds whole characters and
	// dst has less than until bytes; it says how much of src that was. Where src
	// is the end of the text, an unfinished character is a bad one. Bad bytes
	// are appended as what is not UTF-8 either.
	decode(dst, src []byte, atEnd bool, until int) ([]byte, int)
	// encode appends what decode was given; it fails for characters that the
	// encoding does not have.
	encode(dst []byte, text string) ([]byte, error)
}

// UTF8 is the encoding of files that declare none.
var UTF8 = &Encoding{Name: "UTF-8"}

var (
	utf16LE = &Encoding{Name: "UTF-16", form: utf16Form{}}
	utf16BE = &Encoding{Name: "UTF-16", form: utf16Form{bigEndian: true}}
	// utf16Marked is declared as UTF-16 with a mark to say which of the two.
	utf16Marked = &Encoding{Name: "UTF-16"}
)

// usual are the names that a misspelt one is compared with.
var usual = []string{
	"utf-8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254",
	"windows-1255", "windows-1256", "windows-1257", "windows-1258", "windows-874", "iso-8859-1", "iso-8859-2", "iso-8859-3", "iso-8859-4",
	"iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-9", "iso-8859-10", "iso-8859-13", "iso-8859-14", "iso-8859-15",
	"iso-8859-16", "ibm437", "ibm850", "ibm852", "ibm866", "macintosh", "koi8-r", "koi8-u", "shift_jis", "euc-jp", "euc-kr", "big5", "gbk", "gb18030",
}

// named finds an encoding by its name, in any of the usual spellings.
func named(name string) (*Encoding, error) {
	switch strings.ToLower(name) {
	case "utf-8", "utf8":
		return UTF8, nil
	case "utf-16", "utf16":
		return utf16Marked, nil
	case "utf-16le", "utf16le":
		return utf16LE, nil
	case "utf-16be", "utf16be":
		return utf16BE, nil
	case "ascii":
		name = "us-ascii" // to browsers it is windows-1252
	}
	// The web's list comes second: it takes iso-8859-1 for windows-1252.
	found, err := ianaindex.IANA.Encoding(name)
	if err != nil || found == nil {
		if found, err = htmlindex.Get(name); err != nil || found == encoding.Replacement {
			return nil, unknownName(name)
		}
	}
	// The canonical name tells which encodings keep a state.
	canonical, err := ianaindex.MIME.Name(found)
	if err != nil {
		canonical = name
	}
	canonical = strings.ToLower(canonical)
	if strings.HasPrefix(canonical, "iso-2022") || strings.HasPrefix(canonical, "hz-") {
		return nil, fmt.Errorf("encoding %s changes the meaning of bytes on the way, and such files are not read: convert the file to UTF-8", canonical)
	}
	if table, ok := found.(*charmap.Charmap); ok {
		return &Encoding{Name: canonical, form: newTable(table, strings.HasPrefix(canonical, "windows-"))}, nil
	}
	return &Encoding{Name: canonical, form: multibyte{found}}, nil
}

func unknownName(name string) error {
	if near := sqldb.Near(strings.ToLower(name), usual); near != "" {
		return fmt.Errorf("no encoding is called %q (did you mean %q?)", name, near)
	}
	return fmt.Errorf("no encoding is called %q: the usual ones are utf-8, utf-16, windows-1252 and iso-8859-1 to -16", name)
}

// CheckEncoding says what is wrong with a declared encoding; none is UTF-8.
func CheckEncoding(name string) error {
	if name == "" {
		return nil
	}
	_, err := named(name)
	return err
}

// Encode appends text in the encoding.
func (e *Encoding) Encode(dst []byte, text string) ([]byte, error) {
	if e.form == nil {
		return append(dst, text...), nil
	}
	out, err := e.form.encode(dst, text)
	if err != nil {
		return dst, fmt.Errorf("writing %s text: %w", e.Name, err)
	}
	return out, nil
}

// noCharacter says no more than where a character comes from: it may be of a
// value.
func noCharacter(r rune) error {
	return fmt.Errorf("a character (of Unicode block %02X00) is not in this encoding", r>>8)
}
