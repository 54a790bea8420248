// Package proof tells whether the books still say what they said: digests of
// everything a run wrote, by which any change is found and, as far as it can be
// known, named.
//
// A digest is over a set of rows, in whatever order they are read, and takes
// the same small room however many they are. It holds the sum of the rows'
// SHA-256, which no change escapes, and for every column two sums of the cells'
// checksums: plain, and each times a weight that is made of the row's key. When
// one row changed, the second difference is the first times the weight, so the
// two together name the row and its column.
package proof
