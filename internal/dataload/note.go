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
	// Rollback says that the files are those of a rollback of the run. Run is empty
	// then where it went by uuids alone.
	Rollback bool   `json:"rollback,omitempty"`
	Dir      string `json:"dir,omitempty"` // the folder of the files
}

// notesPath is where the notes of a mapping are kept: a line for each.
func notesPath(path string) string { return strings.TrimSuffix(path, ".yaml") + ".files" }

// mappingOf is the copy of the mapping that runs of this hash had: a run is undone
// as it was, whatever columns the next file has.
func mappingOf(path, hash string) string {
	return strings.TrimSuffix(path, ".yaml") + "." + hash[:min(len(hash), 16)] + ".yaml"
}

// add adds a line. It is on the disk when this returns.
func (n *fileNote) add(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("the workspace: %w", err)
	}
	file, err := os.OpenFile(notesPath(path), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("the workspace: %w", err)
	}
	line, _ := json.Marshal(n) // texts always marshal
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Sync(), file.Close())
}

// readNotes hands over the notes of a mapping, the oldest first.
func readNotes(path string, each func(*fileNote)) error {
	file, err := os.Open(notesPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the workspace: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		n := &fileNote{}
		if json.Unmarshal(lines.Bytes(), n) != nil {
			continue // a line that a crash cut off
		}
		each(n)
	}
	return lines.Err()
}

// told reports whether the files of a run that ended are written.
func told(path, run string) (found bool, err error) {
	err = readNotes(path, func(n *fileNote) { found = found || n.Run == run && n.Ended && !n.Rollback })
	return found, err
}
