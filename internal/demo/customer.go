package demo

import (
	"fmt"
	"slices"
	"strings"
)

const customerTable = `CREATE TABLE Customer (
  CustomerID  INTEGER PRIMARY KEY,
  BranchID    INTEGER,
  Name        TEXT,
  Email       TEXT,
  Phone       TEXT,
  St          TEXT,
  Since       TEXT,
  CreditLimit NUMERIC,
  Newsletter  TEXT,
  Fax         TEXT,
  Deleted     INTEGER NOT NULL DEFAULT 0
)`

var customerFaults = []fault{
	duplicateEmail, badDate, unknownCode, tooLong, missingValue, wrongType, negative, missingParent,
}

func customerID(i int) int { return 1001 + i }

// strangerID is the number of a customer that never was; deleted customers have
// the numbers just above the living.
func (w *world) strangerID(i int) int { return customerID(2*w.customers + i) }

func (w *world) customerFault(i int) fault {
	f := w.scheduled(ofCustomer, i, customerFaults)
	if f == duplicateEmail && w.earlierWithEmail(i) < 0 {
		return sound
	}
	return f
}

// email is empty for some customers; two customers never share one by chance.
func (w *world) email(i int) string {
	d := w.dice(ofEmail, i)
	if d.percent(6) {
		return ""
	}
	return fmt.Sprintf("%s%d@%s", d.pick(asciiNames), i+1, d.pick(mailHosts))
}

// ownsEmail says that a customer surely lands with an address of its own.
func (w *world) ownsEmail(i int) bool {
	return w.scheduled(ofCustomer, i, customerFaults) == sound && w.email(i) != ""
}

// chooseLinked takes a few of the first customers: the CRM's pilot users.
func (w *world) chooseLinked() []int {
	var linked []int
	for i := 2; i < w.customers && len(linked) < min(3, w.customers/8); i++ {
		if w.ownsEmail(i) {
			linked = append(linked, i)
		}
	}
	return linked
}

// earlierWithEmail finds the customer before i whose address i repeats, or -1.
func (w *world) earlierWithEmail(i int) int {
	for j := i - 1; j >= 0; j-- {
		if w.ownsEmail(j) && !slices.Contains(w.linked, j) {
			return j
		}
	}
	return -1
}

func (w *world) customerRow(i int) ([]any, fault, string) {
	d := w.dice(ofCustomer, i)
	f := w.customerFault(i)
	branch := any(branchID(d.below(w.branches)))
	name := any(d.customerName())
	email := w.email(i)
	if f == duplicateEmail {
		email = w.email(w.earlierWithEmail(i))
	}
	status := d.pick([]string{"A", "A", "A", "A", "P", "C", "a", " A", "c "})
	since := any(d.day(1995, 29).typed(&d))
	if d.percent(4) {
		since = nil
	}
	credit := any(float64(d.below(40)) * 250)
	if d.percent(10) {
		credit = nil
	}
	switch f {
	case badDate:
		since = d.pick(badDates)
	case unknownCode:
		status = d.pick([]string{"X", "?", "AA", "9"})
	case tooLong:
		name = "Association of " + strings.Repeat("Owners of "+d.pick(trades)+" and ", 4) + "Others"
	case missingValue:
		name = d.pickAny(nil, "", "   ")
	case wrongType:
		credit = d.pick([]string{"n/a", "none", "ask Jan", "2 500,00 EUR"})
	case negative:
		credit = -250 * float64(1+d.below(20))
	case missingParent:
		branch = 97 + d.below(3)
	}
	row := []any{
		customerID(i), branch, name, d.noisyEmail(email), d.phone(), status, since, credit,
		d.pick([]string{"Y", "N", "N", "y", "n"}), d.pickAny(nil, nil, nil, "030-555 0199"), 0,
	}
	return row, f, key(customerID(i))
}

// deletedRow is a customer that the legacy system hides and the mapping's
// `where` leaves out.
func (w *world) deletedRow(i int) []any {
	return []any{customerID(w.customers + i), 1, "TEST - do not use", nil, nil, "?", "test", "test", "?", nil, 1}
}

func (w *world) deleted() int { return w.customers/200 + 1 }

func (d *dice) customerName() string {
	name := d.pick(firstNames) + " " + d.pick(lastNames)
	if d.percent(40) {
		name = d.pick(lastNames) + " " + d.pick(trades)
	}
	if d.percent(8) {
		return " " + strings.Replace(name, " ", "  ", 1) // typed in a hurry
	}
	return name
}

// noisyEmail writes an address the way people do; the noise goes away with
// trim and lower.
func (d *dice) noisyEmail(email string) any {
	switch roll := d.below(100); {
	case email == "" && roll < 50:
		return nil
	case roll < 8:
		return strings.ToUpper(email)
	case roll < 14:
		return " " + email
	case roll < 20:
		return strings.ToUpper(email[:min(1, len(email))]) + email[min(1, len(email)):] + " "
	}
	return email
}

func (d *dice) phone() any {
	number := fmt.Sprintf("%07d", d.below(10_000_000))
	return d.pickAny("0031 20 "+number, "020-"+number, "(020) "+number[:3]+" "+number[3:], "020"+number, nil)
}

func (d *dice) pickAny(values ...any) any { return values[d.below(len(values))] }
