package dataload

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fileNote says which run wrote the files of a stamp.
type fileNote struct {
	Run     string `json:"run"`
	Stamp   string `json:"stamp"`
	Mapping string `json:"mapping"`         // the hash of what the run was told
	Ended   bool   `json:"ended,omitempty"` // the run had come to its end
}

// notesPath is where the notes of a mapping are kept: a line for each.
func notesPath(path string) string { return strings.TrimSuffix(path, ".yaml") + ".files" }

// mappingOf is the copy of the mapping that runs of this hash had: a run is undone
// as it was, whatever columns the next file has.
func mappingOf(path, hash string) string {
	return strings.TrimSuffix(path, ".yaml") + "." + hash[:min(len(hash), 16)] + ".yaml"
}

// note adds a line. It is on the disk when this returns.
func (n *fileNote) add(path string) error {
	file, err := os.OpenFile(notesPath(path), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("the workspace: %w", err)
	}
	line, _ := json.Marshal(n) // texts always marshal
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Sync(), file.Close())
}

// findNote finds the last note that is wanted, or nil.
func findNote(path string, wanted func(*fileNote) bool) (*fileNote, error) {
	file, err := os.Open(notesPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the workspace: %w", err)
	}
	defer file.Close()
	var found *fileNote
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		n := &fileNote{}
		if json.Unmarshal(lines.Bytes(), n) != nil {
			continue // a line that a crash cut off
		}
		if wanted(n) {
			found = n
		}
	}
	return found, lines.Err()
}

// keepCopy keeps the mapping of a run beside the one that the next command
// writes anew.
func keepCopy(path, hash string) error {
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return fmt.Errorf("the workspace: %w", err)
	}
	return keep(mappingOf(path, hash), text)
}
