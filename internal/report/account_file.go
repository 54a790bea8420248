package report

import (
	"io"
	"path/filepath"
)

// AccountFile is where the report of a run goes unless told otherwise:
// report.html or account.json beside the run's other files.
func AccountFile(dir, run, format string) string {
	name := "report.html"
	if format == "json" {
		name = "account.json"
	}
	return filepath.Join(dir, run, name)
}

// WriteAccount writes a report's file, whole or not at all. One that shows what
// is private can be read by its owner alone.
func WriteAccount(path string, text []byte, showsPrivate bool) error {
	mode := openMode
	if showsPrivate {
		mode = closedMode
	}
	return whole(path, mode, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
