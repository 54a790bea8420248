package caller

import (
	"net/http"
	"net/url"
)

// Call is one request.
type Call struct {
	Name   string // of what is asked, for messages: "create contact"
	Method string
	Path   string // behind the API's URL, escaped, with its leading slash
	Query  url.Values
	Header http.Header
	Form   url.Values // of a form body; nil: Body is sent
	Body   []byte
	// Repeatable: it changes nothing, or a second time nothing more, so that it may
	// be sent again whatever became of it.
	Repeatable bool
	// Once: who asks wants to know how things are, not wait until they are better.
	// Where nothing is reached, that is told at once; of what was sent and has no
	// clear answer a few more tries are made, since one that breaks says little.
	Once bool
	// Judge says what an answer means; nil takes 2xx for an answer and the rest by
	// its status (ByStatus).
	Judge func(Answer) Judgement
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Meaning is what an answer says about its call.
type Meaning int

// The meanings.
const (
	// Unsent: no call was carried out, and none is out.
	Unsent Meaning = iota
	// Answered: the answer tells what became of the call, good or bad.
	Answered
	// Throttled: refused for now, and certainly not carried out.
	Throttled
	// Denied: refused for who we are or for what was asked; not carried out.
	Denied
	// Unknown: whether it was carried out is not known.
	Unknown
)

// Judgement is a meaning, and why.
type Judgement struct {
	Meaning Meaning
	Why     string // without values of records and without secrets
}

// Reply is how a call ended.
type Reply struct {
	Answer
	Judgement
	Number int64 // of the call, from 1 within the process; 0: none was sent
	// Again: an earlier try of the call was left unknown, so that the answer may be
	// about what that one did.
	Again bool
}

// ByStatus judges by the status alone, as HTTP means it.
func ByStatus(a Answer) Judgement {
	why := "HTTP " + StatusText(a.Status)
	switch {
	case a.Status >= 200 && a.Status < 300:
		return Judgement{Meaning: Answered}
	case a.Status == http.StatusTooManyRequests:
		return Judgement{Throttled, why}
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden, a.Status == http.StatusProxyAuthRequired:
		return Judgement{Denied, why}
	case a.Status >= 300 && a.Status < 400:
		return Judgement{Denied, why + redirected(a.Header.Get("Location"))}
	case a.Status == http.StatusRequestTimeout, a.Status >= 500, a.Status < 200:
		return Judgement{Unknown, why}
	}
	return Judgement{Answered, why}
}

// redirected says where to, without what stands behind the path.
func redirected(location string) string {
	at, err := url.Parse(location)
	if err != nil || at.Host == "" {
		return ": redirects are not followed, so that nothing is sent where it was not meant to go"
	}
	return ": it redirects to " + (&url.URL{Scheme: at.Scheme, Host: at.Host}).String() + ", which is not followed; give that as the url if it is right"
}
