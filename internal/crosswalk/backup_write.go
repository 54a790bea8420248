package crosswalk

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// A backup is a zstd frame and, behind it, a frame that decompressors skip: the
// mark below and the SHA-256 of every byte before it. The zstd frame holds the
// header, one line of JSON, and then the entries.
const (
	skippable = 0x184D2A5C
	sealMark  = "LANDFALL" // so that another program's skippable frame is none of ours
	sealSize  = 4 + 4 + len(sealMark) + sha256.Size
)

// sealHead is how the seal begins, whatever the file.
func sealHead() []byte {
	b := binary.LittleEndian.AppendUint32(nil, skippable)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(sealMark)+sha256.Size))
	return append(b, sealMark...)
}

// hashed counts a hash over what is written.
type hashed struct {
	out io.Writer
	sum hash.Hash
}

func (h hashed) Write(p []byte) (int, error) {
	h.sum.Write(p)
	return h.out.Write(p)
}

// flushAt is how many bytes of entries are handed on together.
const flushAt = 1 << 16

// WriteBackup writes all entries of the migration, as the transaction sees them,
// which should be a snapshot. origin says which database that is. told hears
// how many entries are written, from time to time; it may be nil.
func WriteBackup(ctx context.Context, tx sqldb.Tx, b *books.Books, migration string, origin BackupOrigin, w io.Writer, told func(written, all int64)) (*BackupHeader, error) {
	h := &BackupHeader{Format: backupFormat, Version: backupVersion, Migration: migration, BackupOrigin: origin}
	if err := h.describe(ctx, tx, b); err != nil {
		return nil, err
	}
	out := hashed{w, sha256.New()}
	packed, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	if _, err := packed.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	if err := h.writeEntries(ctx, tx, b, packed, told); err != nil {
		return nil, err
	}
	if err := packed.Close(); err != nil {
		return nil, err
	}
	_, err = w.Write(out.sum.Sum(sealHead()))
	return h, err
}

// writeEntries writes entity by entity and run by run, so that a restore can
// tell together what one run had made.
func (h *BackupHeader) writeEntries(ctx context.Context, tx sqldb.Tx, b *books.Books, packed io.Writer, told func(written, all int64)) error {
	tables, shapes, runs := map[int64]int{}, map[int64]int{}, map[int64]int{}
	for i := range h.Tables {
		tables[h.Tables[i].id] = i
	}
	for i := range h.Shapes {
		shapes[h.Shapes[i].id] = i + 1
	}
	for i := range h.Runs {
		runs[h.Runs[i].id] = i + 1
	}
	var w entryWriter
	written := int64(0)
	for i := range h.Entities {
		err := b.Query(ctx, tx, func(v []record.Value) error {
			row := scanRow(v)
			table, known := tables[row.TableID]
			if !known {
				return fmt.Errorf("the crosswalk's entry of %s names a table that the books do not know: look at it with `landfall crosswalk verify`", record.Ref{Entity: h.Entities[i].Name, Key: row.SourceKey})
			}
			err := w.append(&Saved{
				Row: row, Entity: i, Table: table, Shape: shapes[row.ShapeID], OnceShape: shapes[row.Once.ShapeID],
				First: runs[row.FirstRun], Last: runs[row.LastRun], Scope: v[11].String(),
			})
			if err != nil {
				return err
			}
			if written++; len(w.buf) < flushAt {
				return nil
			}
			if told != nil {
				told(written, h.Entries)
			}
			_, err = packed.Write(w.buf)
			w.buf = w.buf[:0]
			return err
		}, "SELECT "+rowList+", c.scope FROM {crosswalk} c WHERE c.entity_id = ? ORDER BY c.first_run, c.table_id, c.source_key", h.Entities[i].id)
		if err != nil {
			return err
		}
	}
	if written != h.Entries {
		return fmt.Errorf("the crosswalk had %d entries and then %d: it was not read in one snapshot", h.Entries, written)
	}
	_, err := packed.Write(w.buf)
	return err
}
