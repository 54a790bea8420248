package textfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File is one file as it was when it was opened first: from then on it must
// stay the same.
type File struct {
	Path     string
	Base     string // for messages
	Info     fs.FileInfo
	Encoding *Encoding
	Marked   bool // it starts with a byte order mark

	packed *packing // nil: the file is its content
	start  int64    // where the content's text begins, behind a mark
}

// Open looks at how the file begins: whether it is packed, and in which
// encoding it is where none is declared.
func Open(ctx context.Context, path, declared string) (*File, error) {
	f := &File{Path: path, Base: filepath.Base(path)}
	file, err := os.Open(path)
	if err != nil {
		return nil, missing(path, err)
	}
	defer file.Close()
	if f.Info, err = file.Stat(); err != nil {
		return nil, err
	}
	if !f.Info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	if f.packed, err = f.findPacking(file); err != nil {
		return nil, err
	}
	content, err := f.content(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	head := make([]byte, 1<<10)
	n, err := io.ReadFull(content, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return f, f.findEncoding(head[:n], declared)
}

// Text reads the content on from a place that a Text or Window has told; 0 is
// the beginning.
func (f *File) Text(ctx context.Context, place int64) (*Text, error) {
	place = max(place, f.start)
	content, err := f.content(ctx, place)
	if err != nil {
		return nil, err
	}
	return newText(content, f.Encoding.form, place), nil
}

// Bytes is the size of what places count in, or 0 where it is not known.
func (f *File) Bytes() int64 {
	if f.packed != nil {
		return 0
	}
	return f.Info.Size()
}

// content opens the file's bytes, unpacked.
func (f *File) content(ctx context.Context, from int64) (io.ReadCloser, error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, missing(f.Path, err)
	}
	in := &stream{ctx: ctx, file: file, of: f}
	if err = f.checkUnchanged(file); err != nil {
		file.Close()
		return nil, err
	}
	if f.packed != nil {
		return f.unpack(in, from)
	}
	if from > f.Info.Size() {
		file.Close()
		return nil, f.tooFar(f.Info.Size(), from)
	}
	if _, err := file.Seek(from, io.SeekStart); err != nil {
		file.Close()
		return nil, err
	}
	return in, nil
}

func (f *File) tooFar(size, from int64) error {
	return fmt.Errorf("%s has %d bytes, reading cannot go on at byte %d", f.Base, size, from)
}

// stream reads a file that must stay what it was.
type stream struct {
	ctx    context.Context
	file   *os.File
	of     *File
	failed error // why the file could not be read
}

// Read checks at the end, before the last bytes can be taken for a whole
// record, that nobody cut, changed, replaced or removed the file meanwhile.
func (s *stream) Read(p []byte) (int, error) {
	if s.failed = s.ctx.Err(); s.failed != nil {
		return 0, s.failed
	}
	n, err := s.file.Read(p)
	if n == 0 && errors.Is(err, io.EOF) {
		if s.failed = s.of.checkUnchanged(s.file); s.failed != nil {
			return 0, s.failed
		}
	} else if err != nil {
		s.failed = err
	}
	return n, err
}

func (s *stream) Close() error { return s.file.Close() }

func (f *File) checkUnchanged(file *os.File) error {
	held, err := file.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(f.Path)
	switch {
	case err != nil || !os.SameFile(named, held) || !os.SameFile(named, f.Info):
		return fmt.Errorf("%s was removed or replaced while it was being read", f.Base)
	case held.Size() != f.Info.Size():
		return fmt.Errorf("%s was changed while it was being read: it had %d bytes and has %d", f.Base, f.Info.Size(), held.Size())
	case !held.ModTime().Equal(f.Info.ModTime()):
		return fmt.Errorf("%s was changed while it was being read", f.Base)
	}
	return nil
}
