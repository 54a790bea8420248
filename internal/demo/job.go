package demo

import "fmt"

const (
	jobTable = `CREATE TABLE Job (
  JobNo      TEXT,
  CustomerID INTEGER,
  SiteNo     INTEGER,
  Badge      TEXT,
  Opened     TEXT,
  Status     INTEGER,
  Hours      NUMERIC,
  Summary    TEXT
)`
	jobIndex     = `CREATE INDEX JobByNo ON Job (JobNo)`
	jobNoteTable = `CREATE TABLE JobNote (
  JobNo TEXT,
  Note  TEXT
)`
	jobNoteIndex = `CREATE INDEX JobNoteByNo ON JobNote (JobNo)`
)

var jobFaults = []fault{missingParent, badDate, unknownCode, wrongType, negative, tooLong, missingKey, missingValue}

func jobNo(i int) string { return fmt.Sprintf("J%07d", i+1) }

// jobSite chooses the site. Most jobs of sites that do not land are passed
// over, so that one bad customer does not take half of the data along.
func (w *world) jobSite(i int) int {
	d := w.dice(ofJob^ofParent<<8, i)
	for {
		site := d.below(w.sites)
		switch f := w.siteFault(site); {
		case f == sound:
			return site
		case f != missingParent && d.percent(15):
			return site
		}
	}
}

func (w *world) jobFault(i int) fault {
	if w.siteFault(w.jobSite(i)) != sound {
		return parentFailed
	}
	return w.scheduled(ofJob, i, jobFaults)
}

func (w *world) jobRow(i int) ([]any, fault, string) {
	d := w.dice(ofJob, i)
	f := w.jobFault(i)
	number := any(jobNo(i))
	place, site := siteOwner(w.jobSite(i))
	customer := customerID(place)
	technician := any(w.someTechnician(&d))
	switch roll := d.below(100); {
	case roll < 6:
		technician = nil
	case roll < 10:
		technician = fmt.Sprintf("X-%02d", d.below(100)) // left before badges were numbered; the mapping says `missing: null`
	}
	opened := fmt.Sprintf("%s %02d:%02d", d.day(2012, 13).iso(), 7+d.below(11), 5*d.below(12))
	status := any(10 * (1 + d.below(4)))
	hours := any(float64(d.below(60)) / 4)
	summary := d.pickAny(d.pick(works), d.pick(works), " "+d.pick(works)+" ")
	switch f {
	case missingParent:
		customer, site = w.strangerID(w.sites+i), 1
	case badDate:
		opened = d.pick(badDates)
	case unknownCode:
		status = d.pickAny(99, 0, "done?")
	case wrongType:
		hours = d.pick([]string{"two", "1h30", "half a day"})
	case negative:
		hours = -1 - float64(d.below(8))/4
	case tooLong:
		summary = "Customer reports that " + fmt.Sprintf("%[1]s, and %[1]s, and %[1]s, and %[1]s, and %[1]s, and %[1]s, and %[1]s", d.pick(works))
	case missingKey:
		number = nil
	case missingValue:
		summary = d.pickAny(nil, "", " ")
	}
	row := []any{number, customer, site, technician, opened, status, hours, summary}
	if f == missingKey {
		return row, f, ""
	}
	return row, f, jobNo(i)
}

// jobNote is a note on the job, or nothing.
func (w *world) jobNote(i int) (string, bool) {
	d := w.dice(ofJob^ofParent<<16, i)
	if !d.percent(30) || w.jobFault(i) == missingKey {
		return "", false
	}
	note := d.pick(notes)
	if d.percent(40) {
		note += "\n" + d.pick(notes)
	}
	return note, true
}
