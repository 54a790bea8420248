package dedupe

import (
	"encoding/binary"
	"errors"
	"io"
)

// firsts holds the first records one behind the other: number, length of key,
// key. It is written through a buffer and read only when a duplicate is found.
type firsts struct {
	dir     string
	file    *scratch // nil until the buffer was full once
	flushed int64
	buf     []byte
}

func newFirsts(dir string, size int) *firsts {
	return &firsts{dir: dir, buf: make([]byte, 0, size)}
}

// append stores a first and returns its offset.
func (f *firsts) append(key string, number int64) (int64, error) {
	if size := len(key) + 2*binary.MaxVarintLen64; len(f.buf)+size > cap(f.buf) {
		if err := f.flush(); err != nil {
			return 0, err
		}
	}
	offset := f.flushed + int64(len(f.buf))
	f.buf = binary.AppendVarint(f.buf, number)
	f.buf = binary.AppendUvarint(f.buf, uint64(len(key)))
	f.buf = append(f.buf, key...)
	return offset, nil
}

func (f *firsts) flush() (err error) {
	if len(f.buf) == 0 {
		return nil
	}
	if f.file == nil {
		if f.file, err = newScratch(f.dir); err != nil {
			return err
		}
	}
	if _, err = f.file.WriteAt(f.buf, f.flushed); err != nil {
		return err
	}
	f.flushed += int64(len(f.buf))
	f.buf = f.buf[:0]
	return nil
}

func (f *firsts) read(offset int64) (First, error) {
	if offset >= f.flushed {
		first, _ := parseFirst(f.buf[offset-f.flushed:])
		return first, nil
	}
	for size := int64(256); ; size *= 4 {
		b := make([]byte, min(size, f.flushed-offset))
		if _, err := f.file.ReadAt(b, offset); err != nil && !errors.Is(err, io.EOF) {
			return First{}, err
		}
		if first, ok := parseFirst(b); ok {
			return first, nil
		}
		if size >= f.flushed-offset {
			return First{}, io.ErrUnexpectedEOF
		}
	}
}

// parseFirst answers false when the bytes end before the key does.
func parseFirst(b []byte) (First, bool) {
	number, n := binary.Varint(b)
	if n <= 0 {
		return First{}, false
	}
	size, m := binary.Uvarint(b[n:])
	b = b[n+max(m, 0):]
	if m <= 0 || uint64(len(b)) < size {
		return First{}, false
	}
	return First{Key: string(b[:size]), Number: number}, true
}

func (f *firsts) close() error {
	if f.file == nil {
		return nil
	}
	file := f.file
	f.file = nil
	return file.close()
}
