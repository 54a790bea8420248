package demo

import "landfall/internal/record"

// fault is what is wrong with a record; sound means nothing is.
type fault int

const (
	sound fault = iota
	parentFailed
	missingParent
	missingKey
	duplicateKey
	duplicateEmail
	duplicateNumber
	raggedRow
	badDate
	unknownCode
	wrongType
	tooLong
	outOfRange
	missingValue
	negative
	faultKinds // how many there are
)

type aboutFault struct {
	kind string
	code record.Code
}

var faults = [faultKinds]aboutFault{
	parentFailed:    {"child of a record that does not land", record.CodeParentFailed},
	missingParent:   {"child of a record that does not exist", record.CodeMissingParent},
	missingKey:      {"no key", record.CodeMissingKey},
	duplicateKey:    {"the same key twice", record.CodeDuplicateKey},
	duplicateEmail:  {"the same e-mail address twice", record.CodeDuplicateKey},
	duplicateNumber: {"the same invoice number twice", record.CodeDuplicateKey},
	raggedRow:       {"row with a cell too few or too many", record.CodeRaggedRow},
	badDate:         {"no such date", record.CodeBadDate},
	unknownCode:     {"status code that nobody knows", record.CodeUnknownCode},
	wrongType:       {"word where a number belongs", record.CodeWrongType},
	tooLong:         {"text longer than the CRM takes", record.CodeTooLong},
	outOfRange:      {"number larger than the CRM takes", record.CodeOutOfRange},
	missingValue:    {"nothing where the CRM wants a value", record.CodeNotNull},
	negative:        {"negative number that a CHECK refuses", record.CodeCheck},
}

func (a aboutFault) disposition() record.Disposition {
	if a.code == record.CodeParentFailed {
		return record.Blocked
	}
	return record.Failed
}

// faultEvery is the length of a stretch of records in which exactly one is
// wrong: 2.5 % of all, spread evenly, every kind in turn.
const faultEvery = 40

// scheduled is the fault that a record is to have if its parents allow it.
func (w *world) scheduled(purpose uint64, i int, kinds []fault) fault {
	stretch := i / faultEvery
	if d := w.dice(purpose^scheduleSalt, stretch); i%faultEvery != d.below(faultEvery) {
		return sound
	}
	start := w.dice(purpose^scheduleSalt, -1)
	return kinds[(stretch+start.below(len(kinds)))%len(kinds)]
}

// scheduleSalt sets the dice of the schedule apart from those of the records.
const scheduleSalt = 0xfa017
