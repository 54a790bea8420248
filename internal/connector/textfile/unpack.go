package textfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// packing is one way of compressing files.
type packing struct {
	name   string
	ending string
	magic  []byte
	open   func(io.Reader) (io.ReadCloser, error)
}

var packings = []*packing{
	{"gzip", ".gz", []byte{0x1f, 0x8b, 0x08}, func(in io.Reader) (io.ReadCloser, error) { return gzip.NewReader(in) }},
	{"zstd", ".zst", []byte{0x28, 0xb5, 0x2f, 0xfd}, openZstd},
}

// openZstd unpacks in the caller's goroutine; a file may ask for as much memory
// as the zstd command grants it without being asked.
func openZstd(in io.Reader) (io.ReadCloser, error) {
	decoder, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
	if err != nil {
		return nil, err
	}
	return decoder.IOReadCloser(), nil
}

// PlainName is a file's name without the ending of a packing.
func PlainName(name string) string {
	for _, p := range packings {
		if len(name) > len(p.ending) && strings.EqualFold(name[len(name)-len(p.ending):], p.ending) {
			return name[:len(name)-len(p.ending)]
		}
	}
	return name
}

// findPacking goes by the content: a packed file that was renamed is read, and
// one that is not what its name says is refused.
func (f *File) findPacking(file *os.File) (*packing, error) {
	head := make([]byte, 4)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for _, p := range packings {
		if bytes.HasPrefix(head[:n], p.magic) {
			return p, nil
		}
	}
	for _, p := range packings {
		if strings.EqualFold(f.Base[len(PlainName(f.Base)):], p.ending) {
			return nil, fmt.Errorf("%s is not packed with %s, as its name says", f.Base, p.name)
		}
	}
	return nil, nil
}

// unpacked reads the content of a packed file.
type unpacked struct {
	io.ReadCloser
	in *stream
}

// unpack begins at a place of the content, which can only be reached from the
// front.
func (f *File) unpack(in *stream, from int64) (io.ReadCloser, error) {
	content, err := f.packed.open(in)
	if err != nil {
		in.Close()
		return nil, in.broken(err)
	}
	out := &unpacked{ReadCloser: content, in: in}
	skipped, err := io.CopyN(io.Discard, out, from)
	if errors.Is(err, io.EOF) {
		err = f.tooFar(skipped, from)
	}
	if err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

// Read tells a file that is cut from one that ends.
func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = u.in.broken(err)
	}
	return n, err
}

func (u *unpacked) Close() error { return errors.Join(u.ReadCloser.Close(), u.in.Close()) }

// broken tells what the packing refuses from what kept the file from being
// read, such as that the run was cancelled.
func (s *stream) broken(err error) error {
	if s.failed != nil {
		return s.failed
	}
	return fmt.Errorf("%s cannot be unpacked: is the file complete? (%s: %w)", s.of.Base, s.of.packed.name, err)
}
