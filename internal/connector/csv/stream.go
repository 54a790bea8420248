package csv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// stream reads a file that must stay what it was when its Origin was opened.
type stream struct {
	ctx    context.Context
	file   *os.File
	origin *Origin
}

// Read checks at the end, before the last bytes can be taken for a whole
// record, that nobody cut, changed, replaced or removed the file meanwhile.
func (s *stream) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.file.Read(p)
	if n == 0 && errors.Is(err, io.EOF) {
		if changed := s.origin.checkUnchanged(s.file); changed != nil {
			return 0, changed
		}
	}
	return n, err
}

func (o *Origin) checkUnchanged(file *os.File) error {
	held, err := file.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(o.path)
	switch {
	case err != nil || !os.SameFile(named, held) || !os.SameFile(named, o.info):
		return fmt.Errorf("%s was removed or replaced while it was being read", o.base)
	case held.Size() != o.info.Size():
		return fmt.Errorf("%s was changed while it was being read: it had %d bytes and has %d", o.base, o.info.Size(), held.Size())
	case !held.ModTime().Equal(o.info.ModTime()):
		return fmt.Errorf("%s was changed while it was being read", o.base)
	}
	return nil
}
