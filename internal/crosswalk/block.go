package crosswalk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Block is the keys of one batch, as the books keep them: committed before the
// first of them is used, so that whoever carries the batch again gives its
// records the same ones. The i-th number, or key, is that of Places[i]; places
// ascend.
type Block struct {
	RunID, EntityID int64
	Slice           int
	Ordinal         int64
	Next            int64 // the key where the batch after it goes on
	Places          []int
	Numbers         []int64  // keys that are numbers of a space
	Keys            []string // keys that begin with a parent's; empty where no number was left for one
}

// The versions of the payload. numbersVersion: the number of stretches, and for
// each how far its first place and its first number are from those after the
// stretch before, and how long it is: in a stretch both grow by one.
// keysVersion: the number of keys, and for each how far its place is from the
// one before, how many bytes it shares with the key before, and the rest.
const (
	numbersVersion = 1
	keysVersion    = 2
)

func (b *Block) encode() []byte {
	if b.Keys != nil {
		return b.encodeKeys()
	}
	var out []byte
	count := uint64(0)
	place, number := 0, int64(0)
	for at := 0; at < len(b.Places); {
		end := at + 1
		for end < len(b.Places) && b.Places[end] == b.Places[end-1]+1 && b.Numbers[end] == b.Numbers[end-1]+1 {
			end++
		}
		out = binary.AppendVarint(out, int64(b.Places[at]-place))
		out = binary.AppendVarint(out, b.Numbers[at]-number)
		out = binary.AppendUvarint(out, uint64(end-at))
		place, number = b.Places[end-1]+1, b.Numbers[end-1]+1
		count++
		at = end
	}
	return append(binary.AppendUvarint([]byte{numbersVersion}, count), out...)
}

var errBlock = errors.New("a block of keys in the books is damaged")

func (b *Block) decode(payload []byte) error {
	if len(payload) > 0 && payload[0] == keysVersion {
		return b.decodeKeys(payload[1:])
	}
	if len(payload) == 0 || payload[0] != numbersVersion {
		return errBlock
	}
	payload = payload[1:]
	bad := false
	signed := func() int64 {
		n, size := binary.Varint(payload)
		if bad = bad || size <= 0; bad {
			return 0
		}
		payload = payload[size:]
		return n
	}
	unsigned := func() uint64 {
		n, size := binary.Uvarint(payload)
		if bad = bad || size <= 0; bad {
			return 0
		}
		payload = payload[size:]
		return n
	}
	place, number := 0, int64(0)
	for range unsigned() {
		place, number = place+int(signed()), number+signed()
		for range unsigned() {
			b.Places, b.Numbers = append(b.Places, place), append(b.Numbers, number)
			place, number = place+1, number+1
		}
		if bad {
			return errBlock
		}
	}
	return nil
}

// bounds are the lowest and the highest number; none where there is no number.
func (b *Block) bounds() (first, last int64) {
	if len(b.Numbers) == 0 {
		return 0, -1
	}
	first, last = b.Numbers[0], b.Numbers[0]
	for _, n := range b.Numbers {
		first, last = min(first, n), max(last, n)
	}
	return first, last
}

// FindBlock reads the batch's keys back; found is false where none were reserved.
func (s *Store) FindBlock(ctx context.Context, tx sqldb.Tx, b *Block) (found bool, err error) {
	row, found, err := s.books.One(ctx, tx, "SELECT payload, next_key FROM {key_block} WHERE run_id = ? AND entity_id = ? AND slice_no = ? AND ordinal = ?",
		b.RunID, b.EntityID, int64(b.Slice), b.Ordinal)
	if err != nil || !found {
		return false, err
	}
	b.Next, b.Places, b.Numbers, b.Keys = row[1].Int(), nil, nil, nil
	return true, b.decode([]byte(row[0].Raw()))
}

// ReserveBlock writes the batch's keys down for the first time; space is empty
// for keys that begin with a parent's.
func (s *Store) ReserveBlock(ctx context.Context, tx sqldb.Tx, space string, b *Block) error {
	first, last := b.bounds()
	_, err := s.books.Exec(ctx, tx, "INSERT INTO {key_block} (run_id, entity_id, slice_no, ordinal, space, table_id, first_key, last_key, next_key, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		b.RunID, b.EntityID, int64(b.Slice), b.Ordinal, space, s.TableID, first, last, b.Next, b.encode())
	return err
}

// SettleBlock keeps of the batch's keys those that its records have used in the end.
// It is part of the batch's transaction.
func (s *Store) SettleBlock(ctx context.Context, tx sqldb.Tx, b *Block) error {
	first, last := b.bounds()
	changed, err := s.books.Exec(ctx, tx, "UPDATE {key_block} SET first_key = ?, last_key = ?, payload = ? WHERE run_id = ? AND entity_id = ? AND slice_no = ? AND ordinal = ?",
		first, last, b.encode(), b.RunID, b.EntityID, int64(b.Slice), b.Ordinal)
	if err == nil && changed != 1 {
		err = fmt.Errorf("the block of keys of a batch is not in the books any more")
	}
	return err
}

// overlapping hands over the numbers between from and to of all blocks of the
// space and of its tables.
func (s *Space) overlapping(ctx context.Context, tx sqldb.Tx, from, to int64, mark func(int64)) error {
	return s.books.Query(ctx, tx, func(row []record.Value) error {
		var b Block
		if err := b.decode([]byte(row[0].Raw())); err != nil {
			return err
		}
		for _, n := range b.Numbers {
			if n >= from && n <= to {
				mark(n)
			}
		}
		return nil
	}, "SELECT payload FROM {key_block} WHERE (space = ? OR table_id IN ("+s.tableIDs()+")) AND last_key >= ? AND first_key <= ?", s.Name, from, to)
}

func (b *Block) encodeKeys() []byte {
	out := binary.AppendUvarint([]byte{keysVersion}, uint64(len(b.Keys)))
	place, before := 0, ""
	for i, key := range b.Keys {
		shared := 0
		for shared < len(before) && shared < len(key) && before[shared] == key[shared] {
			shared++
		}
		out = binary.AppendUvarint(out, uint64(b.Places[i]-place))
		out = binary.AppendUvarint(out, uint64(shared))
		out = binary.AppendUvarint(out, uint64(len(key)-shared))
		out = append(out, key[shared:]...)
		place, before = b.Places[i], key
	}
	return out
}

func (b *Block) decodeKeys(payload []byte) error {
	next := func() int {
		n, size := binary.Uvarint(payload)
		if size <= 0 {
			payload = nil
			return -1
		}
		payload = payload[size:]
		return int(n)
	}
	count := next()
	b.Keys = []string{}
	place, before := 0, ""
	for range count {
		place += next()
		shared, rest := next(), next()
		if shared < 0 || rest < 0 || shared > len(before) || rest > len(payload) {
			return errBlock
		}
		before = before[:shared] + string(payload[:rest])
		payload = payload[rest:]
		b.Places, b.Keys = append(b.Places, place), append(b.Keys, before)
	}
	if count < 0 {
		return errBlock
	}
	return nil
}
