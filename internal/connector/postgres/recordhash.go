package postgres

import (
	"encoding/binary"
	"fmt"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// RecordHash spells record.Hasher's encoding. It is put together as text, in which
// bytes that no text may hold are escapes, and decoded in one go: that costs
// less than joining byte strings. Texts of 16 KiB and more make it NULL, which
// equals no hash.
func (d dialect) RecordHash(alias string, columns []sqldb.Column) (string, bool) {
	var pieces []string
	for _, column := range columns {
		text, size, ok := hashedText(d.Quote(alias)+"."+d.Quote(column.Name), column.Type)
		if !ok {
			return "", false
		}
		name := binary.AppendUvarint(nil, uint64(len(column.Name)))
		name = append(name, column.Name...)
		null, value := append(name[:len(name):len(name)], byte(record.KindNull)), append(name[:len(name):len(name)], byte(column.Type.Kind))
		pieces = append(pieces, fmt.Sprintf("CASE WHEN %s.%s IS NULL THEN %s ELSE %s || %s || %s END",
			d.Quote(alias), d.Quote(column.Name), escapedLiteral(null), escapedLiteral(value), size, text))
	}
	if len(pieces) == 0 {
		return "", false
	}
	return "substring(sha256(decode(" + strings.Join(pieces, " || ") + ", 'escape')) FROM 1 FOR 16)", true
}

// hashedText is a value as record.Value prints it, ready to be decoded, and the
// bytes that tell its length.
func hashedText(value string, t record.Type) (text, size string, ok bool) {
	plain := value + "::text"
	switch t.Kind {
	case record.KindBool:
		return "CASE WHEN " + value + " THEN 'true' ELSE 'false' END", "CASE WHEN " + value + ` THEN '\004' ELSE '\005' END`, true
	case record.KindDate: // of years with four digits
		return plain, `'\012'`, true
	case record.KindTimestampTZ:
		plain = "(" + value + " AT TIME ZONE 'UTC')::text || 'Z'"
	case record.KindBytes:
		return `'\\x' || encode(` + value + ", 'hex')", lengthBytes("(2 + 2 * octet_length(" + value + "))"), true
	case record.KindText:
		if t.UUID {
			return plain, `'\044'`, true
		}
		return "replace(" + plain + `, '\', '\\')`, lengthBytes("octet_length(" + plain + ")"), true
	case record.KindFloat:
		if t.Bits != 64 {
			return "", "", false
		}
	case record.KindDecimal:
		// Zeros at the end say nothing. (trim_scale came with version 13.)
		trimmed := "rtrim(rtrim(" + plain + ", '0'), '.')"
		switch {
		case t.Precision == 0:
			plain = "CASE WHEN scale(" + value + ") > 0 THEN " + trimmed + " ELSE " + plain + " END"
		case t.Scale > 0:
			plain = trimmed
		}
	case record.KindInt, record.KindTimestamp:
	case record.KindTime:
		if strings.Contains(t.Native, "with time zone") || strings.HasPrefix(t.Native, "timetz") {
			return "", "", false
		}
	default: // JSON prints otherwise; the rest declares nothing
		return "", "", false
	}
	if t.Kind == record.KindDecimal && (t.Precision == 0 || t.Precision > 80) {
		return plain, lengthBytes("octet_length(" + plain + ")"), true
	}
	return plain, shortLength(plain), true
}

// lengthBytes writes a length as one or two bytes of seven bits each, the lowest
// first, ready to be decoded. The condition holds for 1 to 128, at the price of
// one look at the length; of these, 128 comes out as no length at all, and a row
// with such a text is looked at more closely.
func lengthBytes(n string) string {
	octal := func(b string) string {
		return fmt.Sprintf(`'\' || chr(48 + (%[1]s >> 6)) || chr(48 + ((%[1]s >> 3) & 7)) || chr(48 + (%[1]s & 7))`, b)
	}
	return fmt.Sprintf(`CASE WHEN ((%[1]s - 1) & -128) = 0 THEN replace(chr(%[1]s), '\', '\\') WHEN %[1]s = 0 THEN '\000' WHEN %[1]s < 16384 THEN %[2]s || %[3]s END`,
		n, octal("(("+n+" & 127) | 128)"), octal("("+n+" >> 7)"))
}

// shortLength serves texts of 1 to 91 bytes.
func shortLength(text string) string { return "chr(octet_length(" + text + "))" }

// escapedLiteral writes bytes as a literal that decode turns back into them.
func escapedLiteral(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		if c < 0x20 || c >= 0x7f || c == '\\' || c == '\'' {
			fmt.Fprintf(&b, `\%03o`, c)
			continue
		}
		b.WriteByte(c)
	}
	return "'" + b.String() + "'"
}
