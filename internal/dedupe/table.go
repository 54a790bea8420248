package dedupe

import (
	"math/bits"
	"slices"
)

// table is a hash table with open addressing that grows up to a limit. A slot
// follows from the fingerprint's share of the number range, so that any number
// of slots will do and the slots are nearly in the order that a run wants.
type table struct {
	slots []entry
	used  int
	limit int // most slots
}

func newTable(limit int) *table {
	return &table{slots: make([]entry, min(limit, 1024)), limit: limit}
}

// find returns the fingerprint's slot, or the empty one where it belongs.
func (t *table) find(f fingerprint) (slot int, found bool) {
	high, _ := bits.Mul64(f.hi, uint64(len(t.slots)))
	slot = int(high)
	for !t.slots[slot].empty() {
		if t.slots[slot].fingerprint == f {
			return slot, true
		}
		if slot++; slot == len(t.slots) {
			slot = 0
		}
	}
	return slot, false
}

// insert fills the slot that find returned. It answers false when the table
// has no room for another entry.
func (t *table) insert(slot int, e entry) bool {
	t.slots[slot] = e
	t.used++
	if t.used < len(t.slots)/4*3 {
		return true
	}
	if len(t.slots) >= t.limit {
		return false
	}
	t.grow()
	return true
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]entry, min(len(old)*2, t.limit))
	for _, e := range old {
		if !e.empty() {
			slot, _ := t.find(e.fingerprint)
			t.slots[slot] = e
		}
	}
}

// sorted moves the entries to the front of the slots, in order, for there is
// no memory to copy them to; only clear may follow.
func (t *table) sorted() []entry {
	n := 0
	for _, e := range t.slots {
		if !e.empty() {
			t.slots[n] = e
			n++
		}
	}
	entries := t.slots[:n]
	slices.SortFunc(entries, func(a, b entry) int { return a.compare(b.fingerprint) })
	return entries
}

func (t *table) clear() {
	clear(t.slots)
	t.used = 0
}
