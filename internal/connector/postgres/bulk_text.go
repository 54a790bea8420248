package postgres

import "landfall/internal/record"

// appendRow writes a line of COPY's text format; it answers false to a value
// that is too large.
func appendRow(dst []byte, row []record.Value) ([]byte, bool) {
	for i := range row {
		if i > 0 {
			dst = append(dst, '\t')
		}
		if len(row[i].Raw()) >= largest {
			return dst, false
		}
		switch row[i].Kind() {
		case record.KindNull:
			dst = append(dst, '\\', 'N')
		case record.KindText, record.KindJSON:
			dst = appendEscaped(dst, row[i].Raw())
		case record.KindBytes: // the backslash of \x is itself escaped
			dst = row[i].AppendText(append(dst, '\\'))
		default:
			dst = appendText(dst, row[i])
		}
	}
	return append(dst, '\n'), true
}

// special marks the bytes that COPY gives a meaning.
var special = [256]byte{'\\': '\\', '\n': 'n', '\t': 't', '\r': 'r', '\b': 'b', '\f': 'f', '\v': 'v'}

func appendEscaped(dst []byte, text string) []byte {
	from := 0
	for i := 0; i < len(text); i++ {
		if escape := special[text[i]]; escape != 0 {
			dst = append(dst, text[from:i]...)
			dst = append(dst, '\\', escape)
			from = i + 1
		}
	}
	return append(dst, text[from:]...)
}
