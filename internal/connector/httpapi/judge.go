package httpapi

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"landfall/internal/connector/caller"
	"landfall/internal/record"
)

// verdict is what an answer, or a record's part of it, says.
type verdict int

const (
	undecided verdict = iota
	throttled
	denied
	oversize
	unknown
	duplicate
	conflict
	gone
	rejected
	success
)

// ruling is a verdict and what the API says about it.
type ruling struct {
	verdict verdict
	code    record.Code
	message string
	columns []string
	status  bool // it was judged by the status alone
}

// judge is Answers, compiled.
type judge struct {
	code, message, columns *expression
	rules                  []rule
	codes                  []Coded
	says                   bool // success is described, so that it is nothing else
}

type rule struct {
	verdict    verdict
	conditions []condition
}

type condition struct {
	Condition
	when *expression
}

// conditionsOf are the conditions in the order in which they are tried.
func (a Answers) conditionsOf() []struct {
	key        string
	verdict    verdict
	conditions []Condition
} {
	return []struct {
		key        string
		verdict    verdict
		conditions []Condition
	}{
		{"throttled", throttled, a.Throttled},
		{"denied", denied, a.Denied},
		{"oversize", oversize, a.Oversize},
		{"unknown", unknown, a.Unknown},
		{"duplicate", duplicate, a.Duplicate},
		{"conflict", conflict, a.Conflict},
		{"gone", gone, a.Gone},
		{"rejected", rejected, a.Rejected},
		{"success", success, a.Success},
	}
}

// over completes what a request says of its answers with what is said of all.
func (a Answers) over(all Answers) Answers {
	text := func(own *string, general string) {
		if *own == "" {
			*own = general
		}
	}
	conditions := func(own *[]Condition, general []Condition) {
		if *own == nil {
			*own = general
		}
	}
	text(&a.Code, all.Code)
	text(&a.Message, all.Message)
	text(&a.Columns, all.Columns)
	conditions(&a.Success, all.Success)
	conditions(&a.Duplicate, all.Duplicate)
	conditions(&a.Rejected, all.Rejected)
	conditions(&a.Gone, all.Gone)
	conditions(&a.Conflict, all.Conflict)
	conditions(&a.Throttled, all.Throttled)
	conditions(&a.Denied, all.Denied)
	conditions(&a.Oversize, all.Oversize)
	conditions(&a.Unknown, all.Unknown)
	a.Codes = append(slices.Clone(a.Codes), all.Codes...)
	return a
}

// compileJudge compiles answers; coded tells whether it is known where the API's
// own code stands.
func compileJudge(a Answers, path, names []string, coded bool, faults *faults) *judge {
	j := &judge{codes: a.Codes, says: a.Success != nil}
	before := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "code" })
	j.code = compileExpression(a.Code, under(path, "code"), before, false, faults)
	j.message = compileExpression(a.Message, under(path, "message"), before, false, faults)
	j.columns = compileExpression(a.Columns, under(path, "columns"), before, false, faults)
	for _, said := range a.conditionsOf() {
		r := rule{verdict: said.verdict}
		for _, c := range said.conditions {
			at := under(path, said.key)
			if len(c.Codes) > 0 && !coded {
				faults.add(under(at, "codes"), "", "codes are compared, and `code` does not say where the API's own code stands")
			}
			if len(c.Status) == 0 && len(c.Codes) == 0 && c.When == "" {
				faults.add(at, "", "expected status, codes or when")
			}
			r.conditions = append(r.conditions, condition{c, compileExpression(c.When, under(at, "when"), names, true, faults)})
		}
		if len(r.conditions) > 0 {
			j.rules = append(j.rules, r)
		}
	}
	return j
}

// rule judges by what is described alone.
func (j *judge) rule(env map[string]any) ruling {
	code, coded := number(j.code.value(env))
	env["code"] = nil
	if coded {
		env["code"] = code
	}
	status, _ := env["status"].(int)
	r := ruling{message: text(j.message.value(env))}
	for _, column := range list(j.columns.value(env)) {
		if name := text(column); name != "" {
			r.columns = append(r.columns, name)
		}
	}
	for _, c := range j.codes {
		if coded && c.Codes.holds(code) {
			r.code = c.As
			break
		}
	}
	if coded && r.message == "" {
		r.message = fmt.Sprintf("code %d", code)
	}
	for _, rule := range j.rules {
		for _, c := range rule.conditions {
			if len(c.Status) > 0 && !anyHolds(c.Status, status) ||
				len(c.Codes) > 0 && !(coded && anyHolds(c.Codes, code)) ||
				c.When != "" && !c.when.holds(env) {
				continue
			}
			r.verdict = rule.verdict
			return r
		}
	}
	return r
}

// whole judges the answer to a whole call: by what is described, then by its
// status.
func (j *judge) whole(p parsed, asked purpose) ruling {
	r := j.rule(p.with("result", p.env["body"], "record", p.env["body"], "index", 0))
	status, _ := p.env["status"].(int)
	if r.verdict == undecided {
		r.verdict, r.status = byStatus(status, asked, j.says), true
		if r.verdict == success && !p.json && !p.empty {
			r.verdict, r.message = unknown, notJSON // a page of whoever stands before the API
		}
	}
	return r
}

const notJSON = "the answer is not JSON"

// byStatus is what a status means where nothing else is said.
func byStatus(status int, asked purpose, says bool) verdict {
	switch {
	case status >= 200 && status < 300:
		if says {
			return unknown
		}
		return success
	case status == http.StatusTooManyRequests:
		return throttled
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired, status >= 300 && status < 400:
		return denied
	case status == http.StatusMethodNotAllowed, status == http.StatusUnsupportedMediaType, status == http.StatusNotImplemented:
		return denied
	case status == http.StatusNotFound, status == http.StatusGone:
		if asked == toCreate || asked == toCount {
			return denied // there is no such path
		}
		return gone
	case status == http.StatusRequestEntityTooLarge:
		return oversize
	case status == http.StatusConflict && asked == toCreate:
		return duplicate
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return conflict
	case status == http.StatusRequestTimeout, status >= 500, status < 200:
		return unknown
	}
	return rejected
}

// meaning is what the caller makes of it.
func (r ruling) meaning() caller.Judgement {
	switch r.verdict {
	case throttled:
		return caller.Judgement{Meaning: caller.Throttled, Why: r.message}
	case denied:
		return caller.Judgement{Meaning: caller.Denied, Why: r.message}
	case unknown:
		return caller.Judgement{Meaning: caller.Unknown, Why: r.message}
	}
	return caller.Judgement{Meaning: caller.Answered, Why: r.message}
}

// refusal is the code of a record that is refused.
func (r ruling) refusal() record.Code {
	switch {
	case r.verdict == duplicate:
		return record.CodeUnique
	case r.verdict == conflict:
		return record.CodeEdited
	case r.verdict == gone:
		return record.CodeMissing
	case r.verdict == oversize:
		return record.CodeTooLong
	case r.code != "":
		return r.code
	}
	return record.CodeRefused
}

// number is a code as a number; texts of digits count as one.
func number(value any) (int, bool) {
	switch value := value.(type) {
	case int:
		return value, true
	case json.Number: // 361.0
		f, err := value.Float64()
		return int(f), err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53
	case float64:
		return int(value), value == math.Trunc(value) && math.Abs(value) < 1<<53
	case string:
		n, err := strconv.Atoi(strings.TrimSpace(value))
		return n, err == nil
	}
	return 0, false
}

// text is a value of an answer in words.
func text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	return string(marshal(value))
}

// codeWords are the names that an API's codes may be given.
func codeWords() []string {
	words := make([]string, len(refusals))
	for i, code := range refusals {
		words[i] = string(code)
	}
	return words
}

func wordsOfCodes() string { return strings.Join(codeWords(), ", ") }
