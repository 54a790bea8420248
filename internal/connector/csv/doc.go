// Package csv reads records from CSV files, and writes such files so that they
// can be read again.
//
// A file is RFC 4180 with what real files add to it: any one-byte delimiter and
// quote, lines that end in LF, CRLF or both, a last line without an end, a
// byte order mark. The first row names the columns. Cells are text exactly as
// written; an empty cell is empty text, quoted or not.
//
// What it cannot do: encodings other than UTF-8, files without a header row,
// several files as one source, delimiters of several characters, comments,
// backslash escapes, lines that end in CR alone, compressed files, counting
// the records beforehand. A quote that is opened and never closed cannot be
// told from a long cell: everything from there to the next quote, or to
// 64 MiB, is one bad row.
package csv
