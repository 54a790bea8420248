package record

import "encoding/binary"

// AppendFront appends a text as what it has beyond the text before it: how many
// bytes the two begin with alike and how many follow, both unsigned varints, and
// then those. Sorted keys, each written after its neighbour, take little room.
func AppendFront(buf []byte, before, text string) []byte {
	shared := 0
	for shared < len(before) && shared < len(text) && before[shared] == text[shared] {
		shared++
	}
	buf = binary.AppendUvarint(buf, uint64(shared))
	buf = binary.AppendUvarint(buf, uint64(len(text)-shared))
	return append(buf, text[shared:]...)
}
