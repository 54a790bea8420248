package jsonl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"landfall/internal/connector/textfile"
	"landfall/internal/record"
	"landfall/internal/source"
)

// lines takes lines from a text and knows where it stands in it.
type lines struct {
	textfile.Window
	of   *textfile.File
	crlf bool // the line last read ended in CR LF
}

func newLines(in *textfile.Text, of *textfile.File, line int64) *lines {
	return &lines{Window: textfile.NewWindow(in, '\n', line), of: of}
}

// next returns a line without its end.
func (l *lines) next() (string, *textfile.Fault, error) {
	eol, err := l.LineEnd(0)
	switch {
	case err != nil:
		return "", nil, err
	case eol > l.Limit:
		bad, err := l.TooLarge()
		return "", bad, err
	case eol == 0 && l.Pos == l.End:
		return "", nil, io.EOF
	}
	line := l.Buf[l.Pos : l.Pos+eol]
	bad := l.CheckText(eol)
	if bad == nil && !json.Valid(line) {
		bad = l.judge(line)
	}
	text, crlf := strings.CutSuffix(string(line), "\r")
	l.crlf = crlf
	l.ConsumeLine(eol)
	return text, bad, nil
}

// judge says why a line is not JSON.
func (l *lines) judge(line []byte) *textfile.Fault {
	if strings.Trim(string(line), blanks) == "" {
		return &textfile.Fault{Code: record.CodeRaggedRow, Line: l.Line + 1, What: "is blank"}
	}
	bad := &textfile.Fault{Code: record.CodeBadRow, Line: l.Line + 1, What: "is not JSON"}
	var syntax *json.SyntaxError
	var value json.RawMessage
	switch {
	case errors.Is(json.NewDecoder(bytes.NewReader(line)).Decode(&value), io.ErrUnexpectedEOF):
		bad.What = "is not JSON: it ends too early"
	case errors.As(json.Unmarshal(line, &value), &syntax) && syntax.Offset > 0:
		bad.What = fmt.Sprintf("is not JSON from byte %d of the %s on", l.Place(int(syntax.Offset)-1), l.of.Counted())
	}
	return bad
}

type reader struct {
	origin *Origin
	file   *textfile.File
	text   *textfile.Text
	lines  *lines
	number int64
	slab   textfile.Slab
	parts  []string // of a key of several columns, reused
	given  []int64  // for each column the record that gave it last
}

// Read yields the lines behind the position.
func (o *Origin) Read(ctx context.Context, slice source.Slice, after source.Position) (source.Reader, error) {
	at, err := o.set.Of(slice)
	if err != nil {
		return nil, err
	}
	file := o.set.Files[at]
	text, err := file.Text(ctx, after.Offset)
	if err != nil {
		return nil, err
	}
	return &reader{
		origin: o, file: file, text: text, number: after.Number,
		lines: newLines(text, file, after.Line), parts: make([]string, len(o.key)), given: make([]int64, len(o.columns)),
	}, nil
}

// Pick reads the whole file and yields the records whose key is wanted.
func (o *Origin) Pick(ctx context.Context, slice source.Slice, wanted source.Wanted) (source.Reader, error) {
	r, err := o.Read(ctx, slice, source.Position{})
	if err != nil {
		return nil, err
	}
	return textfile.Pick(r, wanted), nil
}

// Read returns the next line.
func (r *reader) Read() (*record.Record, *record.Rejection, error) {
	at := r.lines.Line + 1
	line, bad, err := r.lines.next()
	if err != nil {
		return nil, nil, err
	}
	r.number++
	if bad == nil {
		rec := r.slab.Record(r.origin.entity, r.number, at, len(r.origin.columns))
		if bad = r.fill(rec, line); bad == nil {
			if bad = r.nameRecord(rec); bad == nil {
				return rec, nil, nil
			}
			return rec, r.file.Reject(rec, bad), nil
		}
	}
	rec := r.asItIs(line, at)
	return rec, r.file.Reject(rec, bad), nil
}

// fill takes the line's members apart; other members than the columns are
// faults only where the columns were found and not listed.
func (r *reader) fill(rec *record.Record, line string) *textfile.Fault {
	bad := func(code record.Code, what string, args ...any) *textfile.Fault {
		return &textfile.Fault{Code: code, Line: rec.Line, What: fmt.Sprintf(what, args...)}
	}
	members, ok := openObject(line)
	if !ok {
		return bad(record.CodeBadRow, "is JSON, but not an object")
	}
	for {
		name, value, more := members.next()
		if !more {
			return nil
		}
		if members.broken {
			return bad(record.CodeBadEncoding, `holds half a surrogate pair (\uD800 to \uDFFF without the other half), which is no text`)
		}
		at, known := r.origin.places[name]
		switch {
		case !known && !r.origin.listed:
			return bad(record.CodeRaggedRow, "holds a member %q, and %s do not: list all members in `columns`", name, r.origin.found())
		case !known:
			continue
		case r.given[at] == r.number:
			return bad(record.CodeBadRow, "holds the member %q twice", name)
		}
		r.given[at] = r.number
		rec.Values[at] = value
	}
}

// nameRecord gives the record its Ref; cells of the key are kept as they are.
func (r *reader) nameRecord(rec *record.Record) *textfile.Fault {
	for i, at := range r.origin.key {
		cell := rec.Values[at].Raw()
		if strings.TrimSpace(cell) == "" {
			return &textfile.Fault{Code: record.CodeMissingKey, Line: rec.Line, What: "has nothing in the key column " + r.origin.columns[at]}
		}
		r.parts[i] = cell
	}
	rec.Ref.Key = record.JoinKey(r.parts...)
	return nil
}

// Position is the place behind the line last read.
func (r *reader) Position() source.Position {
	return source.Position{Number: r.number, Line: r.lines.Line, Offset: r.lines.Place(0)}
}

func (r *reader) Close() error { return r.text.Close() }
