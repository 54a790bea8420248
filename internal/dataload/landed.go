package dataload

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// landedRow is a row of a success file, or of a file of rollbacks that failed.
type landedRow struct {
	batch, line string // as they stand; empty where the file has none
	uuid        string
	key         string
	place       int64 // physical line of the file itself
}

// landedFile is a file that lists records by uuid. Its columns are found by
// their names, so older files with fewer of them are read as well.
type landedFile struct {
	path                   string
	keyName                string // the attribute that the file carries beside uuids; empty where it has none
	batch, line, uuid, key int    // places; -1 where the file has no such column
}

// known are columns that are no attribute.
var known = []string{"batch", "line", "uuid", "error", "reason", "physical_line"}

// openLanded reads the header.
func openLanded(path string) (*landedFile, error) {
	f := &landedFile{path: path}
	file, rows, err := f.read()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, inputf("%s is empty: expected a success file with a column uuid", filepath.Base(path))
	}
	if err != nil {
		return nil, inputf("%s: %s", filepath.Base(path), err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	f.batch, f.line, f.uuid, f.key = slices.Index(header, "batch"), slices.Index(header, "line"), slices.Index(header, "uuid"), -1
	for i, name := range header {
		if !slices.Contains(known, name) && f.key < 0 {
			f.key, f.keyName = i, name
		}
	}
	if f.uuid < 0 {
		return nil, inputf("%s: line 1: no column uuid, by which records are deleted: expected a success file such as success_May_22_2019_10_55_07.csv", filepath.Base(path))
	}
	return f, nil
}

func (f *landedFile) read() (*os.File, *csv.Reader, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, nil, inputf("%s cannot be read: %s", f.path, errors.Unwrap(err))
	}
	rows := csv.NewReader(file)
	rows.FieldsPerRecord, rows.ReuseRecord = -1, true
	return file, rows, nil
}

// each hands over the rows, some at a time, in the file's order. A chunk is only
// valid during the call.
func (f *landedFile) each(size int, take func([]landedRow) error) error {
	file, rows, err := f.read()
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := rows.Read(); err != nil {
		return err
	}
	chunk := make([]landedRow, 0, size)
	for {
		cells, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return inputf("%s: %s", filepath.Base(f.path), err)
		}
		at, _ := rows.FieldPos(0)
		row := landedRow{batch: cell(cells, f.batch), line: cell(cells, f.line), uuid: strings.TrimSpace(cell(cells, f.uuid)), key: cell(cells, f.key), place: int64(at)}
		if uuid.Validate(row.uuid) != nil {
			return inputf("%s: line %d: expected a uuid, and found none: nothing was deleted", filepath.Base(f.path), row.place)
		}
		if chunk = append(chunk, row); len(chunk) == size {
			if err := take(chunk); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
	}
	if len(chunk) == 0 {
		return nil
	}
	return take(chunk)
}

func cell(cells []string, at int) string {
	if at < 0 || at >= len(cells) {
		return ""
	}
	return strings.Clone(cells[at])
}

// stampOf is the kind and the stamp in a file's name: success_STAMP.csv.
func (f *landedFile) stampOf() (kind, stamp string) {
	name := strings.TrimSuffix(filepath.Base(f.path), ".csv")
	for _, kind := range []string{kindSuccess, kindRollbackFail} {
		if text, found := strings.CutPrefix(name, kind+"_"); found {
			return kind, text
		}
	}
	return "", ""
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
