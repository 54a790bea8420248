package crosswalk

import (
	"encoding/binary"

	"landfall/internal/record"
)

// Once is what a row held, when a run inserted it, in columns that are never
// written again: a shape of their own, and a shorter hash. In the books it
// stands behind the entry's hash. The zero Once says nothing.
type Once struct {
	ShapeID int64
	Sum     [12]byte
}

// onceSize is how many bytes the books keep of it: the shape's number in 4, the
// highest first, then the hash.
const onceSize = 4 + len(Once{}.Sum)

// OnceOf is the Once of a row whose columns of the shape have the hash.
func OnceOf(shapeID int64, hash record.Hash) Once {
	once := Once{ShapeID: shapeID}
	copy(once.Sum[:], hash[:])
	return once
}

// hashes is what the books keep in the column hash.
func (r *Row) hashes() record.Value {
	if r.Once.ShapeID == 0 {
		return record.Bytes(r.Hash[:])
	}
	var room [len(record.Hash{}) + onceSize]byte // on the stack: a load makes one for each row
	all := append(room[:0], r.Hash[:]...)
	all = binary.BigEndian.AppendUint32(all, uint32(r.Once.ShapeID))
	return record.Bytes(append(all, r.Once.Sum[:]...))
}

// readHashes takes apart what the books keep in the column hash.
func (r *Row) readHashes(raw string) {
	switch len(raw) {
	case len(r.Hash) + onceSize:
		behind := raw[len(r.Hash):]
		r.Once.ShapeID = int64(binary.BigEndian.Uint32([]byte(behind[:4])))
		copy(r.Once.Sum[:], behind[4:])
	case len(r.Hash):
	default:
		return
	}
	copy(r.Hash[:], raw)
	r.HasHash = true
}
