// Package lawtest holds whole runs to the laws that Landfall promises: every
// record has one end, the first of two comes first, a second run writes
// nothing, a resumed run equals an unbroken one. It has tests alone.
package lawtest
