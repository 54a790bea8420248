package source

import "io"

// Rewriter is implemented by Origins whose input is a file: it writes rows in
// the input's own form, so that a file of records to retry can be read in place
// of the input.
type Rewriter interface {
	// Rewrite starts a file with the input's own header.
	Rewrite(w io.Writer) (RowWriter, error)
}

// RowWriter writes rows of cells.
type RowWriter interface {
	Write(cells []string) error
	// Flush writes what is still buffered.
	Flush() error
}
