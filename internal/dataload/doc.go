// Package dataload stands in for the vendor's loader of the Identity Cloud: the
// same flags, the same files with the same names and columns, the same summary.
// It composes a mapping of what the flags and the file's header say, has the
// ordinary run carry it out, and writes the vendor's files from the books. No
// rule about migrating lives here.
//
// What it cannot do: load a file without a column of the key, since nothing
// could be found again by it; load a file that is not UTF-8.
package dataload
