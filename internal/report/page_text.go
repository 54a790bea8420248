package report

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"landfall/internal/record"
)

func countText(n int64) string {
	if n < 0 {
		return "–"
	}
	return grouped(n)
}

// percent keeps a few of many from reading as none.
func percent(n, of int64) string {
	switch {
	case of == 0:
		return "–"
	case n == 0:
		return "0 %"
	case n == of:
		return "100 %"
	}
	share := 100 * float64(n) / float64(of)
	switch {
	case share < 0.1:
		return "under 0.1 %"
	case share > 99.9:
		return "over 99.9 %"
	}
	return strconv.FormatFloat(share, 'f', 1, 64) + " %"
}

// words counts in words: 1 entity, 2 entities.
func words[N int | int64](n N, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "y"):
		what = strings.TrimSuffix(what, "y") + "ies"
	case strings.HasSuffix(what, "ch"):
		what += "es"
	default:
		what += "s"
	}
	return grouped(int64(n)) + " " + what
}

func wordsAre[N int | int64](n N, what string) string {
	if n == 1 {
		return words(n, what) + " is"
	}
	return words(n, what) + " are"
}

func momentText(stamp string) string {
	at, err := time.Parse(stampLayout, stamp)
	if err != nil {
		return stamp
	}
	return at.Format("2006-01-02 15:04:05") + " UTC"
}

func durationText(milliseconds int64) string {
	d := time.Duration(milliseconds) * time.Millisecond
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", milliseconds)
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

func countsWords(counts map[record.Disposition]int64) string {
	var parts []string
	for _, disposition := range record.Dispositions {
		if n := counts[disposition]; n != 0 {
			parts = append(parts, grouped(n)+" "+string(disposition))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func perSecond(n, milliseconds int64) string {
	if milliseconds <= 0 {
		return "–"
	}
	return grouped(n * 1000 / milliseconds)
}

func amountText(text *string) string {
	if text == nil {
		return "–"
	}
	sign, number := "", *text
	if strings.HasPrefix(number, "-") {
		sign, number = "−", number[1:]
	}
	whole, fraction, _ := strings.Cut(number, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.ContainsAny(fraction, "eE") {
		return *text
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + grouped(n) + fraction
}

// changeText is by how much a total changed, exactly. A group that was not there
// added up to nothing; a least or greatest value that was not there is none.
func changeText(t AccountTotal) string {
	before, after, zero := t.Before, t.After, "0"
	if t.Open || (before == nil || after == nil) && (len(t.Group) == 0 || strings.HasPrefix(t.Name, "m")) {
		return ""
	}
	if before == nil {
		before = &zero
	}
	if after == nil {
		after = &zero
	}
	was, okWas := new(big.Rat).SetString(*before)
	is, okIs := new(big.Rat).SetString(*after)
	if !okWas || !okIs {
		return ""
	}
	difference := new(big.Rat).Sub(is, was)
	if difference.Sign() == 0 {
		return "0"
	}
	text := difference.FloatString(max(scale(*before), scale(*after)))
	shown := amountText(&text)
	if difference.Sign() > 0 {
		return "+" + shown
	}
	return shown
}

func scale(number string) int {
	_, fraction, _ := strings.Cut(number, ".")
	return len(fraction)
}

// valueText is a value of a row; it is quoted, so that blanks can be seen.
func valueText(text *string) string {
	switch {
	case text == nil:
		return "NULL"
	case *text == privateText:
		return *text
	}
	return strconv.Quote(*text)
}
