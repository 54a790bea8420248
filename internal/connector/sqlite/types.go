package sqlite

import (
	"strconv"
	"strings"

	"landfall/internal/record"
)

// exactDigits is how many digits of a number with a fraction survive in the
// floating point number that SQLite stores.
const exactDigits = 15

// declaredType reads the type that a column was declared with. SQLite holds
// nobody to it; we do, so that the file stays what its maker meant. Names that
// say nothing (or nothing we know, with numeric affinity) declare nothing.
func declaredType(native string) record.Type {
	name, first, second := takeApart(native)
	t := record.Type{Native: native}
	switch name {
	case "BOOLEAN", "BOOL":
		t.Kind = record.KindBool
	case "TINYINT", "INT1":
		t.Kind, t.Bits = record.KindInt, 8
	case "SMALLINT", "INT2":
		t.Kind, t.Bits = record.KindInt, 16
	case "DATE":
		t.Kind = record.KindDate
	case "TIME", "TIME WITHOUT TIME ZONE":
		t.Kind, t.Fraction = record.KindTime, fraction(first)
	case "DATETIME", "DATETIME2", "TIMESTAMP", "TIMESTAMP WITHOUT TIME ZONE":
		t.Kind, t.Fraction = record.KindTimestamp, fraction(first)
	case "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", "DATETIMEOFFSET":
		t.Kind, t.Fraction = record.KindTimestampTZ, fraction(first)
	case "DECIMAL", "NUMERIC", "MONEY":
		t.Kind = record.KindDecimal
		if first > 0 {
			t.Precision, t.Scale = min(first, exactDigits), second
			if second < 0 {
				t.Scale = 0
			}
		}
	case "JSON", "JSONB":
		t.Kind = record.KindJSON
	case "UUID", "GUID", "UNIQUEIDENTIFIER":
		t.Kind, t.UUID = record.KindText, true
	default:
		byAffinity(&t, name, first)
	}
	return t
}

// byAffinity follows SQLite's own rules, in SQLite's order.
func byAffinity(t *record.Type, name string, length int) {
	switch {
	case name == "":
		// Any value is kept as it is.
	case strings.Contains(name, "INT"):
		t.Kind, t.Bits = record.KindInt, 64
	case strings.Contains(name, "CHAR"), strings.Contains(name, "CLOB"), strings.Contains(name, "TEXT"):
		t.Kind, t.Length = record.KindText, max(length, 0)
	case strings.Contains(name, "BLOB"), strings.Contains(name, "BINARY"):
		t.Kind, t.Length = record.KindBytes, max(length, 0)
	case strings.Contains(name, "REAL"), strings.Contains(name, "FLOA"), strings.Contains(name, "DOUB"):
		t.Kind, t.Bits = record.KindFloat, 64
	}
}

// takeApart divides VARCHAR(40) or DECIMAL(10, 2); missing numbers are -1.
func takeApart(native string) (name string, first, second int) {
	name, first, second = strings.ToUpper(strings.TrimSpace(native)), -1, -1
	open := strings.IndexByte(name, '(')
	if open < 0 {
		return strings.Join(strings.Fields(name), " "), first, second
	}
	inside, behind, _ := strings.Cut(name[open+1:], ")")
	name = strings.Join(strings.Fields(name[:open]+" "+behind), " ")
	left, right, _ := strings.Cut(inside, ",")
	if n, err := strconv.Atoi(strings.TrimSpace(left)); err == nil {
		first = n
	}
	if n, err := strconv.Atoi(strings.TrimSpace(right)); err == nil {
		second = n
	}
	return name, first, second
}

func fraction(declared int) int {
	if declared < 0 || declared > 9 {
		return 6
	}
	return declared
}
