package demo

import (
	"context"
	"fmt"
)

var invoiceHeader = []string{"InvoiceID", "Number", "JobNo", "Issued", "Due", "Amount", "Paid", "Memo"}

var invoiceFaults = []fault{
	duplicateKey, duplicateNumber, negative, badDate, missingParent, raggedRow, wrongType, outOfRange, missingKey,
	missingValue,
}

func invoiceID(i int) string { return key(50_001 + i) }

func (w *world) invoiceIssued(i int) day {
	d := w.dice(ofInvoice^ofParent<<16, i)
	return d.day(2013, 12)
}

func (w *world) invoiceNumber(i int) string {
	return fmt.Sprintf("INV-%d-%06d", w.invoiceIssued(i).year, i+1)
}

// invoiceJob chooses the job, as jobSite chooses a site.
func (w *world) invoiceJob(i int) int {
	d := w.dice(ofInvoice^ofParent<<8, i)
	for {
		job := d.below(w.jobs)
		switch f := w.jobFault(job); {
		case f == sound:
			return job
		case f != missingKey && d.percent(15):
			return job
		}
	}
}

func (w *world) invoiceFault(i int) fault {
	if w.jobFault(w.invoiceJob(i)) != sound {
		return parentFailed
	}
	f := w.scheduled(ofInvoice, i, invoiceFaults)
	if (f == duplicateKey || f == duplicateNumber) && w.earlierInvoice(i) < 0 {
		return sound
	}
	return f
}

// earlierInvoice finds a sound one before i for i to repeat, or -1.
func (w *world) earlierInvoice(i int) int {
	for j := i - 1; j >= 0; j-- {
		if w.scheduled(ofInvoice, j, invoiceFaults) == sound && w.jobFault(w.invoiceJob(j)) == sound {
			return j
		}
	}
	return -1
}

func (w *world) invoiceRow(i int) ([]string, fault, string) {
	d := w.dice(ofInvoice, i)
	f := w.invoiceFault(i)
	id, number, job := invoiceID(i), w.invoiceNumber(i), jobNo(w.invoiceJob(i))
	issued := w.invoiceIssued(i)
	due := day{issued.year + 1, issued.month, 1}
	dates := [2]string{issued.iso(), due.european()}
	if d.percent(10) {
		dates[1] = ""
	}
	amount := fmt.Sprintf("%d.%02d", d.below(4000), d.below(100))
	if d.percent(5) {
		amount = " " + amount
	}
	memo := d.pick([]string{"", "", "", "Thank you!", "Cash, \"as agreed\"", "First line\nSecond line", "Für Zoë; bitte prüfen, danke"})
	switch f {
	case duplicateKey:
		id = invoiceID(w.earlierInvoice(i))
	case duplicateNumber:
		number = w.invoiceNumber(w.earlierInvoice(i))
	case negative:
		amount = "-" + fmt.Sprintf("%d.00", 1+d.below(900))
	case badDate:
		dates[0] = d.pick(badDates)
	case missingParent:
		job = jobNo(2*w.jobs + i)
	case wrongType:
		amount = d.pick([]string{"twelve", "12,50", "€ 40", "tbd"})
	case outOfRange:
		amount = "99999999999.00"
	case missingKey:
		id = d.pick([]string{"", "  "})
	case missingValue:
		number = ""
	}
	row := []string{id, number, job, dates[0], dates[1], amount, d.pick([]string{"1", "1", "0"}), memo}
	switch f {
	case raggedRow:
		row = ragged(row, &d)
	case missingKey:
		id = ""
	}
	return row, f, id
}

func writeInvoices(ctx context.Context, path string, w *world) ([]Entity, error) {
	entity, err := writeCSV(ctx, path, csvFile{entity: "invoice", header: invoiceHeader, rows: w.invoices, row: w.invoiceRow})
	return []Entity{entity}, err
}
