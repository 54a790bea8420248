package dataload

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// DefaultWorkspace is the folder, beside where the command stands, in which
// mappings and books are kept.
const DefaultWorkspace = ".landfall"

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// migration is the name under which the books know what is loaded.
func (o *Options) migration() string {
	name := "dataload-" + notInName.ReplaceAllString(o.Type, "-")
	if o.PrimaryKey != DefaultKey {
		name += "-by-" + notInName.ReplaceAllString(o.PrimaryKey, "-")
	}
	return name
}

// mappingPath is where the composed mapping stands, with the books beside it: a
// folder for each API, and a file for each type and key, so that no run takes
// what it knows of one system for what is in another.
func (o *Options) mappingPath(uri string) (string, error) {
	at, err := url.Parse(uri)
	if err != nil || at.Host == "" {
		return "", usagef("-u: expected the address of the API, such as https://app.janraincapture.com")
	}
	if at.User != nil {
		return "", usagef("-u: user and password do not belong in the address: give -i and -s")
	}
	place := strings.Trim(notInName.ReplaceAllString(at.Host+at.Path, "-"), "-")
	return filepath.Join(o.Workspace, place, o.migration()+".yaml"), nil
}

// booksPath is where the books stand, beside the mapping.
func (o *Options) booksPath(mapping string) string {
	return filepath.Join(filepath.Dir(mapping), o.migration()+".books.db")
}

// outputFolder is the folder of the files by a name that means the same wherever
// the next command is given.
func (o *Options) outputFolder() string {
	if path, err := filepath.Abs(o.OutputDir); err == nil {
		return path
	}
	return o.OutputDir
}

// keep writes the mapping, readable by its owner alone as the books beside it
// are, which hold what was read of records that did not land.
func keep(path string, mapping []byte) error {
	if before, err := os.ReadFile(path); err == nil && bytes.Equal(before, mapping) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("the workspace: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".mapping-*")
	if err != nil {
		return fmt.Errorf("the workspace: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.Write(mapping)
	if syncErr := file.Sync(); err == nil {
		err = syncErr
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("the workspace: %w", err)
	}
	return nil
}
