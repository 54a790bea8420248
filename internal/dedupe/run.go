package dedupe

import (
	"bufio"
	"math/bits"
)

// blockEntries is how many entries one read of a search takes in: about a page.
const blockEntries = 170

// run is a file of entries in the order of their fingerprints.
type run struct {
	file  *scratch
	count int64
	level int // how many generations of merging are behind it
}

func writeRun(dir string, buffer int, entries []entry) (*run, error) {
	file, err := newScratch(dir)
	if err != nil {
		return nil, err
	}
	w := bufio.NewWriterSize(file, buffer)
	var b [entrySize]byte
	for i := range entries {
		w.Write(entries[i].appendTo(b[:0])) // the error sticks until Flush
	}
	if err := w.Flush(); err != nil {
		file.close()
		return nil, err
	}
	return &run{file: file, count: int64(len(entries))}, nil
}

// search finds a fingerprint with few reads and no index in memory: the
// fingerprints are evenly spread, so their value tells where they stand, off by
// about the root of the count.
func (r *run) search(f fingerprint, block []byte) (offset int64, found bool, err error) {
	low, high := int64(0), r.count // the entry stands in [low, high) if anywhere
	guess := r.share(f.hi)
	for probes := 0; low < high; probes++ {
		if probes > 8 { // out of luck: halve
			guess = low + (high-low)/2
		}
		start := max(min(guess-blockEntries/2, high-blockEntries), low)
		n := min(int64(blockEntries), high-start)
		if _, err := r.file.ReadAt(block[:n*entrySize], start*entrySize); err != nil {
			return 0, false, err
		}
		first, last := readEntry(block), readEntry(block[(n-1)*entrySize:])
		switch {
		case f.compare(first.fingerprint) < 0:
			high = start
			guess = start - r.share(first.hi-f.hi)
		case f.compare(last.fingerprint) > 0:
			low = start + n
			guess = low + r.share(f.hi-last.hi)
		default:
			offset, found = searchBlock(f, block[:n*entrySize])
			return offset, found, nil
		}
	}
	return 0, false, nil
}

// share is how many of the run's entries lie in a part of the number range.
func (r *run) share(part uint64) int64 {
	high, _ := bits.Mul64(part, uint64(r.count))
	return int64(high)
}

func searchBlock(f fingerprint, block []byte) (offset int64, found bool) {
	low, high := 0, len(block)/entrySize
	for low < high {
		middle := (low + high) / 2
		e := readEntry(block[middle*entrySize:])
		switch order := f.compare(e.fingerprint); {
		case order == 0:
			return e.offset(), true
		case order < 0:
			high = middle
		default:
			low = middle + 1
		}
	}
	return 0, false
}
