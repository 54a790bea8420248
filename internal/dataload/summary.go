package dataload

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// Summary is what a command came to.
type Summary struct {
	Run    string   `json:"run"`
	State  string   `json:"state"`
	Type   string   `json:"type"`
	Delta  bool     `json:"delta"`
	DryRun bool     `json:"dry_run,omitempty"`
	Counts Counts   `json:"counts"`
	Total  *int64   `json:"total,omitempty"` // records of the type afterwards; nil where that could not be asked
	Files  []string `json:"files"`
	// TotalError is why the total is not known.
	TotalError string `json:"total_error,omitempty"`
}

// Write prints the summary in the vendor's words, with a line for each end that
// the vendor's loader does not know.
func (s *Summary) Write(w io.Writer) {
	c := &s.Counts
	line := func(n int64, text string) { fmt.Fprintf(w, "\t[%d] %s\n", n, text) }
	fmt.Fprintln(w, "DATALOAD RESULTS")
	line(c.Processed, "Total processed users")
	fmt.Fprintln(w)
	line(c.Created, "Import success. Number of new records inserted in database")
	line(c.Failed, "Import failures")
	if c.Retry > 0 {
		line(c.Retry, "Import retries")
	}
	if s.Delta {
		fmt.Fprintln(w)
		line(c.Updated, "Update success. Existing users that were updated")
		line(c.NotUpdate, "Update failures")
	}
	if c.Verified+c.Unchanged+c.Duplicate > 0 {
		fmt.Fprintln(w)
	}
	if c.Verified > 0 {
		line(c.Verified, "success (verified). Counted above: the answer was lost, and the record was found")
	}
	switch {
	case c.Unchanged == 0:
	case s.Delta:
		line(c.Unchanged, "Unchanged. Existing users that are as in the file")
	default:
		line(c.Unchanged, "Unchanged. Records that landed in an earlier run")
	}
	if c.Duplicate > 0 {
		line(c.Duplicate, "Duplicates. Records of the file in whose place another one counts")
	}
	if c.NotLoaded > 0 {
		fmt.Fprintln(w)
		line(c.NotLoaded, "Not loaded. The run was broken off before them: the same command goes on")
	}
	s.writeTotal(w)
	s.writeFiles(w)
}

func (s *Summary) writeTotal(w io.Writer) {
	switch {
	case s.Total != nil:
		fmt.Fprintf(w, "\n\t[%d] Total number of records in Entity Type [%s] after execution\n", *s.Total, s.Type)
	case s.TotalError != "":
		fmt.Fprintf(w, "\n\t[?] Total number of records in Entity Type [%s] after execution: %s\n", s.Type, s.TotalError)
	}
}

func (s *Summary) writeFiles(w io.Writer) {
	if len(s.Files) == 0 {
		return
	}
	names := make([]string, len(s.Files))
	for i, path := range s.Files {
		names[i] = filepath.Clean(path)
	}
	fmt.Fprintf(w, "\nPlease check detailed results in the files below:\n\t%s\n", strings.Join(names, "\n\t"))
}

// WriteDry prints what a dry run found: what would be sent, and what would not.
func (s *Summary) WriteDry(w io.Writer) {
	c := &s.Counts
	would := "would create"
	if s.Delta {
		would = "would create or update"
	}
	fmt.Fprintln(w, "DATALOAD DRY RUN")
	fmt.Fprintf(w, "\t[%d] Total processed users\n\n", c.Processed)
	fmt.Fprintf(w, "\t[%d] %s\n", c.Created, would)
	fmt.Fprintf(w, "\t[%d] would reject\n", c.Failed)
	if c.Duplicate > 0 {
		fmt.Fprintf(w, "\t[%d] would skip: another record of the file counts in their place\n", c.Duplicate)
	}
	fmt.Fprintln(w, "\nNothing was sent: a dry run makes no call.")
	s.writeFiles(w)
}
