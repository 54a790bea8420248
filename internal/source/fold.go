package source

import (
	"context"

	"landfall/internal/record"
)

// Folded is an origin whose keys are folded: texts that the mapping calls the
// same key are read as one. What the source itself guarantees about its keys no
// longer holds then, and records cannot be looked up by their key: picking reads
// everything.
func Folded(origin Origin, fold func(key string) string) Origin {
	f := folded{Origin: origin, fold: fold}
	if rewriter, ok := origin.(Rewriter); ok {
		return foldedFile{folded: f, Rewriter: rewriter}
	}
	return f
}

type folded struct {
	Origin
	fold func(string) string
}

// foldedFile can still write a file to retry.
type foldedFile struct {
	folded
	Rewriter
}

// KeyProven implements Origin.
func (folded) KeyProven() bool { return false }

// Read implements Origin.
func (f folded) Read(ctx context.Context, slice Slice, after Position) (Reader, error) {
	reader, err := f.Origin.Read(ctx, slice, after)
	if err != nil {
		return nil, err
	}
	return &foldedReader{Reader: reader, fold: f.fold}, nil
}

// Pick implements Origin.
func (f folded) Pick(ctx context.Context, slice Slice, wanted Wanted) (Reader, error) {
	reader, err := f.Origin.Read(ctx, slice, Position{})
	if err != nil {
		return nil, err
	}
	return &foldedReader{Reader: reader, fold: f.fold, wanted: wanted}, nil
}

type foldedReader struct {
	Reader
	fold   func(string) string
	wanted Wanted // nil: all
}

// Read implements Reader.
func (r *foldedReader) Read() (*record.Record, *record.Rejection, error) {
	for {
		rec, rejection, err := r.Reader.Read()
		if err != nil {
			return nil, nil, err
		}
		rec.Ref.Key = r.fold(rec.Ref.Key)
		if rejection != nil {
			rejection.Ref.Key = rec.Ref.Key
		}
		if r.wanted == nil || r.wanted.Has(rec.Ref.Key) {
			return rec, rejection, nil
		}
	}
}
