package caller

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// newClient keeps as many connections as calls may be out, and reuses them.
func newClient(limits Limits) *http.Client {
	dialer := &net.Dialer{Timeout: limits.ConnectTimeout, KeepAlive: 30 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           dialer.DialContext,
			TLSHandshakeTimeout:   limits.ConnectTimeout,
			MaxIdleConnsPerHost:   limits.Calls,
			MaxConnsPerHost:       limits.Calls,
			IdleConnTimeout:       60 * time.Second,
			ExpectContinueTimeout: time.Second,
			ForceAttemptHTTP2:     true,
		},
		CheckRedirect: sameOrigin,
	}
}

const mostRedirects = 5

// sameOrigin follows a reading call within its own host alone, so that
// credentials and records go nowhere else.
func sameOrigin(next *http.Request, before []*http.Request) error {
	first := before[0]
	reads := first.Method == http.MethodGet || first.Method == http.MethodHead
	if !reads || len(before) > mostRedirects || next.URL.Scheme != first.URL.Scheme || next.URL.Host != first.URL.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

// exchange is one request and its answer.
type exchange struct {
	answer Answer
	sent   bool // the request may have reached the API
	err    error
}

// exchange sends a request. Each time it is put on a connection it passes the
// turnstile, also where the transport tries again by itself on a fresh one.
func (c *Caller) exchange(ctx context.Context, request *http.Request) exchange {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(c.limits.Timeout, func() { cancel(errTimeout) })
	defer timer.Stop()
	var sent atomic.Bool
	connections := 0
	trace := &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			if !timer.Stop() {
				return // it is over
			}
			connections++
			var err error
			if connections > 1 {
				err = c.turnstile.pass(ctx)
			}
			if err == nil {
				err = c.turnstile.leave(ctx)
			}
			if err != nil {
				cancel(err)
				return
			}
			timer.Reset(c.limits.Timeout)
		},
		WroteHeaders: func() { sent.Store(true) },
	}
	response, err := c.client.Do(request.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err != nil {
		return exchange{sent: sent.Load(), err: withoutURL(ctx, err)}
	}
	defer response.Body.Close()
	answer := Answer{Status: response.StatusCode, Header: response.Header}
	answer.Body, err = io.ReadAll(io.LimitReader(response.Body, c.limits.Answer+1))
	switch {
	case err != nil:
		err = withoutURL(ctx, err)
	case int64(len(answer.Body)) > c.limits.Answer:
		err = errors.New("the answer is longer than " + strconv.FormatInt(c.limits.Answer, 10) + " bytes")
	}
	return exchange{answer: answer, sent: true, err: err}
}

var errTimeout = errors.New("the API did not answer in time")

// withoutURL takes the URL out of an error: its query may hold values.
func withoutURL(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var told *url.Error
	if errors.As(err, &told) {
		err = told.Err
	}
	return err
}

// inWords says what kept a call from being answered.
func inWords(err error) string {
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.Is(err, errTimeout):
		return err.Error()
	case errors.As(err, &dns):
		return "the host name of the API is not known (DNS)"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the API refuses connections"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection to the API broke"
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		return "the API could not be reached in time"
	}
	return strings.TrimSpace(err.Error())
}

// untrusted reports whether the other end is not who it should be: no waiting
// makes that better.
func untrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var record tls.RecordHeaderError
	return errors.As(err, &verification) || errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &record)
}

// StatusText is the number and its usual words.
func StatusText(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}
