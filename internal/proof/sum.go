package proof

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math/bits"

	"landfall/internal/record"
)

// mostParts is into how many parts a table's rows are divided at most: several
// changes are told apart as long as they fall into different ones.
const mostParts = 64

// rowsInPart is how many rows a part has before there are more of them.
const rowsInPart = 256

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// part sums up rows in any order.
type part struct {
	rows    int64
	hashes  [4]uint64   // the sum of the rows' SHA-256, the lowest word first
	columns [][2]uint64 // plain and weighted sums of each column
}

func (p *part) add(other *part) {
	p.rows += other.rows
	p.hashes = add256(p.hashes, other.hashes)
	for c := range p.columns {
		for i := range p.columns[c] {
			p.columns[c][i] = (p.columns[c][i] + other.columns[c][i]) % Prime
		}
	}
}

func add256(a, b [4]uint64) (sum [4]uint64) {
	carry := uint64(0)
	for i := range a {
		sum[i], carry = bits.Add64(a[i], b[i], carry)
	}
	return sum
}

// summer takes rows of one table.
type summer struct {
	key    []int // places of the primary key's cells
	hashed int   // cells from here on may be purged: they have sums, and are not hashed
	parts  [mostParts]part
	buf    []byte
}

func newSummer(key []int, columns, hashed int) *summer {
	s := &summer{key: key, hashed: hashed}
	for i := range s.parts {
		s.parts[i].columns = make([][2]uint64, columns)
	}
	return s
}

// weigh makes a number of the row's key: FNV-1a, which is never 0.
func (s *summer) weigh(row []record.Value) uint64 {
	s.buf = s.buf[:0]
	for _, at := range s.key {
		s.buf = row[at].AppendBinary(s.buf)
	}
	h := uint64(14695981039346656037)
	for _, b := range s.buf {
		h = (h ^ uint64(b)) * 1099511628211
	}
	// The lowest bits of a key that counts up differ in few ways; mix them.
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	return h%(Prime-1) + 1
}

// checksum of a cell; NULL and empty differ, and it is never 0.
func (s *summer) checksum(cell record.Value) uint64 {
	s.buf = cell.AppendBinary(s.buf[:0])
	return uint64(crc32.Checksum(s.buf, castagnoli)) + 1
}

func (s *summer) row(row []record.Value) {
	weight := s.weigh(row)
	p := &s.parts[weight%mostParts]
	p.rows++
	s.buf = s.buf[:0]
	at := 0
	for c, cell := range row {
		s.buf = cell.AppendBinary(s.buf)
		sum := uint64(crc32.Checksum(s.buf[at:], castagnoli)) + 1
		at = len(s.buf)
		if c+1 == s.hashed {
			hash := sha256.Sum256(s.buf)
			var words [4]uint64
			for i := range words {
				words[i] = binary.LittleEndian.Uint64(hash[8*i:])
			}
			p.hashes = add256(p.hashes, words)
		}
		sums := &p.columns[c]
		sums[0] = (sums[0] + sum) % Prime
		sums[1] = (sums[1] + Mul(weight, sum)) % Prime
	}
}

func (s *summer) rows() int64 {
	n := int64(0)
	for i := range s.parts {
		n += s.parts[i].rows
	}
	return n
}

// fold makes fewer parts, a power of two of them.
func (s *summer) fold(into int) []part {
	folded := make([]part, into)
	for i := range folded {
		folded[i].columns = make([][2]uint64, len(s.parts[0].columns))
	}
	for i := range s.parts {
		folded[i%into].add(&s.parts[i])
	}
	return folded
}

// partsFor is how many parts so many rows are kept in.
func partsFor(rows int64) int {
	n := 1
	for n < mostParts && rows > int64(n)*rowsInPart {
		n *= 2
	}
	return n
}

// Part is a part as a report holds it.
type Part struct {
	Rows   int64  `json:"rows"`
	Hashes string `json:"hashes"` // the sum of the rows' SHA-256, in hexadecimal, the lowest byte first
	Sums   string `json:"sums"`   // base64: for each column its two sums, 8 bytes each, the highest first
}

func (p *part) stored() Part {
	var hashes []byte
	for _, word := range p.hashes {
		hashes = binary.LittleEndian.AppendUint64(hashes, word)
	}
	var sums []byte
	for _, column := range p.columns {
		sums = binary.BigEndian.AppendUint64(sums, column[0])
		sums = binary.BigEndian.AppendUint64(sums, column[1])
	}
	return Part{Rows: p.rows, Hashes: hex.EncodeToString(hashes), Sums: base64.StdEncoding.EncodeToString(sums)}
}

func (p *Part) read(columns int) (part, error) {
	out := part{rows: p.Rows, columns: make([][2]uint64, columns)}
	hashes, err := hex.DecodeString(p.Hashes)
	if err != nil || len(hashes) != sha256.Size {
		return out, fmt.Errorf("a digest of %q is no hash", p.Hashes)
	}
	for i := range out.hashes {
		out.hashes[i] = binary.LittleEndian.Uint64(hashes[8*i:])
	}
	sums, err := base64.StdEncoding.DecodeString(p.Sums)
	if err != nil || len(sums) != 16*columns {
		return out, fmt.Errorf("a digest has sums of %d bytes, expected %d", len(sums), 16*columns)
	}
	for i := range out.columns {
		out.columns[i] = [2]uint64{binary.BigEndian.Uint64(sums[16*i:]), binary.BigEndian.Uint64(sums[16*i+8:])}
	}
	return out, nil
}
