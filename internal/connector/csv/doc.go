// Package csv reads records from CSV files, and writes such files so that they
// can be read again.
//
// A file is RFC 4180 with what real files add to it: any character as
// delimiter and quote, or no quotes; escapes; lines that end in LF, CRLF or
// both, or in CR alone where that is declared; a last line without an end; a
// byte order mark; any encoding and packing that package textfile knows. The
// first row names the columns, or the mapping does. Cells are text exactly as
// written; an empty cell is empty text, quoted or not.
//
// Several files are one source when they have the same columns, in any order.
//
// What it cannot do: delimiters of several characters, comments, counting the
// records beforehand. A quote that is opened and never closed cannot be told
// from a long cell: everything from there to the next quote, or to 64 MiB, is
// one bad row. Of a row that cannot be taken apart only the cells before the
// fault are kept.
package csv
