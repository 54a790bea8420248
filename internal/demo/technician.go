package demo

import (
	"context"
	"fmt"
)

var technicianHeader = []string{"Badge", "Name", "BranchID", "Hired", "Certified"}

var technicianFaults = []fault{duplicateKey, raggedRow, missingKey, badDate}

func badge(i int) string { return fmt.Sprintf("T-%04d", i+1) }

func (w *world) technicianFault(i int) fault {
	f := w.scheduled(ofTechnician, i, technicianFaults)
	if f == duplicateKey && w.earlierTechnician(i) < 0 {
		return sound
	}
	return f
}

// earlierTechnician finds the one before i whose badge i repeats, or -1.
func (w *world) earlierTechnician(i int) int {
	for j := i - 1; j >= 0; j-- {
		if w.scheduled(ofTechnician, j, technicianFaults) == sound {
			return j
		}
	}
	return -1
}

// someTechnician finds one who lands.
func (w *world) someTechnician(d *dice) string {
	i := d.below(w.technicians)
	for w.technicianFault(i) != sound {
		i = (i + 1) % w.technicians
	}
	return badge(i)
}

func (w *world) technicianRow(i int) ([]string, fault, string) {
	d := w.dice(ofTechnician, i)
	f := w.technicianFault(i)
	id, hired := badge(i), d.day(1999, 25).iso()
	switch f {
	case duplicateKey:
		id = badge(w.earlierTechnician(i))
	case missingKey:
		id = ""
	case badDate:
		hired = d.pick(badDates)
	}
	row := []string{
		id, d.pick(firstNames) + " " + d.pick(lastNames), fmt.Sprint(branchID(d.below(w.branches))), hired,
		d.pick([]string{"yes", "yes", "no", "Yes"}),
	}
	if f == raggedRow {
		row = ragged(row, &d)
	}
	return row, f, id
}

// writeTechnicians writes what a spreadsheet program exports: a byte order mark
// and Windows line ends.
func writeTechnicians(ctx context.Context, path string, w *world) ([]Entity, error) {
	entity, err := writeCSV(ctx, path, csvFile{
		entity: "technician", header: technicianHeader, spreadsheet: true, rows: w.technicians, row: w.technicianRow,
	})
	return []Entity{entity}, err
}
