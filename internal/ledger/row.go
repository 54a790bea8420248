package ledger

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// EncodeRow is the stored form of a row of the target: an object of texts and
// nulls by column, in column order; "" for no row.
func EncodeRow(columns []sqldb.Column, row []record.Value) string {
	if row == nil {
		return ""
	}
	out := []byte{'{'}
	for i := range columns {
		if i > 0 {
			out = append(out, ',')
		}
		name, _ := json.Marshal(columns[i].Name) // texts always marshal
		out = append(append(out, name...), ':')
		if row[i].IsNull() {
			out = append(out, "null"...)
			continue
		}
		text, _ := json.Marshal(row[i].String())
		out = append(out, text...)
	}
	return string(append(out, '}'))
}

// DecodeRow reads back what EncodeRow wrote, in the order of columns; a column
// that it does not hold is NULL.
func DecodeRow(columns []sqldb.Column, text string) ([]record.Value, error) {
	var cells map[string]*string
	if err := json.Unmarshal([]byte(text), &cells); err != nil {
		return nil, err
	}
	row := make([]record.Value, len(columns))
	for i := range columns {
		cell := cells[columns[i].Name]
		if cell == nil {
			continue
		}
		value, misfit := columns[i].Type.Fit(record.Text(*cell))
		if misfit != nil {
			return nil, fmt.Errorf("%s: %w", columns[i].Name, misfit)
		}
		row[i] = value
	}
	return row, nil
}

// RowColumns names the columns that a row written by EncodeRow holds, sorted.
func RowColumns(text string) ([]string, error) {
	var cells map[string]*string
	if err := json.Unmarshal([]byte(text), &cells); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(cells)), nil
}
