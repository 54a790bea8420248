package report

import (
	"fmt"
	"html/template"
	"strings"

	"landfall/internal/record"
)

// texture makes what did not land readable without colour.
func texture(d record.Disposition) string {
	switch {
	case d == record.Failed || d == record.Unknown:
		return "hatch"
	case d == record.Blocked || string(d) == "kept":
		return "dots"
	}
	return ""
}

func rect(b *strings.Builder, class string, x, y, width, height float64) {
	fmt.Fprintf(b, `<rect class="f-%s" x="%.2f" y="%.2f" width="%.2f" height="%.2f"/>`, class, x, y, width, height)
}

func textured(b *strings.Builder, d record.Disposition, x, width, height float64) {
	rect(b, string(d), x, 0, width, height)
	if pattern := texture(d); pattern != "" {
		fmt.Fprintf(b, `<rect fill="url(#%s)" x="%.2f" y="0" width="%.2f" height="%.2f"/>`, pattern, x, width, height)
	}
}

// swatch is a legend's sample.
func swatch(d record.Disposition) template.HTML {
	var b strings.Builder
	b.WriteString(`<svg viewBox="0 0 14 14" focusable="false">`)
	textured(&b, d, 0, 14, 14)
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// shareChart shows an entity's ends as parts of a whole. An end that a few
// records have is widened until it can be seen.
func shareChart(e AccountEntity) template.HTML {
	const width, thinnest = 400.0, 3.0
	total := 0.0
	for _, n := range e.Counts {
		total += float64(max(0, n))
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="share" viewBox="0 0 %.0f 14" preserveAspectRatio="none" role="img" aria-label="%s"><rect class="f-rest" width="%.0f" height="14"/>`,
		width, template.HTMLEscapeString(e.Name+": "+countsWords(e.Counts)), width)
	if total > 0 {
		widths, sum := map[record.Disposition]float64{}, 0.0
		for d, n := range e.Counts {
			if n > 0 {
				widths[d] = max(thinnest, width*float64(n)/total)
			}
		}
		for _, d := range record.Dispositions {
			sum += widths[d]
		}
		x := 0.0
		for _, d := range record.Dispositions {
			if w := widths[d] * width / sum; w > 0 {
				textured(&b, d, x, w, 14)
				x += w
			}
		}
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// barChart shows a number against the greatest of its kind.
func barChart(n, most int64) template.HTML {
	var b strings.Builder
	b.WriteString(`<svg class="share" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true" focusable="false">`)
	rect(&b, string(record.Failed), 0, 0, max(1, 100*float64(n)/float64(max(1, most))), 14)
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// paceChart draws when an entity was carried, and the records of each step of
// time against the busiest step of the whole run.
func paceChart(p *AccountPace, e EntityPace) template.HTML {
	const width, height, base = 600.0, 34.0, 30.0
	busiest := int64(1)
	for i := range p.Entities {
		for _, n := range p.Entities[i].Records {
			busiest = max(busiest, n)
		}
	}
	step := width / float64(len(e.Records))
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="pace" viewBox="0 0 %.0f %.0f" preserveAspectRatio="none" role="img" aria-label="%s">`, width, height,
		template.HTMLEscapeString(fmt.Sprintf("%s: from %s to %s after the start", e.Name, durationText(e.From), durationText(e.To))))
	rect(&b, "line", 0, base, width, 1)
	scale := width / float64(max(1, paceSpan(p)))
	rect(&b, "pace", float64(e.From)*scale, base-1, max(1.5, float64(e.To-e.From)*scale), 4)
	for i, n := range e.Records {
		if n > 0 {
			tall := max(1.5, (base-2)*float64(n)/float64(busiest))
			rect(&b, "pace", float64(i)*step, base-tall, step*0.9, tall)
		}
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// paceSpan is the time that the chart covers, in milliseconds.
func paceSpan(p *AccountPace) int64 { return p.StepMilliseconds * paceSteps }

func took(e EntityPace) int64 { return e.To - e.From }

func rateOf(e EntityPace) string { return perSecond(e.Read, took(e)) }

func paceWords(a *Account) string {
	slowest := EntityPace{}
	for _, e := range a.Pace.Entities {
		if took(e) > took(slowest) {
			slowest = e
		}
	}
	text := "The run took " + durationText(a.Run.Milliseconds)
	if slowest.Name != "" && a.Run.Milliseconds > 0 {
		text += fmt.Sprintf("; %s took longest, %s", slowest.Name, durationText(took(slowest)))
	}
	return text + ". Times are those at which batches were committed, by the clock of the target's server."
}
