package sqlite

import (
	"fmt"

	"landfall/internal/record"
)

// bind passes the arguments of one run.
func (s *statement) bind(args []any) error {
	values := make([]record.Value, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case nil:
		case string:
			values[i] = record.Text(arg)
		case int64:
			values[i] = record.Int(arg)
		case int:
			values[i] = record.Int(int64(arg))
		case float64:
			values[i] = record.Float(arg)
		case bool:
			values[i] = record.Bool(arg)
		case []byte:
			if arg != nil {
				values[i] = record.Bytes(arg)
			}
		case record.Value:
			values[i] = arg
		default:
			return fmt.Errorf("argument %d has type %T, which SQLite is not given", i+1, arg)
		}
	}
	s.reserve(textSize(values))
	return s.bindRow(1, values)
}

// textSize is an upper bound of the memory that binding the values takes.
func textSize(values []record.Value) int {
	size := 1
	for i := range values {
		size += len(values[i].Raw()) + longestTime
	}
	return size
}

// longestTime is as long as the text of a time can get.
const longestTime = 40

// bindRow binds values from the first-th argument on; reserve has made room.
// The storage classes are SQLite's own: a truth value is 0 or 1, decimals and
// times are text, which a column of numeric affinity turns into a number.
func (s *statement) bindRow(first int, values []record.Value) error {
	var err error
	for i := range values {
		v, at := values[i], first+i
		switch v.Kind() {
		case record.KindNull:
			err = s.bindNull(at)
		case record.KindInt:
			err = s.bindInt(at, v.Int())
		case record.KindBool:
			n := int64(0)
			if v.Bool() {
				n = 1
			}
			err = s.bindInt(at, n)
		case record.KindFloat:
			err = s.bindFloat(at, v.Float())
		case record.KindBytes:
			err = s.bindBytes(at, v.Raw(), true)
		case record.KindText, record.KindDecimal, record.KindJSON:
			err = s.bindBytes(at, v.Raw(), false)
		default:
			err = s.bindTime(at, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
