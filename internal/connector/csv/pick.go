package csv

import (
	"context"

	"landfall/internal/record"
	"landfall/internal/source"
)

// picker passes on the records that are wanted. It reads to the end, for a key
// may stand in the file twice.
type picker struct {
	*reader
	wanted source.Wanted
}

// Pick reads the whole file and yields the records whose key is wanted.
func (o *Origin) Pick(ctx context.Context, _ source.Slice, wanted source.Wanted) (source.Reader, error) {
	r, err := o.open(ctx, source.Position{})
	if err != nil {
		return nil, err
	}
	return &picker{reader: r, wanted: wanted}, nil
}

// Read returns the next record that is wanted.
func (p *picker) Read() (*record.Record, *record.Rejection, error) {
	for {
		rec, rejection, err := p.reader.Read()
		if err != nil || rec.Ref.Key != "" && p.wanted.Has(rec.Ref.Key) {
			return rec, rejection, err
		}
	}
}
