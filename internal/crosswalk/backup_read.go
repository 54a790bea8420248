package crosswalk

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// BackupError says why a file is no backup that can be relied on.
type BackupError struct{ text string }

// Error names the file and what is wrong with it.
func (e *BackupError) Error() string { return e.text }

func badBackup(path, format string, args ...any) error {
	return &BackupError{path + ": " + fmt.Sprintf(format, args...)}
}

// BackupFile is a backup that was found to be whole: its hash is right.
type BackupFile struct {
	Path   string
	Header BackupHeader
	SHA256 string // of all before the seal

	file *os.File
	size int64 // without the seal
}

// OpenBackup opens a backup and recomputes its hash over every byte. It returns
// a BackupError for a file that is none, is cut off, or was changed. It is to be
// closed.
func OpenBackup(path string) (*BackupFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f := &BackupFile{Path: path, file: file}
	if err := f.open(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

func (f *BackupFile) open() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return badBackup(f.Path, "is no file: expected what `landfall crosswalk backup` wrote")
	}
	seal := make([]byte, sealSize)
	if f.size = info.Size() - int64(sealSize); f.size < 0 {
		return badBackup(f.Path, "is cut off, or no backup: it has %d bytes", info.Size())
	}
	if _, err := f.file.ReadAt(seal, f.size); err != nil {
		return err
	}
	head := sealHead()
	if !bytes.Equal(seal[:len(head)], head) {
		return badBackup(f.Path, "is cut off, changed, or no backup: it does not end as one does")
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f.content()); err != nil {
		return err
	}
	if f.SHA256 = hex.EncodeToString(sum.Sum(nil)); f.SHA256 != hex.EncodeToString(seal[len(head):]) {
		return badBackup(f.Path, "was changed: its bytes have the hash %s, and it ends with %x", f.SHA256, seal[len(head):])
	}
	return f.read(nil)
}

func (f *BackupFile) content() io.Reader { return io.NewSectionReader(f.file, 0, f.size) }

// Close closes the file.
func (f *BackupFile) Close() error { return f.file.Close() }

// Each hands every entry to each, in the order of the file: entity by entity,
// and of each run by run. When it returns nil, the bytes that were read had the
// hash of the file, and there were as many entries as the header says. A Saved
// is only valid during the call.
func (f *BackupFile) Each(each func(*Saved) error) error {
	return f.read(each)
}

// read reads the header and, with each, the entries.
func (f *BackupFile) read(each func(*Saved) error) error {
	sum := sha256.New()
	content := io.TeeReader(f.content(), sum)
	unpacked, err := zstd.NewReader(content, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30), zstd.WithDecoderLowmem(true))
	if err != nil {
		return err
	}
	defer unpacked.Close()
	in := bufio.NewReaderSize(unpacked, flushAt)
	line, err := in.ReadBytes('\n')
	var header BackupHeader
	if err != nil || json.Unmarshal(line, &header) != nil || header.Format != backupFormat {
		return badBackup(f.Path, "holds no crosswalk")
	}
	if header.Version > backupVersion {
		return badBackup(f.Path, "has the format %d, and this program knows formats up to %d: use a newer landfall", header.Version, backupVersion)
	}
	if each == nil {
		f.Header = header
		return nil
	}
	entries, counts := entryReader{in: in}, make([]int64, len(header.Entities))
	var saved Saved
	for range header.Entries {
		if err := entries.next(&header, &saved); err != nil {
			return badBackup(f.Path, "%v", err)
		}
		counts[saved.Entity]++
		if err := each(&saved); err != nil {
			return err
		}
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		return badBackup(f.Path, "holds more than its header says")
	}
	for i, n := range counts {
		if e := &header.Entities[i]; n != e.Entries {
			return badBackup(f.Path, "has %d entries of %s, and its header says %d", n, e.Name, e.Entries)
		}
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return badBackup(f.Path, "was changed while it was read")
	}
	return nil
}
