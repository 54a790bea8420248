package demo

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"os"
)

// csvFile is an export file that is still to be written.
type csvFile struct {
	entity      string
	header      []string
	spreadsheet bool // byte order mark and CRLF, as spreadsheet programs write
	rows        int
	row         func(i int) (cells []string, f fault, key string)
}

// checkEvery is after how many rows a writer asks whether to go on.
const checkEvery = 10_000

func writeCSV(ctx context.Context, path string, file csvFile) (entity Entity, err error) {
	out, err := os.Create(path)
	if err != nil {
		return Entity{}, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	buffered := bufio.NewWriterSize(out, 1<<16)
	if file.spreadsheet {
		_, _ = buffered.WriteString("\ufeff") // Flush reports what went wrong
	}
	writer := csv.NewWriter(buffered)
	writer.UseCRLF = file.spreadsheet
	if err := writer.Write(file.header); err != nil {
		return Entity{}, err
	}
	count := newTally(file.entity)
	for i := range file.rows {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return Entity{}, ctx.Err()
		}
		cells, f, key := file.row(i)
		if err := writer.Write(cells); err != nil {
			return Entity{}, err
		}
		count.add(f, key)
	}
	writer.Flush()
	return count.result(), errors.Join(writer.Error(), buffered.Flush())
}

// ragged gives a row a cell too few or too many.
func ragged(row []string, d *dice) []string {
	if d.percent(50) {
		return row[:len(row)-1]
	}
	return append(row, "?")
}
