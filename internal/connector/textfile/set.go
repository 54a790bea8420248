package textfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"landfall/internal/source"
)

// Set is the files that one entity is read from: one, or all that a pattern
// matches. Each is a slice.
type Set struct {
	Files   []*File
	pattern bool
}

// OpenSet opens the file of that path, or all files that its last part is a
// pattern of.
func OpenSet(ctx context.Context, path, encoding string) (*Set, error) {
	paths, pattern, err := find(path)
	if err != nil {
		return nil, err
	}
	s := &Set{pattern: pattern}
	for _, path := range paths {
		file, err := Open(ctx, path, encoding)
		if err != nil {
			return nil, err
		}
		s.Files = append(s.Files, file)
	}
	return s, nil
}

// Slices is a slice for each file; records are not counted beforehand.
func (s *Set) Slices() []source.Slice {
	slices := make([]source.Slice, len(s.Files))
	for i, file := range s.Files {
		slices[i] = source.Slice{Number: i, Name: file.Base, Count: -1, Bytes: file.Bytes()}
	}
	return slices
}

// Of finds the file of a slice.
func (s *Set) Of(slice source.Slice) (int, error) {
	if slice.Number < 0 || slice.Number >= len(s.Files) || slice.Name != "" && slice.Name != s.Files[slice.Number].Base {
		return 0, fmt.Errorf("file %d of the input was %s and is not any more", slice.Number+1, slice.Name)
	}
	return slice.Number, nil
}

// Fingerprint is each file's size and SHA-256; of several, their names as well.
func (s *Set) Fingerprint(ctx context.Context) ([]source.Fact, error) {
	var facts []source.Fact
	prefix := ""
	if s.pattern {
		names := make([]string, len(s.Files))
		for i, file := range s.Files {
			names[i] = file.Base
		}
		facts = append(facts, source.Fact{Name: "files", Value: strings.Join(names, ", ")})
	}
	for _, file := range s.Files {
		if s.pattern {
			prefix = file.Base + " "
		}
		size, sum, err := file.sum(ctx)
		if err != nil {
			return nil, err
		}
		facts = append(facts, source.Fact{Name: prefix + "size", Value: strconv.FormatInt(size, 10)}, source.Fact{Name: prefix + "sha256", Value: sum})
	}
	return facts, nil
}

// sum reads the file as it lies there, packed or not.
func (f *File) sum(ctx context.Context) (int64, string, error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return 0, "", missing(f.Path, err)
	}
	defer file.Close()
	sum := sha256.New()
	// The stream hides the file's own ReadFrom and WriteTo, so that a cancelled
	// run does not first read a large file to its end.
	n, err := io.CopyBuffer(sum, &stream{ctx: ctx, file: file, of: f}, make([]byte, BufferSize))
	return n, hex.EncodeToString(sum.Sum(nil)), err
}
