package dedupe

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Spool is a list of texts on disk, to be walked through in the order in which
// they came, once all are there. It is for one goroutine.
type Spool struct {
	file *scratch
	out  *bufio.Writer
}

// NewSpool makes an empty list in a folder, the system's temporary one when dir
// is empty.
func NewSpool(dir string) (*Spool, error) {
	file, err := newScratch(dir)
	if err != nil {
		return nil, err
	}
	return &Spool{file: file, out: bufio.NewWriterSize(file, 64<<10)}, nil
}

// Append adds a text.
func (s *Spool) Append(text []byte) error {
	var size [binary.MaxVarintLen64]byte
	s.out.Write(size[:binary.PutUvarint(size[:], uint64(len(text)))]) // the error sticks
	_, err := s.out.Write(text)
	return err
}

// All walks through the list. A text is only valid until the next one. An error
// ends the walk.
func (s *Spool) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if err := s.out.Flush(); err != nil {
			yield(nil, err)
			return
		}
		in := bufio.NewReaderSize(io.NewSectionReader(s.file, 0, 1<<62), 64<<10)
		var text []byte
		for {
			size, err := binary.ReadUvarint(in)
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				if uint64(cap(text)) < size {
					text = make([]byte, size)
				}
				text = text[:size]
				_, err = io.ReadFull(in, text)
			}
			if err != nil {
				yield(nil, fmt.Errorf("reading what was put aside: %w", err))
				return
			}
			if !yield(text, nil) {
				return
			}
		}
	}
}

// Close removes the list. It may be called twice.
func (s *Spool) Close() error {
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return file.close()
}
