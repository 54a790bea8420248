package csv

import (
	"io"

	"landfall/internal/source"
)

// Rewrite starts a file in the form of the first one: its encoding, byte order
// mark, header, delimiter, quote and line ends. It is never packed.
func (o *Origin) Rewrite(w io.Writer) (source.RowWriter, error) {
	like := o.sheets[0]
	out := NewWriter(w, o.format, like.Encoding, like.Marked)
	if o.headless {
		return out, nil
	}
	return out, out.Write(o.columns)
}
