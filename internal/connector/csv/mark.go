package csv

import "bytes"

// mark is a character that divides a row, or none. Most are one byte, which is
// looked for and compared several times faster than a text.
type mark struct {
	text   string
	bytes  []byte
	single byte // when it is one byte, else 0
}

func newMark(text string) mark {
	m := mark{text: text, bytes: []byte(text)}
	if len(text) == 1 {
		m.single = text[0]
	}
	return m
}

// in is where the mark stands first, or -1.
func (m *mark) in(b []byte) int {
	switch {
	case m.single != 0:
		return bytes.IndexByte(b, m.single)
	case m.text == "":
		return -1
	}
	return bytes.Index(b, m.bytes)
}

// begins reports whether the mark stands at the beginning.
func (m *mark) begins(b []byte) bool {
	if m.single != 0 {
		return len(b) > 0 && b[0] == m.single
	}
	return m.text != "" && bytes.HasPrefix(b, m.bytes)
}
