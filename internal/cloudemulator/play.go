package cloudemulator

import (
	"bytes"
	"cmp"
	"net/http"
	"time"
)

// play lets a call go wrong.
func (e *Emulator) play(a *answer, op operation, call *Call, fault Fault) {
	wait(a.r, fault.Delay)
	var text []byte
	var failed *failure
	if limit := fault.limit(); limit != 0 {
		text, failed = op.run(e, call, limit)
	}
	for name, value := range fault.Header {
		a.w.Header().Set(name, value)
	}
	if failed != nil && !(fault.Do == APIError || fault.Do == HTTPStatus) {
		a.code = failed.code
		text = appendValue(nil, failed.wholeCall(a.requestID))
	}
	status := cmp.Or(fault.Status, http.StatusOK)
	switch fault.Do {
	case APIError:
		a.fail(&failure{code: fault.Code, status: fault.Status, description: cmp.Or(fault.Body, "scripted: "+errorName(fault.Code))})
	case HTTPStatus:
		a.page(status, fault.Body)
	case BrokenJSON:
		a.json(status, append(text[:len(text)/2:len(text)/2], '{'))
	case NoStat:
		a.json(status, bytes.Replace(text, []byte(`"stat":"ok",`), nil, 1))
	case ShortResults:
		a.json(status, shortened(text, cmp.Or(fault.Short, 1)))
	case Delay:
		a.json(status, text)
	case ResetBefore, ResetAfter:
		a.cut()
	}
}

// wait ends early when the caller goes away: nobody is left to be kept waiting.
func wait(r *http.Request, delay time.Duration) {
	if delay <= 0 {
		return
	}
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
	}
}

// shortened takes results from the end of an answer's arrays.
func shortened(text []byte, missing int) []byte {
	body, err := decodeJSON[values](text)
	if err != nil {
		return text
	}
	for _, name := range []string{"results", "uuid_results"} {
		if results, is := body[name].([]any); is {
			body[name] = results[:max(len(results)-missing, 0)]
		}
	}
	return appendValue(nil, body)
}
