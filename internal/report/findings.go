package report

import (
	"fmt"
	"io"
	"strings"

	"landfall/internal/migration"
)

// Findings writes what `check` found out about a mapping and its two ends.
func Findings(w io.Writer, m *migration.Migration) {
	fmt.Fprintf(w, "Order of landing\n")
	for i, e := range m.Entities {
		why := m.File.Reason(e.Entity)
		if why != "" {
			why = ", " + why
		}
		fmt.Fprintf(w, "  %d. %s: %s → %s%s\n", i+1, e.Name, e.OriginName, e.Table.Name, why)
	}
	if len(m.Findings) > 0 {
		fmt.Fprintf(w, "\nFindings\n")
	}
	for _, f := range m.Findings {
		fmt.Fprintf(w, "  %s:%d:%d: %s: %s: %s\n", m.File.Path, f.Position.Line, f.Position.Column, f.Severity, f.Entity, f.Text)
	}
	unused := m.Coverage()
	if len(unused) > 0 {
		fmt.Fprintf(w, "\nSource columns that are neither used nor ignored\n")
	}
	for _, u := range unused {
		fmt.Fprintf(w, "  %s: %s\n", u.Source, strings.Join(u.Columns, ", "))
	}
	writeQuestions(w, OpenQuestions(m))
	wrong := len(m.Wrong())
	fmt.Fprintf(w, "\n%s, %s", counted(wrong, "error"), counted(len(m.Findings)-wrong, "warning"))
	if wrong == 0 {
		fmt.Fprintf(w, ": the mapping can be run")
	}
	fmt.Fprintln(w)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
