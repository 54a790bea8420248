package dedupe

import (
	"bufio"
	"errors"
	"io"
)

// fanIn is how many runs of one level become one of the next. So there are at
// most three runs a level, and an entry is rewritten once a level.
const fanIn = 4

// compact merges as long as the newest runs are of one level.
func (s *Seen) compact() error {
	for len(s.runs) >= fanIn {
		from := len(s.runs) - fanIn
		if s.runs[from].level != s.runs[len(s.runs)-1].level {
			return nil
		}
		merged, err := mergeRuns(s.dir, s.bufferSize(), s.runs[from:])
		if err != nil {
			return err
		}
		for _, r := range s.runs[from:] {
			if err := r.file.close(); err != nil {
				return err
			}
		}
		s.runs = append(s.runs[:from], merged)
	}
	return nil
}

// mergeRuns leaves the given runs as they are. No two of them hold the same
// fingerprint, since only its first claim is ever stored.
func mergeRuns(dir string, buffer int, runs []*run) (*run, error) {
	file, err := newScratch(dir)
	if err != nil {
		return nil, err
	}
	merged := &run{file: file, level: runs[0].level + 1}
	if err := merged.fill(buffer, runs); err != nil {
		file.close()
		return nil, err
	}
	return merged, nil
}

func (r *run) fill(buffer int, runs []*run) error {
	var cursors []*cursor
	for _, source := range runs {
		c := newCursor(source, buffer)
		more, err := c.next()
		if err != nil {
			return err
		}
		if more {
			cursors = append(cursors, c)
		}
	}
	w := bufio.NewWriterSize(r.file, buffer)
	var b [entrySize]byte
	for len(cursors) > 0 {
		least := 0
		for i := 1; i < len(cursors); i++ {
			if cursors[i].entry.compare(cursors[least].entry.fingerprint) < 0 {
				least = i
			}
		}
		w.Write(cursors[least].entry.appendTo(b[:0])) // the error sticks until Flush
		r.count++
		more, err := cursors[least].next()
		if err != nil {
			return err
		}
		if !more {
			cursors = append(cursors[:least], cursors[least+1:]...)
		}
	}
	return w.Flush()
}

// cursor walks over a run in order.
type cursor struct {
	in    *bufio.Reader
	entry entry
}

func newCursor(r *run, buffer int) *cursor {
	return &cursor{in: bufio.NewReaderSize(io.NewSectionReader(r.file, 0, r.count*entrySize), buffer)}
}

func (c *cursor) next() (more bool, err error) {
	var b [entrySize]byte
	if _, err := io.ReadFull(c.in, b[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		return false, err
	}
	c.entry = readEntry(b[:])
	return true, nil
}
