package textfile

import (
	"errors"
	"io"
	"math"
	"sort"
)

// blockSize is how much is decoded at a time. To find a place, one block is
// decoded again, so it is small.
const blockSize = 8 << 10

// Text is a file's content as UTF-8, from some place on. It knows Places.
type Text struct {
	in     io.ReadCloser
	form   form  // nil: the bytes are handed on as they are
	start  int64 // where in the content it begins
	out    []byte
	ready  []byte  // the part of out that was not handed on yet
	made   int64   // bytes decoded
	blocks []block // what was decoded and is not passed yet, in order
	spare  [][]byte
	rest   []byte // begins a character that is not finished
	err    error
}

// block is a piece of the file and where its text begins.
type block struct {
	text  int64
	place int64
	bytes []byte
}

func newText(in io.ReadCloser, form form, start int64) *Text {
	return &Text{in: in, form: form, start: start}
}

// Read reads UTF-8.
func (t *Text) Read(p []byte) (int, error) {
	if t.form == nil {
		return t.in.Read(p)
	}
	for len(t.ready) == 0 {
		if t.err != nil {
			return 0, t.err
		}
		t.decodeBlock()
	}
	n := copy(p, t.ready)
	t.ready = t.ready[n:]
	return n, nil
}

func (t *Text) decodeBlock() {
	var bytes []byte
	if last := len(t.spare) - 1; last >= 0 {
		bytes, t.spare = t.spare[last], t.spare[:last]
	} else {
		bytes = make([]byte, 0, blockSize)
	}
	bytes = append(bytes[:0], t.rest...)
	n, err := t.in.Read(bytes[len(bytes):blockSize])
	bytes = bytes[:len(bytes)+n]
	t.err = err
	decoded, used := t.form.decode(t.out[:0], bytes, errors.Is(err, io.EOF), math.MaxInt)
	t.out, t.ready = decoded, decoded
	t.rest = append(t.rest[:0], bytes[used:]...)
	if used == 0 {
		t.spare = append(t.spare, bytes)
		return
	}
	place := t.start
	if last := len(t.blocks) - 1; last >= 0 {
		place = t.blocks[last].place + int64(len(t.blocks[last].bytes))
	}
	t.blocks = append(t.blocks, block{text: t.made, place: place, bytes: bytes[:used]})
	t.made += int64(len(decoded))
}

// Passed lets go of what is only needed for places before the offset.
func (t *Text) Passed(offset int64) {
	behind := 0
	for behind+1 < len(t.blocks) && t.blocks[behind+1].text <= offset {
		t.spare = append(t.spare, t.blocks[behind].bytes[:0])
		behind++
	}
	if behind > 0 {
		t.blocks = t.blocks[:copy(t.blocks, t.blocks[behind:])]
	}
	if most := 64; len(t.spare) > most { // a long record is behind us
		clear(t.spare[most:])
		t.spare = t.spare[:most]
	}
}

// Place is where in the file's content a byte of the text comes from.
func (t *Text) Place(offset int64) int64 {
	if t.form == nil {
		return t.start + offset
	}
	at := sort.Search(len(t.blocks), func(i int) bool { return t.blocks[i].text > offset }) - 1
	if at < 0 {
		return t.start
	}
	b := t.blocks[at]
	_, n := t.form.decode(nil, b.bytes, true, int(offset-b.text))
	return b.place + int64(n)
}

// Close closes the file.
func (t *Text) Close() error { return t.in.Close() }
