// Package textfile is what all files of text have in common, whatever stands
// in their rows: finding them by name or pattern, unpacking, character
// encodings in both directions, and places in the file that can be told and
// returned to.
//
// A connector sees UTF-8. Bytes that are not text in the file's encoding come
// as sequences that are not valid UTF-8 either, so that the row they stand in
// can be rejected, and written out again with the very same bytes.
//
// What it cannot do: encodings that change their meaning on the way
// (ISO-2022, HZ), UTF-32, UTF-7, encrypted or other archives than gzip and zstd.
package textfile
