package report

import (
	"fmt"
	"io"

	"landfall/internal/proof"
)

// Verification is what a check of a report and of the books found.
type Verification struct {
	File       string      `json:"file,omitempty"`
	Bytes      int         `json:"bytes,omitempty"`
	FileFaults []FileFault `json:"file_faults,omitempty"`
	// Contradictions are what the report says and the books do not.
	Contradictions []FileFault    `json:"contradictions,omitempty"`
	Run            string         `json:"run,omitempty"`
	Books          *proof.Verdict `json:"books,omitempty"`
	// Compared is set when the books were compared with the report's digests.
	Compared bool `json:"compared"`
}

// Holds reports whether nothing is other than it was.
func (v *Verification) Holds() bool {
	return len(v.FileFaults) == 0 && len(v.Contradictions) == 0 && (v.Books == nil || v.Books.Holds())
}

// WriteVerification says it to a person.
func WriteVerification(w io.Writer, v Verification) {
	faults := int64(len(v.FileFaults))
	if v.File != "" && faults == 0 {
		fmt.Fprintf(w, "%s: %s bytes, all as they were made\n", v.File, grouped(int64(v.Bytes)))
	}
	for _, f := range v.FileFaults {
		fmt.Fprintln(w, f)
	}
	if v.Books == nil {
		if v.File != "" {
			fmt.Fprintln(w, "the books were not checked: the report does not say any more which run it is of")
		}
	} else {
		faults += int64(len(v.Books.Faults)) + v.Books.More
		c := v.Books.Checked
		if v.Books.Holds() {
			fmt.Fprintf(w, "run %s: %s of %s, %s: chain and seals hold\n", v.Run, words(c.Batches, "batch"), words(c.Records, "record"), words(c.Entries, "entry"))
		}
		for _, f := range v.Books.Faults {
			fmt.Fprintln(w, f)
		}
		faults += int64(len(v.Contradictions))
		for _, f := range v.Contradictions {
			fmt.Fprintln(w, f)
		}
		if v.Books.More > 0 {
			fmt.Fprintf(w, "and %s\n", words(v.Books.More, "more fault"))
		}
		if v.Compared && v.Books.Holds() {
			fmt.Fprintf(w, "%s of the books are what they were when the report was made\n", words(v.Books.Rows, "row"))
			if len(v.Contradictions) == 0 {
				fmt.Fprintln(w, "what the report says is what the books say")
			}
		}
		for _, note := range v.Books.Notes {
			fmt.Fprintln(w, "note: "+note)
		}
		switch {
		case v.File != "" && !v.Compared && faults > 0:
			fmt.Fprintln(w, "note: the report is damaged, so the books were not compared with it")
		case !v.Compared:
			fmt.Fprintln(w, "note: without the report of an ended run only what the books say of themselves was checked")
		}
	}
	if faults > 0 {
		fmt.Fprintf(w, "%s: not what it was\n", words(faults, "fault"))
	}
}
