package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"strings"
)

//go:embed page/page.html
var pageText string

//go:embed page/page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Funcs(pageFuncs).Parse(pageText))

// layout names this program's template and style.
var layout = func() string {
	sum := sha256.Sum256([]byte(pageText + "\x00" + pageStyle))
	return hex.EncodeToString(sum[:8])
}()

// The account stands in the page between these two lines, and the line with
// the page's own hash ends the file.
const (
	dataOpens  = "<script type=\"application/json\" id=\"account\">\n"
	dataCloses = "\n</script>\n</body>\n</html>\n"
	hashOpens  = "<!-- page sha256:"
	hashMiddle = " sums:"
	hashCloses = " -->\n"
)

// Page is the report as one HTML file that stands alone. The same account
// always gives the same bytes.
func (a *Account) Page() ([]byte, error) {
	data, err := a.JSON()
	if err != nil {
		return nil, err
	}
	// The page is drawn from what the data says, which is all that there is of
	// the account when it is drawn again.
	said := decodeAccount(data)
	if said == nil {
		return nil, fmt.Errorf("drawing the report: its data cannot be read back")
	}
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, said); err != nil {
		return nil, fmt.Errorf("drawing the report: %w", err)
	}
	page.WriteString(dataOpens)
	page.Write(bytes.TrimSuffix(data, []byte("\n")))
	page.WriteString(dataCloses)
	s := sumsOf(page.Bytes())
	page.WriteString(hashOpens + s.sha256() + hashMiddle + s.sums() + hashCloses)
	return page.Bytes(), nil
}

var pageFuncs = template.FuncMap{
	"style": func() template.CSS { return template.CSS(pageStyle) },
	"title": title, "verdict": verdictOf, "figures": figures, "checks": checks, "sections": sectionsOf, "facts": facts,
	"shown": shownEnds, "sum": sumOf, "roles": rolesOf, "balanceMark": balanceMark,
	"grouped": grouped, "count": countText, "percent": percent, "words": words[int64], "wordsOf": words[int], "examples": examplesOf, "refusedTitle": refusedTitle, "refusedWords": refusedWords, "balanceWords": balanceWords, "counted": sourcesCount, "parts": partsShown, "touched": touchedWord,
	"moment": momentText, "duration": durationText, "countsWords": countsWords,
	"share": shareChart, "swatch": swatch, "bar": barChart, "pace": paceChart,
	"paceWords": paceWords, "span": paceSpan, "took": took, "rateOf": rateOf,
	"groupText": func(group []string) string { return strings.Join(group, ", ") },
	"amount":    amountText, "change": changeText, "compared": comparedNames, "unseen": unseenWords, "bounds": func(r AccountReconciliation) string { return strings.Join(r.Bounds, "; ") },
	"fingerprintMark": fingerprintMark, "fingerprintWords": fingerprintWords, "value": valueText,
	"slicesShown": slicesShown, "slicesHidden": slicesHidden,
}

// mark is a judgement with a sign, so that it can be read without colour.
type mark struct{ Class, Mark, Text string }

func good(format string, args ...any) mark { return mark{"good", "✓", fmt.Sprintf(format, args...)} }

func bad(format string, args ...any) mark { return mark{"bad", "✗", fmt.Sprintf(format, args...)} }

func mild(format string, args ...any) mark { return mark{"warn", "!", fmt.Sprintf(format, args...)} }

func idle(format string, args ...any) mark { return mark{"soft", "–", fmt.Sprintf(format, args...)} }

type section struct{ ID, Title string }

// sectionsOf lists the sections that have something to show.
func sectionsOf(a *Account) []section {
	var sections []section
	add := func(there bool, id, title string) {
		if there {
			sections = append(sections, section{id, title})
		}
	}
	add(len(a.Entities) > 0, "balance", "Balance")
	add(len(a.Totals) > 0, "totals", "Totals")
	add(len(a.Fingerprints) > 0, "fingerprints", "Fingerprints")
	add(a.Reconciliation != nil || len(a.Others) > 0, "reconciliation", "Reconciliation")
	add(len(a.Followers) > 0, "followers", "Runs that go back to this one")
	add(a.Pace != nil, "time", "Time")
	add(len(a.Rejections) > 0, "rejections", refusedTitle(a))
	add(true, "origin", "What ran")
	add(len(a.Mapping) > 0, "mapping", "Mapping")
	return sections
}
