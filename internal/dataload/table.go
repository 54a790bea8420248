package dataload

import (
	"bufio"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
)

// table is one of the files of rows: RFC 4180 with the line ends of Unix. It has
// another name until it is whole and on the disk, so that no reader meets half a
// file.
type table struct {
	kind string
	file *os.File
	buf  *bufio.Writer
	csv  *csv.Writer
	rows int64
}

// createTable starts a file; a table without a header is written by raw alone.
func createTable(dir, kind string, header ...string) (*table, error) {
	file, err := os.CreateTemp(dir, ".dataload-*")
	if err != nil {
		return nil, err
	}
	t := &table{kind: kind, file: file, buf: bufio.NewWriter(file)}
	t.csv = csv.NewWriter(t.buf)
	if len(header) == 0 {
		return t, nil
	}
	if err := t.csv.Write(header); err != nil {
		return nil, errors.Join(err, t.discard())
	}
	return t, nil
}

func (t *table) write(cells ...string) error {
	t.rows++
	return t.csv.Write(cells)
}

// raw writes a row as it stands in the input.
func (t *table) raw(row []byte) error {
	t.rows++
	_, err := t.buf.Write(row)
	return err
}

// finish gives the file its name.
func (t *table) finish(path string) error {
	t.csv.Flush()
	if err := errors.Join(t.csv.Error(), t.buf.Flush(), t.file.Sync(), t.file.Close()); err != nil {
		return errors.Join(err, os.Remove(t.file.Name()))
	}
	return os.Rename(t.file.Name(), path)
}

// discard takes the file away.
func (t *table) discard() error { return errors.Join(t.file.Close(), os.Remove(t.file.Name())) }

// syncDir brings the names of finished files to the disk.
func syncDir(dir string) error {
	folder, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
