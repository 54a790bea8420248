package mapping

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// StopAfter is how many records may fail before a run ends by itself. Like a
// throttle it changes when records land and never what lands, so it is no part
// of what Describe says and may be changed while a run is unfinished.
type StopAfter struct {
	Never    bool  // none: however many fail
	Failures int64 // so many end the run; 0 where Percent says it
	Of       int64 // within any so many records read in a row; 0: of all that were read
	Percent  float64
}

// Bounds that tell a typing mistake from a wish.
const (
	mostFailures = 1_000_000
	widestOf     = 1_000_000_000
)

var (
	stopAfterKeys    = []string{"failures", "of"}
	stopAfterPattern = regexp.MustCompile(`^(?:none|[0-9]+|[0-9]+/[0-9]+|[0-9]+(?:\.[0-9]+)?%)$`)
)

const stopAfterExpected = "expected a share such as 1%, a count such as 500, a count within so many records read in a row such as 500/10000, or none"

// ParseStopAfter reads 1%, 500, 500/10000 or none.
func ParseStopAfter(text string) (StopAfter, error) {
	wrong := fmt.Errorf("%s, found %q", stopAfterExpected, text)
	if !stopAfterPattern.MatchString(text) {
		return StopAfter{}, wrong
	}
	if text == "none" {
		return StopAfter{Never: true}, nil
	}
	if share, found := strings.CutSuffix(text, "%"); found {
		percent, err := strconv.ParseFloat(share, 64)
		if err != nil || percent <= 0 || percent > 100 {
			return StopAfter{}, fmt.Errorf("expected a share of more than 0%% and at most 100%%, found %q", text)
		}
		return StopAfter{Percent: percent}, nil
	}
	count, within, windowed := strings.Cut(text, "/")
	failures, err := strconv.ParseInt(count, 10, 64)
	if err != nil || failures < 1 || failures > mostFailures {
		return StopAfter{}, fmt.Errorf("expected from 1 to %d failures, found %q", mostFailures, count)
	}
	s := StopAfter{Failures: failures}
	if windowed {
		if s.Of, err = strconv.ParseInt(within, 10, 64); err != nil || s.Of < failures || s.Of > widestOf {
			return StopAfter{}, fmt.Errorf("expected %d failures to be of at least as many records and of at most %d, found %q", failures, widestOf, within)
		}
	}
	return s, nil
}

// String is the text that ParseStopAfter reads.
func (s StopAfter) String() string {
	switch {
	case s.Never:
		return "none"
	case s.Percent > 0:
		return strconv.FormatFloat(s.Percent, 'f', -1, 64) + "%"
	case s.Of > 0:
		return fmt.Sprintf("%d/%d", s.Failures, s.Of)
	}
	return strconv.FormatInt(s.Failures, 10)
}

// stopAfter reads `stop_after`: one word, or {failures, of}.
func (r *reader) stopAfter(parent *Node, subject string) *StopAfter {
	n := parent.get("stop_after")
	if n == nil {
		return nil
	}
	subject = prefix(subject) + "stop_after"
	text := ""
	if n.kind == nodeMap {
		if !r.mapping(n, subject, stopAfterKeys, nil, false) {
			return nil
		}
		r.require(n, subject, stopAfterKeys...)
		failures, of := r.count(n.get("failures"), subject+".failures"), r.count(n.get("of"), subject+".of")
		if failures == 0 || of == 0 {
			return nil
		}
		text = fmt.Sprintf("%d/%d", failures, of)
	} else {
		var ok bool
		if text, ok = r.scalar(n, subject); !ok {
			return nil
		}
	}
	s, err := ParseStopAfter(text)
	if err != nil {
		r.refuse(n.at, "", "%s: %s", subject, err)
		return nil
	}
	return &s
}

func stopAfterSchema(words string) schema {
	return described(words, anyOf(
		schema{"type": "integer", "minimum": 1, "maximum": mostFailures},
		schema{"type": "string", "pattern": stopAfterPattern.String()},
		object(stopAfterKeys, schema{
			"failures": schema{"type": "integer", "minimum": 1, "maximum": mostFailures},
			"of":       described("records read in a row", schema{"type": "integer", "minimum": 1, "maximum": widestOf}),
		}, stopAfterKeys...),
	))
}
