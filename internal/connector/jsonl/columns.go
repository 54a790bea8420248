package jsonl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"landfall/internal/connector/textfile"
)

// searched is in how many lines of each file columns are looked for.
const searched = 1000

// findColumns looks at how each file begins.
func (o *Origin) findColumns(ctx context.Context) error {
	for _, file := range o.set.Files {
		if err := o.searchFile(ctx, file); err != nil {
			return err
		}
	}
	if len(o.columns) == 0 {
		return fmt.Errorf("%s: the first %d lines hold no JSON object: list the members to read in `columns`", o.set.Files[0].Base, searched)
	}
	return nil
}

func (o *Origin) searchFile(ctx context.Context, file *textfile.File) error {
	text, err := file.Text(ctx, 0)
	if err != nil {
		return err
	}
	defer text.Close()
	l := newLines(text, file, 0)
	for n := range searched {
		line, bad, err := l.next()
		if n == 0 && file == o.set.Files[0] {
			o.crlf = l.crlf
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case n == 0 && strings.HasPrefix(strings.TrimLeft(line, blanks), "["):
			return fmt.Errorf("%s: line 1 opens an array; the file must hold one object on each line, with nothing around them", file.Base)
		case o.listed:
			return nil
		case bad != nil:
			continue // reading will reject it
		default:
			o.addMembers(line)
		}
	}
	return nil
}

func (o *Origin) addMembers(line string) {
	members, ok := openObject(line)
	for ok {
		var name string
		if name, _, ok = members.next(); ok && !slices.Contains(o.columns, name) {
			o.columns = append(o.columns, name)
		}
	}
}
