package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"landfall/internal/ledger"
	"landfall/internal/proof"
	"landfall/internal/sqldb"
)

// contradictionsTold is how many places are listed in which a report says
// something else than the books; a report with more of them is of another run.
const contradictionsTold = 20

// Contradict tells the run again from the books and lists every value of the
// report that they do not say, but for what may lawfully change after a report
// was made. Notes say what could not be compared. The run must be the one that
// the report names.
func Contradict(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, said *Account) (found []FileFault, notes []string, err error) {
	now, err := gather(ctx, tx, l, run, AccountOptions{Program: said.Program, ShowPrivate: true, asOf: said})
	if err != nil {
		return nil, nil, err
	}
	runs, err := l.Runs(ctx, tx, run.Migration)
	if err != nil {
		return nil, nil, err
	}
	c := &contradictions{}
	if said.Books != nil {
		gaps, err := said.Books.Gaps(ctx, tx, l, run)
		if err != nil {
			return nil, nil, err
		}
		for _, gap := range gaps {
			c.add("books."+gap.Path, gap.Text)
		}
	}
	c.ended(run, runs, said)
	// What is not compared here is checked elsewhere, or is the report's own.
	now.Format, now.Layout, now.MadeAt, now.ShowsPrivate, now.Integrity = said.Format, said.Layout, said.MadeAt, said.ShowsPrivate, said.Integrity
	now.Books = said.Books
	now.Run.State, now.Run.EndedAt, now.Run.Error = said.Run.State, said.Run.EndedAt, said.Run.Error
	now.rename(said, runs, run)
	if !proof.Final(said.Run.State) && wentOn(run, said, now) {
		now.grown(run, said)
		notes = append(notes, "the report was made before the run ended, and the run went on: what could still change then was not compared")
	}
	now.followed(said)
	return c.compare(said, now), notes, nil
}

type contradictions struct {
	found []FileFault
	more  int
}

func (c *contradictions) add(path, text string) {
	if len(c.found) == contradictionsTold {
		c.more++
		return
	}
	c.found = append(c.found, FileFault{Part: "data", Section: path, Offset: -1, Text: text})
}

// ended holds what the report leaves out against when it was made.
func (c *contradictions) ended(run *ledger.Run, runs []*ledger.Run, said *Account) {
	final := proof.Final(said.Run.State)
	switch {
	case final && said.Books == nil:
		c.add("books", "the digests are missing, which the report of an ended run has")
	case !final && said.Books != nil:
		c.add("run.state", "a report with digests is of a run that has ended")
	case !final && proof.Final(run.State) && wellBefore(run.EndedAt, said.MadeAt):
		c.add("run.state", "the run had ended when the report was made")
	}
	if said.Books == nil {
		return
	}
	for _, later := range runs {
		if later.ID > said.Books.Bounds.Newest && wellBefore(later.EndedAt, said.MadeAt) {
			c.add("books.bounds.newest_run", "there were later runs when the report was made")
			return
		}
	}
}

// compare holds both sides against each other as the report's JSON has them.
func (c *contradictions) compare(said, now *Account) []FileFault {
	var sides [2]any
	for i, a := range []*Account{said, now} {
		text, err := json.Marshal(a)
		if err == nil {
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.UseNumber() // 64 bits do not fit what JSON numbers become else
			err = decoder.Decode(&sides[i])
		}
		if err != nil {
			c.add("", err.Error())
			return c.found
		}
	}
	c.values(nil, sides[0], sides[1])
	if c.more > 0 {
		c.found = append(c.found, FileFault{Part: "data", Offset: -1, Text: fmt.Sprintf("%s are not what the books say", words(c.more, "more value"))})
	}
	return c.found
}

func (c *contradictions) values(path []string, said, now any) {
	switch now := now.(type) {
	case map[string]any:
		was, same := said.(map[string]any)
		if !same {
			break
		}
		keys := map[string]bool{}
		for key := range was {
			keys[key] = true
		}
		for key := range now {
			keys[key] = true
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			at := append(slices.Clone(path), key)
			a, told := was[key]
			b, known := now[key]
			switch {
			case !told:
				c.add(strings.Join(at, "."), "the books say it, and the report does not")
			case !known:
				c.add(strings.Join(at, "."), "the books say no such thing")
			default:
				c.values(at, a, b)
			}
		}
		return
	case []any:
		was, same := said.([]any)
		if !same {
			break
		}
		for i := range min(len(was), len(now)) {
			c.values(append(slices.Clone(path), fmt.Sprint(i+1)), was[i], now[i])
		}
		if len(was) != len(now) {
			c.add(strings.Join(path, "."), fmt.Sprintf("has %d, and the books say %d", len(was), len(now)))
		}
		return
	default:
		if said == now || said == privateText && now != nil && mayBePrivate(path) {
			return
		}
	}
	c.add(strings.Join(path, "."), "is not what the books say")
}

// mayBePrivate reports whether a value may be masked in a report: what is
// private changes with the mapping.
func mayBePrivate(path []string) bool {
	switch path[0] {
	case "totals":
		return len(path) > 2 && slices.Contains([]string{"group", "before", "after"}, path[2])
	case "reconciliation", "other_reconciliations":
		return slices.Contains(path, "examples") && slices.Contains([]string{"expected", "found", "message"}, path[len(path)-1])
	}
	return false
}
