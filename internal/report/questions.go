package report

import (
	"fmt"
	"io"

	"landfall/internal/migration"
)

// OpenQuestion is a source column of which the mapping does not say yet what
// becomes of it.
type OpenQuestion struct {
	Entity   string `json:"entity"`
	Column   string `json:"column"`
	Question string `json:"question"`
}

// OpenQuestions lists what the mapping still asks, entity by entity in the order
// of landing.
func OpenQuestions(m *migration.Migration) []OpenQuestion {
	var open []OpenQuestion
	for _, e := range m.Entities {
		for _, asked := range e.Ask {
			open = append(open, OpenQuestion{Entity: e.Name, Column: asked.Column, Question: asked.Text})
		}
	}
	return open
}

func writeQuestions(w io.Writer, open []OpenQuestion) {
	if len(open) > 0 {
		fmt.Fprintf(w, "\nOpen questions\n")
	}
	for _, q := range open {
		fmt.Fprintf(w, "  %s.%s: %s\n", q.Entity, q.Column, q.Question)
	}
}
