package sqlite

import (
	"math"
	"strconv"
	"strings"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Relation passes rows as one JSON document. Its columns have no affinity, so
// in a comparison SQLite applies that of the table's column to them and can use
// the column's index. JSON keeps 64-bit integers exact and text apart from
// numbers; bytes travel as hexadecimal.
func (d dialect) Relation(alias string, columns []sqldb.Column, relation [][]record.Value, firstArg int) (string, []any) {
	document := append(make([]byte, 0, 2+24*len(relation)*len(columns)), '[')
	blobs := make([]bool, len(columns))
	for i, row := range relation {
		if i > 0 {
			document = append(document, ',')
		}
		if len(columns) > 1 {
			document = append(document, '[')
		}
		for j := range columns {
			if j > 0 {
				document = append(document, ',')
			}
			document = appendJSON(document, row[j])
			blobs[j] = blobs[j] || row[j].Kind() == record.KindBytes
		}
		if len(columns) > 1 {
			document = append(document, ']')
		}
	}
	document = append(document, ']')

	var sql strings.Builder
	sql.WriteString("(SELECT ")
	for j := range columns {
		number := strconv.Itoa(j)
		cell, inner, kind := "json_extract(value, '$["+number+"]')", "json_extract(value, '$["+number+"][0]')", "json_type(value, '$["+number+"]')"
		if len(columns) == 1 {
			cell, inner, kind = "value", "json_extract(value, '$[0]')", "type"
		}
		if blobs[j] {
			cell = "CASE WHEN " + kind + " = 'array' THEN unhex(" + inner + ") ELSE " + cell + " END"
		}
		sql.WriteString(cell + " AS c" + number + ", ")
	}
	sql.WriteString("key AS ord FROM json_each(?" + strconv.Itoa(firstArg) + ")) AS " + d.Quote(alias))
	return sql.String(), []any{string(document)}
}

// appendJSON writes a value so that json_extract gives back the storage class
// in which the value is stored. Bytes are an array around their hexadecimal.
func appendJSON(dst []byte, v record.Value) []byte {
	switch v.Kind() {
	case record.KindNull:
		return append(dst, "null"...)
	case record.KindBool:
		if v.Bool() {
			return append(dst, '1')
		}
		return append(dst, '0')
	case record.KindInt:
		return v.AppendText(dst)
	case record.KindFloat:
		return appendFloat(dst, v.Float())
	case record.KindBytes:
		dst = append(dst, '[', '"')
		at := len(dst)
		dst = v.AppendText(dst)
		dst = append(dst[:at], dst[at+2:]...) // without the \x
		return append(dst, '"', ']')
	case record.KindText, record.KindDecimal, record.KindJSON:
		return appendString(dst, v.Raw())
	default:
		return append(v.AppendText(append(dst, '"')), '"')
	}
}

// appendFloat keeps a whole number a floating point number.
func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f): // SQLite stores NULL for it
		return append(dst, "null"...)
	case math.IsInf(f, 1):
		return append(dst, "9e999"...)
	case math.IsInf(f, -1):
		return append(dst, "-9e999"...)
	}
	at := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, 64)
	for _, c := range dst[at:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, '.', '0')
}

const hexDigits = "0123456789abcdef"

func appendString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[from:i]...)
		if c < ' ' {
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		} else {
			dst = append(dst, '\\', c)
		}
		from = i + 1
	}
	return append(append(dst, text[from:]...), '"')
}
