package entries

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"landfall/internal/mapping"
	"landfall/internal/record"
)

// KeyFile is a file of keys: one a line, or in columns of a CSV file.
type KeyFile struct {
	Path string
	// Columns hold the parts of each key, in the order of the key; none: each line
	// is a key as Landfall prints it.
	Columns   []string
	Delimiter rune // 0 means a comma
}

// Each hands every key to each, with the line where it stands. Empty lines hold
// none.
func (k KeyFile) Each(each func(line int64, key string) error) error {
	if len(k.Columns) > 0 {
		return readColumns(k.Path, k.Delimiter, [][]string{k.Columns}, func(line int64, keys []string) error { return each(line, keys[0]) })
	}
	file, err := os.Open(k.Path)
	if err != nil {
		return Unreadable(err)
	}
	defer file.Close()
	in := bufio.NewReader(file)
	for line := int64(1); ; line++ {
		text, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return Unreadable(err)
		}
		ended := err != nil
		if line == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
		if !utf8.ValidString(text) {
			return inputf("%s: line %d is not UTF-8 text: write the file in UTF-8", k.Path, line)
		}
		if text != "" {
			if err := each(line, text); err != nil {
				return err
			}
		}
		if ended {
			return nil
		}
	}
}

// Unreadable is an InputError where the system does not let a file be read; any
// other error is returned as it is.
func Unreadable(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return inputf("%s cannot be read: %s", path.Path, path.Err)
	}
	return err
}

// readColumns reads a CSV file in UTF-8 whose first line names its columns, and
// hands the keys that stand in the given columns of each line to each.
func readColumns(path string, delimiter rune, wanted [][]string, each func(line int64, keys []string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return Unreadable(err)
	}
	defer file.Close()
	buffered := bufio.NewReaderSize(file, 1<<16)
	if mark, _ := buffered.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = buffered.Discard(3) // was peeked at
	}
	in := csv.NewReader(buffered)
	in.ReuseRecord = true
	if delimiter != 0 {
		in.Comma = delimiter
	}
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return inputf("%s is empty: expected a line that names the columns", path)
	}
	if err != nil {
		return csvFault(path, err)
	}
	header = slices.Clone(header)
	places := make([][]int, len(wanted))
	for i, columns := range wanted {
		for _, name := range columns {
			at := slices.Index(header, name)
			if at < 0 {
				return inputf("%s: line 1 names no column %q%s: it has %s", path, name, mapping.Hint(name, header), strings.Join(header, ", "))
			}
			places[i] = append(places[i], at)
		}
	}
	keys := make([]string, len(wanted))
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvFault(path, err)
		}
		line, _ := in.FieldPos(0)
		for i := range places {
			parts := make([]string, len(places[i]))
			for n, at := range places[i] {
				if parts[n] = cells[at]; !utf8.ValidString(parts[n]) {
					return inputf("%s: line %d, column %s is not UTF-8 text: write the file in UTF-8", path, line, wanted[i][n])
				}
			}
			// An empty part is no key; what to say of it is for the caller.
			if keys[i] = ""; !slices.Contains(parts, "") {
				keys[i] = record.JoinKey(parts...)
			}
		}
		if err := each(int64(line), keys); err != nil {
			return err
		}
	}
}

func csvFault(path string, err error) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return Unreadable(err)
	}
	return inputf("%s: line %d cannot be read as CSV: %s: expected quoted or plain cells and as many as the first line has", path, parse.Line, parse.Err)
}
