package textfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"landfall/internal/sqldb"
)

// wild are the characters that make a file's name a pattern.
const wild = "*?["

// find lists the files that a name stands for, in the order of their bytes. A
// file that has the very name is meant alone, whatever characters are in it.
func find(path string) (paths []string, pattern bool, err error) {
	folder, name := filepath.Split(path)
	if !strings.ContainsAny(name, wild) {
		return []string{path}, false, nil
	}
	if _, err := os.Lstat(path); err == nil {
		return []string{path}, false, nil
	}
	entries, err := os.ReadDir(folder) // sorted
	if err != nil {
		return nil, true, err
	}
	for _, entry := range entries {
		matched, err := filepath.Match(name, entry.Name())
		if err != nil {
			return nil, true, fmt.Errorf("%s: the pattern is not complete; a [ opens a list of characters that a ] closes", name)
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && !strings.HasPrefix(name, ".")
		if matched && !hidden && !entry.IsDir() {
			paths = append(paths, filepath.Join(folder, entry.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, true, noMatch(path, entries)
	}
	return paths, true, nil
}

// noMatch says what is in the folder instead.
func noMatch(path string, entries []fs.DirEntry) error {
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
			names = append(names, entry.Name())
		}
	}
	const most = 10
	switch {
	case len(names) == 0:
		return fmt.Errorf("no file matches %s: the folder holds no files: %w", path, fs.ErrNotExist)
	case len(names) > most:
		names = append(names[:most:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return fmt.Errorf("no file matches %s: the folder holds %s: %w", path, strings.Join(names, ", "), fs.ErrNotExist)
}

// missing says which file of the folder is near.
func missing(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	base := filepath.Base(path)
	entries, _ := os.ReadDir(filepath.Dir(path)) // none are near in a folder that cannot be read
	stems, names := make([]string, 0, len(entries)), map[string]string{}
	for _, entry := range entries {
		stem := strings.TrimSuffix(entry.Name(), filepath.Ext(entry.Name()))
		stems = append(stems, stem)
		names[stem] = entry.Name()
	}
	if near := sqldb.Near(strings.TrimSuffix(base, filepath.Ext(base)), stems); near != "" {
		return fmt.Errorf("no file %s (did you mean %s?): %w", path, names[near], fs.ErrNotExist)
	}
	return fmt.Errorf("no file %s: %w", path, fs.ErrNotExist)
}
