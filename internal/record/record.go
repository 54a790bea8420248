package record

// Record is one source row on its way. Number counts the records of its slice
// from 1 (a file's header is not counted); Line is the physical line on which
// the record starts, counted from 1 with the header, and 0 where there are no
// lines. Values stand in the order of the source's columns.
type Record struct {
	Ref    Ref
	Number int64
	Line   int64
	Values []Value
}

// Size is the bytes of source content the record brings into a batch.
func (r *Record) Size() int {
	size := 48 + len(r.Ref.Key)
	for i := range r.Values {
		size += r.Values[i].Size()
	}
	return size
}
