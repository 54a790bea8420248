package csv

import (
	"io"

	"landfall/internal/source"
)

// Rewrite starts a file in the form of this one: its header, delimiter, quote,
// line ends and byte order mark.
func (o *Origin) Rewrite(w io.Writer) (source.RowWriter, error) {
	out := NewWriter(w, o.format)
	return out, out.Write(o.columns)
}
