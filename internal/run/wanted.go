package run

import (
	"encoding/binary"
	"errors"
	"iter"

	"landfall/internal/dedupe"
	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/source"
)

// wanted is the set of records that a run is limited to: a few keys that
// somebody named, or the open records of earlier runs, of which there may be as
// many as records. Those are kept on disk, with marks of them in a seen-set. A
// key's open records have numbers: where one key stands in the input several
// times, only those that failed are run again.
type wanted struct {
	only map[string]bool // named keys, and whether the source turned out to hold them; nil for a retry

	keys  *dedupe.Spool // each key with its open places
	marks *dedupe.Seen  // see mark
	count int64         // of open records
	// keyless is how many open records have no key by which they could be found.
	keyless int64
	buf     []byte
	err     error // the first one of the disk; who reads asks for it
}

// What a mark says of a key.
const (
	markWanted = 'w'
	// markLanded: a record of the key is on the target; where the numbers do not
	// fit any more, a record of such a key is taken for the one that landed.
	markLanded = 'l'
	markPlace  = 'p' // this record of the key is open
)

// keysAtOnce is how many keys are looked up together.
const keysAtOnce = 500

// markBytes bounds the memory of the marks; beyond it, they spill.
const markBytes = 4 << 20

func newWanted(dir string) (*wanted, error) {
	keys, err := dedupe.NewSpool(dir)
	if err != nil {
		return nil, err
	}
	return &wanted{keys: keys, marks: dedupe.NewSeen(dir, markBytes)}, nil
}

// close removes what is on disk.
func (w *wanted) close() error {
	if w == nil || w.keys == nil {
		return nil
	}
	return errors.Join(w.keys.Close(), w.marks.Close())
}

// add takes in a key with its open records.
func (w *wanted) add(key string, open []ledger.OpenRecord) error {
	w.count += int64(len(open))
	if _, _, err := w.marks.Claim(w.mark(markWanted, key, place{}), "", 0); err != nil {
		return err
	}
	for _, o := range open {
		if _, _, err := w.marks.Claim(w.mark(markPlace, key, place{o.Slice, o.Number}), "", 0); err != nil {
			return err
		}
	}
	text := binary.AppendUvarint(w.buf[:0], uint64(len(key)))
	text = append(text, key...)
	for _, o := range open {
		text = binary.AppendUvarint(text, uint64(o.Slice))
		text = binary.AppendUvarint(text, uint64(o.Number))
	}
	w.buf = text
	return w.keys.Append(text)
}

// noteLanded marks a key of which a record is on the target.
func (w *wanted) noteLanded(key string) error {
	_, _, err := w.marks.Claim(w.mark(markLanded, key, place{}), "", 0)
	return err
}

// mark spells a mark: what it says, the place, the key.
func (w *wanted) mark(what byte, key string, at place) []byte {
	w.buf = append(w.buf[:0], what)
	w.buf = binary.AppendUvarint(w.buf, uint64(at.slice))
	w.buf = binary.AppendUvarint(w.buf, uint64(at.number))
	w.buf = append(w.buf, key...)
	return w.buf
}

func (w *wanted) marked(what byte, key string, at place) bool {
	has, err := w.marks.Has(w.mark(what, key, at))
	w.err = errors.Join(w.err, err)
	return has
}

// Has implements source.Wanted. When the disk fails it wants all there is, for
// the error to be met.
func (w *wanted) Has(key string) bool {
	if w.only != nil {
		_, named := w.only[key]
		return named
	}
	return w.marked(markWanted, key, place{}) || w.err != nil
}

// Keys implements source.Wanted.
func (w *wanted) Keys() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key := range w.only {
			if !yield(key, nil) {
				return
			}
		}
		if w.keys == nil {
			return
		}
		for text, err := range w.keys.All() {
			key := ""
			if err == nil {
				key, _ = splitOpen(text)
			}
			if !yield(key, err) {
				return
			}
		}
	}
}

// inChunks hands the keys and their open records on, some at a time.
func (w *wanted) inChunks(each func(keys []string, open map[string][]ledger.OpenRecord) error) error {
	var keys []string
	open := map[string][]ledger.OpenRecord{}
	for text, err := range w.keys.All() {
		if err != nil {
			return err
		}
		key, rest := splitOpen(text)
		for len(rest) > 0 {
			slice, n := binary.Uvarint(rest)
			number, m := binary.Uvarint(rest[n:])
			rest = rest[n+m:]
			open[key] = append(open[key], ledger.OpenRecord{Slice: int(slice), Number: int64(number)})
		}
		if keys = append(keys, key); len(keys) == keysAtOnce {
			if err := each(keys, open); err != nil {
				return err
			}
			keys = keys[:0]
			clear(open)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return each(keys, open)
}

func splitOpen(text []byte) (key string, places []byte) {
	size, n := binary.Uvarint(text)
	return string(text[n : n+int(size)]), text[n+int(size):]
}

// total is how many records there are, as far as it is known before they are
// read.
func (w *wanted) total() int64 {
	if w.only != nil {
		return int64(len(w.only))
	}
	return w.count
}

// includes reports whether this very record is to be run.
func (w *wanted) includes(slice int, rec *record.Record) bool {
	key := rec.Ref.Key
	if w.only != nil {
		_, named := w.only[key]
		if named {
			w.only[key] = true
		}
		return named
	}
	if !w.Has(key) {
		return false
	}
	return rec.Number == 0 || w.marked(markPlace, key, place{slice, rec.Number}) ||
		w.marked(markPlace, key, place{ledger.Corrections, rec.Number}) || !w.marked(markLanded, key, place{})
}

var _ source.Wanted = (*wanted)(nil)
