package textfile

import (
	"landfall/internal/record"
	"landfall/internal/source"
)

// slab is how many records are allocated at a time, and slabValues how many
// values. They go through a batch together, so none keeps the others alive for
// long.
const (
	slab       = 64
	slabValues = 8 << 10
)

// Slab makes records for one reader.
type Slab struct {
	values  []record.Value
	records []record.Record
}

// Record makes a record with room for so many values.
func (s *Slab) Record(entity string, number, line int64, width int) *record.Record {
	if len(s.values) < width {
		s.values = make([]record.Value, max(width, min(slab*width, slabValues)))
	}
	if len(s.records) == 0 {
		s.records = make([]record.Record, slab)
	}
	rec := &s.records[0]
	s.records = s.records[1:]
	rec.Ref.Entity, rec.Number, rec.Line = entity, number, line
	rec.Values = s.values[:width:width]
	s.values = s.values[width:]
	return rec
}

// picker passes on the records that are wanted. It reads to the end, for a key
// may stand in the file twice.
type picker struct {
	source.Reader
	wanted source.Wanted
}

// Pick yields a reader's records whose key is wanted.
func Pick(from source.Reader, wanted source.Wanted) source.Reader {
	return &picker{Reader: from, wanted: wanted}
}

// Read returns the next record that is wanted.
func (p *picker) Read() (*record.Record, *record.Rejection, error) {
	for {
		rec, rejection, err := p.Reader.Read()
		if err != nil || rec.Ref.Key != "" && p.wanted.Has(rec.Ref.Key) {
			return rec, rejection, err
		}
	}
}
