// Package dedupe answers which records of an input are the same thing. Seen
// finds the second record that shows a key or a tuple which the target wants
// unique, in memory that does not grow with the input.
package dedupe

import "fmt"

// Seen remembers which tuples an entity's input has shown so far, each with
// the key and number of the record that showed it first. Tuples are told apart
// by 128 bits of SHA-256: two tuples that differ are never taken for one.
//
// Memory holds the newest tuples in a table. A full table becomes a sorted run
// on disk; a Bloom filter over all runs spares most new tuples the search, and
// runs are merged so that a search looks into few. Seen is for one goroutine.
// After an error it must only be closed.
type Seen struct {
	dir    string
	memory int
	table  *table
	firsts *firsts
	bloom  *bloom // nil until the first run
	runs   []*run // oldest and largest first
	block  []byte // one block of a run, while searching
}

// First is the record that claimed a tuple.
type First struct {
	Key    string
	Number int64
}

// NewSeen makes an empty set that keeps to about memoryBytes. Small inputs stay
// in memory; larger ones spill to files in dir (the system's temporary folder
// when it is empty), which Close removes.
func NewSeen(dir string, memoryBytes int) *Seen {
	memory := max(memoryBytes, 64<<10)
	return &Seen{
		dir:    dir,
		memory: memory,
		table:  newTable(memory * 3 / 8 / entrySize),
		firsts: newFirsts(dir, min(memory/16, 1<<20)),
	}
}

// Claim takes the tuple for the record (its Ref's key and its number), or
// returns the record that already has it. Equality is of the tuple's bytes, so
// the caller encodes values so that no two tuples read the same.
func (s *Seen) Claim(tuple []byte, ref string, number int64) (first First, claimed bool, err error) {
	f := fingerprintOf(tuple)
	slot, found := s.table.find(f)
	if found {
		first, err = s.firsts.read(s.table.slots[slot].offset())
		return first, false, wrap(err)
	}
	if s.bloom != nil && s.bloom.mayHold(f) {
		offset, found, err := s.search(f)
		if err != nil {
			return First{}, false, wrap(err)
		}
		if found {
			first, err = s.firsts.read(offset)
			return first, false, wrap(err)
		}
	}
	offset, err := s.firsts.append(ref, number)
	if err != nil {
		return First{}, false, wrap(err)
	}
	if s.table.insert(slot, newEntry(f, offset)) {
		return First{}, true, nil
	}
	return First{}, true, wrap(s.spill())
}

// Has reports whether the tuple is claimed.
func (s *Seen) Has(tuple []byte) (bool, error) {
	f := fingerprintOf(tuple)
	if _, found := s.table.find(f); found {
		return true, nil
	}
	if s.bloom == nil || !s.bloom.mayHold(f) {
		return false, nil
	}
	_, found, err := s.search(f)
	return found, wrap(err)
}

// search asks the newest runs first: keys that come twice tend to come close.
func (s *Seen) search(f fingerprint) (offset int64, found bool, err error) {
	if s.block == nil {
		s.block = make([]byte, blockEntries*entrySize)
	}
	for i := len(s.runs) - 1; i >= 0; i-- {
		if offset, found, err = s.runs[i].search(f, s.block); found || err != nil {
			return offset, found, err
		}
	}
	return 0, false, nil
}

// spill turns the full table into a run and empties it.
func (s *Seen) spill() error {
	if s.bloom == nil {
		s.bloom = newBloom(s.memory / 2)
	}
	entries := s.table.sorted()
	for i := range entries {
		s.bloom.add(entries[i].fingerprint)
	}
	r, err := writeRun(s.dir, s.bufferSize(), entries)
	if err != nil {
		return err
	}
	s.table.clear()
	s.runs = append(s.runs, r)
	return s.compact()
}

func (s *Seen) bufferSize() int { return min(max(s.memory/64, 4<<10), 256<<10) }

// Close removes the spill files. It may be called twice.
func (s *Seen) Close() error {
	err := s.firsts.close()
	for _, r := range s.runs {
		if e := r.file.close(); err == nil {
			err = e
		}
	}
	s.runs = nil
	return wrap(err)
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("remembering the keys seen: %w", err)
}
