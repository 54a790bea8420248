package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"landfall/internal/verdict"
)

// tellBalances writes what was in each table before the run, what it made of
// what it read, and what is there.
func tellBalances(w io.Writer, balances []*verdict.Balance) error {
	if len(balances) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\nRows of %s\n\n", balances[0].Run)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "table\tbefore\tread\trejected\tmade\texpected\tactual\tverdict\t")
	for _, b := range balances {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", b.Table, grouped(b.Before), grouped(b.Read), grouped(b.Rejected), grouped(b.Made), grouped(b.Expected), grouped(b.Actual), b.State)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, b := range balances {
		for _, line := range balanceLines(b) {
			fmt.Fprintf(w, "  %s: %s\n", b.Table, line)
		}
	}
	return nil
}

// balanceLines say what stands between expected and actual.
func balanceLines(b *verdict.Balance) (lines []string) {
	if b.Business > 0 {
		text := grouped(b.Business) + " by business"
		switch named := int64(len(b.BusinessRows)); {
		case named == 0:
			text += ", which is the difference; their keys do not tell which"
		case named < b.Business:
			text += ": rows " + strings.Join(b.BusinessRows, ", ") + " and more"
		case named == 1:
			text += ": row " + b.BusinessRows[0]
		default:
			text += ": rows " + strings.Join(b.BusinessRows, ", ")
		}
		lines = append(lines, text)
	}
	if b.Gone > 0 {
		text := strings.Join(b.GoneRecords, ", ")
		if more := b.Gone - int64(len(b.GoneRecords)); more > 0 {
			text += fmt.Sprintf(" and %s more", grouped(more))
		}
		lines = append(lines, "gone since the run made them: "+text)
	}
	if b.Lost > 0 {
		lines = append(lines, wordsAre(b.Lost, "row")+" gone that the run did not make")
	}
	return lines
}
