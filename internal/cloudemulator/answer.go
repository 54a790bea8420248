package cloudemulator

import (
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// answer is the answer of one call.
type answer struct {
	w         http.ResponseWriter
	r         *http.Request
	requestID string

	status int // what was sent
	code   int // of an error of the API
	reset  bool
}

// form reads the call's parameters and tells how many bytes they took; ok is
// false when they are too many.
func (a *answer) form(limit int64) (form url.Values, bytes int64, ok bool) {
	body := io.Reader(a.r.Body)
	if strings.EqualFold(a.r.Header.Get("Content-Encoding"), "gzip") {
		unpacked, err := gzip.NewReader(a.r.Body)
		if err != nil {
			return url.Values{}, 0, true
		}
		body = unpacked
	}
	text := make([]byte, 0, max(512, min(a.r.ContentLength+1, limit)))
	text, err := appendAll(text, io.LimitReader(body, limit+1))
	if int64(len(text)) > limit {
		// A gateway reads on for a while, so that its answer reaches the caller.
		_, _ = io.Copy(io.Discard, io.LimitReader(a.r.Body, 64<<20))
		return nil, limit, false
	}
	if err != nil {
		return url.Values{}, int64(len(text)), true // the caller is gone; whatever it meant stays undone
	}
	form, err = url.ParseQuery(string(text))
	if err != nil {
		form = url.Values{}
	}
	return form, int64(len(text)), true
}

func appendAll(to []byte, from io.Reader) ([]byte, error) {
	for {
		if len(to) == cap(to) {
			to = append(to, 0)[:len(to)]
		}
		n, err := from.Read(to[len(to):cap(to)])
		to = to[:len(to)+n]
		if errors.Is(err, io.EOF) {
			return to, nil
		}
		if err != nil {
			return to, err
		}
	}
}

func (a *answer) result(text []byte, failed *failure) {
	if failed != nil {
		a.fail(failed)
		return
	}
	a.json(http.StatusOK, text)
}

func (a *answer) fail(failed *failure) {
	a.code = failed.code
	a.json(cmp.Or(failed.status, http.StatusOK), appendValue(nil, failed.wholeCall(a.requestID)))
}

func (a *answer) json(status int, text []byte) { a.send(status, "application/json", text) }

// page is what a gateway in front of the API answers: HTML.
func (a *answer) page(status int, text string) {
	if text == "" {
		title := html.EscapeString(fmt.Sprintf("%d %s", status, cmp.Or(http.StatusText(status), "Error")))
		text = "<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n"
	}
	a.send(status, "text/html; charset=utf-8", []byte(text))
}

// worthPacking is from how many bytes on an answer is sent packed.
const worthPacking = 1400

var packers = sync.Pool{New: func() any {
	packer, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a known one
	}
	return packer
}}

// send ignores errors of writing: a caller that is gone learns nothing more.
func (a *answer) send(status int, kind string, text []byte) {
	a.status = status
	header := a.w.Header()
	header.Set("Content-Type", kind)
	if len(text) >= worthPacking && strings.Contains(a.r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		a.w.WriteHeader(status)
		packer := packers.Get().(*gzip.Writer)
		packer.Reset(a.w)
		_, _ = packer.Write(text)
		_ = packer.Close()
		packers.Put(packer)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(text)))
	a.w.WriteHeader(status)
	_, _ = a.w.Write(text)
}

// cut ends the connection without an answer, as a broken network does.
func (a *answer) cut() {
	a.reset = true
	hijacker, is := a.w.(http.Hijacker)
	if !is {
		panic(http.ErrAbortHandler)
	}
	connection, _, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, is := connection.(*net.TCPConn); is {
		_ = tcp.SetLinger(0) // a reset instead of an orderly end
	}
	_ = connection.Close()
}
