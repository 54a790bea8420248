package dedupe

import (
	"encoding/binary"
	"fmt"
)

// stackBytes is how much of a Stack is in memory.
const stackBytes = 256 << 10

// Stack is a list of texts on disk that is taken away from its end: the last one
// that came is the first to go. It is for one goroutine.
type Stack struct {
	dir    string
	file   *scratch // nil until the memory was full once
	stored int64    // bytes in the file
	buf    []byte   // what follows them
	mark   [4]byte
}

// NewStack makes an empty list; what does not fit into memory goes to a file in
// dir, the system's temporary folder when it is empty.
func NewStack(dir string) *Stack { return &Stack{dir: dir} }

// Push adds a text.
func (s *Stack) Push(text []byte) error {
	s.buf = append(s.buf, text...)
	s.buf = binary.LittleEndian.AppendUint32(s.buf, uint32(len(text)))
	if len(s.buf) < stackBytes {
		return nil
	}
	if s.file == nil {
		file, err := newScratch(s.dir)
		if err != nil {
			return fmt.Errorf("putting records aside: %w", err)
		}
		s.file = file
	}
	if _, err := s.file.WriteAt(s.buf, s.stored); err != nil {
		return fmt.Errorf("putting records aside: %w", err)
	}
	s.stored += int64(len(s.buf))
	s.buf = s.buf[:0]
	return nil
}

// Pop takes the last text away. It is only valid until the next call; ok is false
// when there is none left.
func (s *Stack) Pop() (text []byte, ok bool, err error) {
	if len(s.buf) == 0 && s.stored == 0 {
		return nil, false, nil
	}
	if err := s.hold(len(s.mark)); err != nil {
		return nil, false, err
	}
	size := int(binary.LittleEndian.Uint32(s.buf[len(s.buf)-len(s.mark):]))
	if err := s.hold(len(s.mark) + size); err != nil {
		return nil, false, err
	}
	end := len(s.buf) - len(s.mark)
	text = s.buf[end-size : end]
	s.buf = s.buf[:end-size]
	return text, true, nil
}

// hold makes sure that the last bytes, so many of them, are in memory.
func (s *Stack) hold(size int) error {
	if len(s.buf) >= size {
		return nil
	}
	more := min(s.stored, int64(max(size-len(s.buf), stackBytes)))
	grown := make([]byte, more, more+int64(len(s.buf)))
	if _, err := s.file.ReadAt(grown, s.stored-more); err != nil {
		return fmt.Errorf("reading what was put aside: %w", err)
	}
	s.stored -= more
	s.buf = append(grown, s.buf...)
	return nil
}

// Close removes the list. It may be called twice.
func (s *Stack) Close() error {
	if s == nil || s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return file.close()
}
