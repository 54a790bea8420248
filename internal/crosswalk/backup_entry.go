package crosswalk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"landfall/internal/record"
)

// Saved is an entry in a backup. Entity and Table are places in the header's
// lists; Shape, OnceShape, First and Last are, too, but one higher, and 0 stands
// for none that the books knew.
type Saved struct {
	Entity, Table, Shape, OnceShape, First, Last int
	Row                                          // its numbers of tables, shapes and runs are not filled in
	Scope                                        string
}

// An entry is: role and state, a byte each; what hash follows the rest (0: none,
// 1: one, 2: one and that of columns that are written once), a byte; entity,
// table, shape, first and last run as unsigned varints; the record's number as a
// signed varint; source and target key, each as the length that it shares with
// the one before, the length of the rest, and the rest; survivor and scope, each
// with its length; the hashes.
type entryWriter struct {
	buf            []byte
	source, target string
}

func (w *entryWriter) append(s *Saved) error {
	if len(s.Role) != 1 || len(s.State) != 1 {
		return fmt.Errorf("the crosswalk's entry of %q has the role %q and the state %q, which are none: look at it with `landfall crosswalk verify`", s.SourceKey, string(s.Role), string(s.State))
	}
	kind := byte(0)
	if s.HasHash {
		if kind = 1; s.OnceShape != 0 {
			kind = 2
		}
	}
	b := append(w.buf, s.Role[0], s.State[0], kind)
	for _, n := range []int{s.Entity, s.Table, s.Shape, s.First, s.Last} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	b = binary.AppendVarint(b, s.RecordNo)
	b = record.AppendFront(b, w.source, s.SourceKey)
	b = record.AppendFront(b, w.target, s.TargetKey)
	for _, text := range []string{s.Survivor, s.Scope} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	if kind > 0 {
		b = append(b, s.Hash[:]...)
	}
	if kind > 1 {
		b = append(binary.AppendUvarint(b, uint64(s.OnceShape)), s.Once.Sum[:]...)
	}
	w.buf, w.source, w.target = b, s.SourceKey, s.TargetKey
	return nil
}

var errEntry = errors.New("an entry cannot be read")

// longestText bounds what is made room for before it is read.
const longestText = 1 << 24

type byteReader interface {
	io.Reader
	io.ByteReader
}

// entryReader reads what entryWriter wrote.
type entryReader struct {
	in             byteReader
	source, target string
	err            error
}

func (r *entryReader) next(h *BackupHeader, s *Saved) error {
	*s = Saved{Row: Row{Role: Role(r.letter()), State: State(r.letter())}}
	kind := r.byte()
	s.Entity, s.Table = r.place(len(h.Entities)), r.place(len(h.Tables))
	s.Shape, s.First, s.Last = r.place(len(h.Shapes)+1), r.place(len(h.Runs)+1), r.place(len(h.Runs)+1)
	s.RecordNo = r.varint()
	s.SourceKey = r.front(r.source)
	s.TargetKey = r.front(r.target)
	r.source, r.target = s.SourceKey, s.TargetKey
	s.Survivor, s.Scope = r.text(0, ""), r.text(0, "")
	if kind > 0 {
		s.HasHash = true
		r.fill(s.Hash[:])
	}
	if kind > 1 {
		s.OnceShape = r.place(len(h.Shapes) + 1)
		r.fill(s.Once.Sum[:])
	}
	if r.err == nil && (kind > 2 || s.Role.String() == "" || s.State.String() == "") {
		r.err = errEntry
	}
	return r.err
}

func (r *entryReader) fail(err error) {
	if r.err == nil && err != nil {
		r.err = errors.Join(errEntry, err)
	}
}

func (r *entryReader) byte() byte {
	if r.err != nil {
		return 0
	}
	b, err := r.in.ReadByte()
	r.fail(err)
	return b
}

func (r *entryReader) letter() string { return string(rune(r.byte())) }

func (r *entryReader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(r.in)
	r.fail(err)
	return n
}

func (r *entryReader) varint() int64 {
	if r.err != nil {
		return 0
	}
	n, err := binary.ReadVarint(r.in)
	r.fail(err)
	return n
}

// place reads a place in a list of so many.
func (r *entryReader) place(of int) int {
	n := r.uvarint()
	if r.err == nil && n >= uint64(of) {
		r.err = errEntry
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

func (r *entryReader) front(before string) string { return r.text(r.uvarint(), before) }

func (r *entryReader) text(shared uint64, before string) string {
	rest := r.uvarint()
	if r.err == nil && (shared > uint64(len(before)) || rest > longestText) {
		r.err = errEntry
	}
	if r.err != nil {
		return ""
	}
	text := make([]byte, int(shared)+int(rest))
	copy(text, before[:shared])
	r.fill(text[shared:])
	return string(text)
}

func (r *entryReader) fill(into []byte) {
	if r.err == nil {
		_, err := io.ReadFull(r.in, into)
		r.fail(err)
	}
}
