package caller

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"landfall/internal/target"
)

// Caller makes the calls of one API. It may be used from several goroutines;
// its limits hold over all of them.
type Caller struct {
	url       *url.URL
	auth      Auth
	limits    Limits
	client    *http.Client
	turnstile *turnstile
	places    chan struct{} // one for each call that is out
	breaker   breaker
	within    breaker // for results that deny access within answers
	calls     atomic.Int64

	mu       sync.Mutex
	answered time.Time // when an answer last came
	notice   func(target.Notice)
	told     map[string]time.Time // when each notice was last given
}

// New prepares calls of the API at a URL, http or https. It makes none.
func New(at string, auth Auth, limits Limits) (*Caller, error) {
	parsed, err := url.Parse(at)
	if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" {
		return nil, fmt.Errorf("expected the URL of an API, such as https://api.example.com/v1")
	}
	if parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return nil, fmt.Errorf("expected the URL of an API without user, query and fragment: credentials belong into `auth`")
	}
	parsed.Path, parsed.RawPath = strings.TrimSuffix(parsed.Path, "/"), strings.TrimSuffix(parsed.RawPath, "/")
	limits = limits.Completed()
	if key, expected := limits.Fault(); key != "" {
		return nil, fmt.Errorf("limits.%s: %s", key, expected)
	}
	c := &Caller{url: parsed, auth: auth, limits: limits, client: newClient(limits), places: make(chan struct{}, limits.Calls), told: map[string]time.Time{}}
	c.breaker.most, c.within.most = limits.Denials, limits.Denials
	c.turnstile = newTurnstile(limits, c.waits)
	return c, nil
}

// URL is the API's, without anything secret.
func (c *Caller) URL() string { return c.url.String() }

// Limits are those that are kept.
func (c *Caller) Limits() Limits { return c.limits }

// Close lets go of the connections.
func (c *Caller) Close() { c.client.CloseIdleConnections() }

// triesOfOnce is how often a call is sent whose sender does not want to wait.
const triesOfOnce = 3

// Do makes a call, and again what was certainly not carried out, or does no harm
// a second time. An error says that the API lets nobody in (target.ErrDenied),
// stayed out of reach for too long, or that the context ended; the reply tells
// beside it whether something was sent.
func (c *Caller) Do(ctx context.Context, call Call) (Reply, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = 250*time.Millisecond, 30*time.Second, 2
	pauses.RandomizationFactor = 0.3 // each pause is longer than the one before, however the dice fall
	var failing time.Time            // since when
	tries := 0
	var last Reply // the last that was sent; one that left it unknown stays
	for {
		if err := c.open(); err != nil {
			return last, err
		}
		reply, pause, err := c.once(ctx, call)
		if reply.Meaning == Answered {
			c.breaker.close()
			reply.Again = last.Meaning == Unknown
			return reply, nil
		}
		if last.Meaning != Unknown && (reply.Number > 0 || last.Number == 0) {
			last = reply
		}
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err == nil && reply.Meaning == Denied {
			err = c.breaker.denied(c.describe(call), reply.Why)
		}
		if err != nil || reply.Meaning == Unknown && !call.Repeatable {
			return last, err
		}
		if failing.IsZero() {
			failing = time.Now()
		}
		tries++
		if call.Once && reply.Meaning != Denied && (reply.Meaning == Unsent || tries == triesOfOnce) {
			return last, fmt.Errorf("%s: %s", c.describe(call), reply.Why)
		}
		if pause > c.limits.Patience {
			return last, fmt.Errorf("%s: %s: %w", c.describe(call), reply.Why, tooLong(pause, c.limits.Patience))
		}
		wait := max(pauses.NextBackOff(), pause)
		if out := time.Since(c.since(failing, reply.Meaning)) + wait; out > c.limits.Patience {
			return last, fmt.Errorf("%s: %s; gave up after %s of patience", c.describe(call), reply.Why, c.limits.Patience)
		}
		c.tell(target.Notice{Message: fmt.Sprintf("%s: %s; trying again in %s", c.describe(call), reply.Why, wait.Round(10*time.Millisecond))})
		if err := sleep(ctx, wait); err != nil {
			return last, err
		}
	}
}

// since is from when on patience counts. An API that throttles and answers
// others meanwhile is not out of reach.
func (c *Caller) since(failing time.Time, meaning Meaning) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if meaning == Throttled && c.answered.After(failing) {
		return c.answered
	}
	return failing
}

// once makes the call one time. pause is how long the API asks to wait.
func (c *Caller) once(ctx context.Context, call Call) (reply Reply, pause time.Duration, err error) {
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
	case <-ctx.Done():
		return Reply{}, 0, context.Cause(ctx)
	}
	if err := c.turnstile.pass(ctx); err != nil {
		return Reply{}, 0, err
	}
	if err := c.open(); err != nil { // it may have opened meanwhile
		return Reply{}, 0, err
	}
	request, err := c.request(ctx, call)
	if err != nil {
		return Reply{}, 0, err
	}
	began := time.Now()
	got := c.exchange(ctx, request)
	switch {
	case got.err != nil && untrusted(got.err):
		return Reply{}, 0, fmt.Errorf("%s: the other end cannot be trusted: %w", c.describe(call), got.err)
	case got.err != nil && !got.sent:
		return Reply{Judgement: Judgement{Unsent, inWords(got.err)}}, 0, nil
	}
	reply = Reply{Answer: got.answer, Number: c.calls.Add(1)}
	if got.err != nil {
		reply.Judgement = Judgement{Unknown, inWords(got.err)}
		return reply, 0, nil
	}
	judge := call.Judge
	if judge == nil {
		judge = ByStatus
	}
	reply.Judgement = judge(got.answer)
	pause = retryAfter(got.answer.Header, time.Now())
	switch reply.Meaning {
	case Throttled:
		c.turnstile.hold(pause)
		c.turnstile.throttled(began)
	case Unknown, Denied: // such as 503: it asks for the same
		c.turnstile.hold(pause)
	case Answered:
		c.turnstile.answered()
		c.mu.Lock()
		c.answered = time.Now()
		c.mu.Unlock()
	}
	return reply, pause, nil
}

// describe names the call and the API in messages.
func (c *Caller) describe(call Call) string { return call.Name + " at " + c.url.Host }

func (c *Caller) request(ctx context.Context, call Call) (*http.Request, error) {
	at := *c.url
	path, err := url.PathUnescape(call.Path)
	if err != nil {
		return nil, fmt.Errorf("%s: its path cannot be written: %w", call.Name, err)
	}
	at.RawPath, at.Path = at.EscapedPath()+call.Path, at.Path+path
	query, form := clone(call.Query), call.Form
	if form != nil {
		form = clone(form)
	}
	c.auth.parameters(query, form)
	at.RawQuery = query.Encode()
	body := call.Body
	if form != nil {
		body = []byte(form.Encode())
	}
	var reader io.Reader
	if len(body) > 0 {
		reader = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, call.Method, at.String(), reader)
	if err != nil {
		return nil, fmt.Errorf("%s: the request cannot be made: its method or path is not valid", call.Name)
	}
	request.Header.Set("User-Agent", "landfall")
	request.Header.Set("Accept", "application/json")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else if len(body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, values := range call.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	return request, c.auth.sign(request, call.Path, form, body, time.Now())
}

func clone(values url.Values) url.Values {
	copied := url.Values{}
	for name, several := range values {
		copied[name] = append([]string(nil), several...)
	}
	return copied
}
