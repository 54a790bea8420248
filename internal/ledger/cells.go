package ledger

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// brokenCell carries the bytes of a cell that is not UTF-8, so that it can be
// written out again exactly as it came in.
type brokenCell struct {
	Bytes []byte `json:"bytes"` // base64 in JSON
}

// EncodeCells is the stored form of a record as it was read: a JSON array with a
// text for each cell, null for NULL, and {"bytes": base64} for a cell whose
// bytes are not text.
func EncodeCells(cells []*string) string {
	stored := make([]any, len(cells))
	for i, cell := range cells {
		switch {
		case cell == nil:
		case utf8.ValidString(*cell):
			stored[i] = *cell
		default:
			stored[i] = brokenCell{Bytes: []byte(*cell)}
		}
	}
	out, _ := json.Marshal(stored) // texts, nulls and bytes always marshal
	return string(out)
}

// DecodeCells reads what EncodeCells wrote; "" is no cells.
func DecodeCells(source string) ([]*string, error) {
	if source == "" {
		return nil, nil
	}
	var stored []json.RawMessage
	if err := json.Unmarshal([]byte(source), &stored); err != nil {
		return nil, fmt.Errorf("a record's cells in the books: %w", err)
	}
	cells := make([]*string, len(stored))
	for i, raw := range stored {
		if len(raw) > 0 && raw[0] == '{' {
			var broken brokenCell
			if err := json.Unmarshal(raw, &broken); err != nil {
				return nil, fmt.Errorf("a record's cells in the books: %w", err)
			}
			text := string(broken.Bytes)
			cells[i] = &text
			continue
		}
		if err := json.Unmarshal(raw, &cells[i]); err != nil {
			return nil, fmt.Errorf("a record's cells in the books: %w", err)
		}
	}
	return cells, nil
}
