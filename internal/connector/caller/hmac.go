package caller

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// HMAC signs each request with a secret that is never sent. Message and Headers
// are texts with placeholders: {method}, {path} (whole) and {operation} (behind
// the API's URL), {query} (as sent), {date} and {unix}, {id}, {body} and
// {body_hash}, {parameters} (each form parameter as k=v and a line feed, sorted,
// not encoded); Headers know {signature}, too.
type HMAC struct {
	ID       string            `yaml:"id"`
	Secret   string            `yaml:"secret"`
	Hash     string            `yaml:"hash"`     // sha1, sha256 (default) or sha512
	Encoding string            `yaml:"encoding"` // of the signature and {body_hash}: base64 (default) or hex
	Date     string            `yaml:"date"`     // layout of {date}, in Go's way; HTTP's own by default
	Message  string            `yaml:"message"`
	Headers  map[string]string `yaml:"headers"`
}

var hashes = map[string]func() hash.Hash{"": sha256.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

var encodings = map[string]func([]byte) string{
	"": base64.StdEncoding.EncodeToString, "base64": base64.StdEncoding.EncodeToString, "hex": hex.EncodeToString,
}

// messageWords are what a message may hold; headers may hold signature, too.
var messageWords = []string{"method", "path", "operation", "query", "date", "unix", "id", "body", "body_hash", "parameters"}

// Fault says which key holds what cannot be, and what is expected there.
func (h *HMAC) Fault() (key, expected string) {
	switch {
	case hashes[h.Hash] == nil:
		return "hash", "expected sha1, sha256 or sha512"
	case encodings[h.Encoding] == nil:
		return "encoding", "expected base64 or hex"
	case h.Secret == "":
		return "secret", "expected the secret that signs, as a reference such as ${SECRET}"
	case h.Message == "":
		return "message", "expected what is signed, such as \"{method}\\n{path}\\n{date}\\n{body}\""
	case len(h.Headers) == 0:
		return "headers", "expected the headers that carry the signature, such as {Authorization: \"HMAC {id}:{signature}\", Date: \"{date}\"}"
	}
	if word := strangeWord(h.Message, messageWords); word != "" {
		return "message", fmt.Sprintf("there is no {%s}, expected {%s}", word, strings.Join(messageWords, "}, {"))
	}
	carried := false
	for _, text := range h.Headers {
		carried = carried || strings.Contains(text, "{signature}")
		if word := strangeWord(text, append(slices.Clone(messageWords), "signature")); word != "" {
			return "headers", fmt.Sprintf("there is no {%s}, expected {signature}, {%s}", word, strings.Join(messageWords, "}, {"))
		}
	}
	if !carried {
		return "headers", "expected one of them to carry {signature}"
	}
	return "", ""
}

// strangeWord finds a placeholder that is none of the words.
func strangeWord(text string, words []string) string {
	for {
		_, rest, found := strings.Cut(text, "{")
		word, behind, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return ""
		}
		if !slices.Contains(words, word) {
			return word
		}
		text = behind
	}
}

func (h *HMAC) sign(request *http.Request, operation string, form url.Values, body []byte, now time.Time) error {
	encode, makeHash := encodings[h.Encoding], hashes[h.Hash]
	if encode == nil || makeHash == nil {
		_, expected := h.Fault()
		return fmt.Errorf("auth.hmac: %s", expected)
	}
	layout := h.Date
	if layout == "" {
		layout = http.TimeFormat
	}
	sum := makeHash()
	sum.Write(body)
	words := []string{
		"{method}", request.Method, "{path}", request.URL.EscapedPath(), "{operation}", operation, "{query}", request.URL.RawQuery,
		"{date}", now.UTC().Format(layout), "{unix}", strconv.FormatInt(now.Unix(), 10), "{id}", h.ID,
		"{body}", string(body), "{body_hash}", encode(sum.Sum(nil)), "{parameters}", parameterLines(form),
	}
	mac := hmac.New(makeHash, []byte(h.Secret))
	mac.Write([]byte(strings.NewReplacer(words...).Replace(h.Message)))
	words = append(words, "{signature}", encode(mac.Sum(nil)))
	for name, text := range h.Headers {
		request.Header.Set(name, strings.NewReplacer(words...).Replace(text))
	}
	return nil
}

// parameterLines is one line for each parameter, sorted as whole lines.
func parameterLines(form url.Values) string {
	var lines []string
	for name, values := range form {
		for _, value := range values {
			lines = append(lines, name+"="+value)
		}
	}
	slices.Sort(lines)
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	return b.String()
}
