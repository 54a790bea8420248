package dataload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"unicode/utf8"

	"landfall/internal/connector/textfile"
)

// scan is what is found by looking at every byte of the file before anything is
// sent.
type scan struct {
	marked bool // it starts with a byte order mark
}

// InputError says what is wrong with the data file as a whole. Nothing has been
// sent.
type InputError struct{ text string }

func (e *InputError) Error() string { return e.text }

func inputf(format string, args ...any) error { return &InputError{fmt.Sprintf(format, args...)} }

// scanText holds every byte of the file against UTF-8. Lines end in LF, as
// editors count them; bytes are counted from 0.
func scanText(ctx context.Context, path string) (*scan, error) {
	file, err := textfile.Open(ctx, path, "utf-8")
	if err != nil {
		return nil, inputf("%s: nothing was sent", err)
	}
	text, err := file.Text(ctx, 0)
	if err != nil {
		return nil, inputf("%s: nothing was sent", err)
	}
	defer text.Close()
	buf := make([]byte, textfile.BufferSize)
	held, line, passed := 0, int64(1), text.Place(0)
	for {
		n, err := text.Read(buf[held:])
		held += n
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return nil, err
		}
		whole := held
		if !ended {
			whole = wholeRunes(buf[:held])
		}
		if at := firstBad(buf[:whole]); at >= 0 {
			line += int64(bytes.Count(buf[:at], []byte{'\n'}))
			return nil, inputf("%s: line %d is not UTF-8 text: byte %d of the file (0x%02X) begins no character. Nothing was sent: convert the file to UTF-8", filepath.Base(path), line, passed+int64(at), buf[at])
		}
		line += int64(bytes.Count(buf[:whole], []byte{'\n'}))
		passed += int64(whole)
		held = copy(buf, buf[whole:held])
		if ended {
			return &scan{marked: file.Marked}, nil
		}
	}
}

// wholeRunes is how much of b does not end within a character.
func wholeRunes(b []byte) int {
	for back := 1; back <= min(len(b), utf8.UTFMax-1); back++ {
		if at := len(b) - back; utf8.RuneStart(b[at]) {
			if utf8.FullRune(b[at:]) {
				return len(b)
			}
			return at
		}
	}
	return len(b)
}

// firstBad is where the first byte stands that begins no character, or -1.
func firstBad(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	at := 0
	for at < len(b) {
		r, size := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		at += size
	}
	return at
}
