package caller_test

import (
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"landfall/internal/connector/caller"
)

var quiet = log.New(io.Discard, "", 0)

func soak(t *testing.T) {
	if os.Getenv("LANDFALL_SOAK") == "" {
		t.Skip("LANDFALL_SOAK=1 runs it")
	}
}

// signature is a scheme that known APIs use: HMAC-SHA1 over path, date and the
// form's parameters, in base64.
func signature(id, secret string) *caller.HMAC {
	return &caller.HMAC{
		ID: id, Secret: secret, Hash: "sha1", Date: "2006-01-02 15:04:05", Message: "{operation}\n{date}\n{parameters}",
		Headers: map[string]string{"Authorization": "Signature {id}:{signature}", "Date": "{date}"},
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	for _, vector := range []struct {
		path, date, id, secret, want string
		form                         url.Values
	}{
		{"/entity.count", "2020-01-02 03:04:05", "cid123", "s3cret", "Signature cid123:ldsEbgKzK3LaO8KuwWb4tjZSFqU=", url.Values{"type_name": {"user"}, "timeout": {"10"}}},
		{"/entity", "2000-01-01 01:01:01", "foo", "bar", "Signature foo:G3N5RxCVc0d6rDLmBRGvcg2hCVY=", url.Values{"param1": {"this is a string"}, "param2": {"10"}, "param3": {"one=1\ntwo=2,three=3"}}},
	} {
		request, _ := http.NewRequest("POST", "https://x.org/base"+vector.path, nil)
		now, _ := time.Parse(time.DateTime, vector.date)
		if err := caller.Sign(signature(vector.id, vector.secret), request, vector.path, vector.form, now); err != nil {
			t.Fatal(err)
		}
		if got := request.Header.Get("Authorization"); got != vector.want || request.Header.Get("Date") != vector.date {
			t.Errorf("%s: got %q, expected %q", vector.path, got, vector.want)
		}
	}
}

// The ways to say who we are, as a server sees them.
func TestAuth(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		auth caller.Auth
		want func(*http.Request) bool
	}{
		"basic":  {caller.Auth{Basic: &caller.Basic{User: "u", Password: "p:w"}}, func(r *http.Request) bool { u, p, _ := r.BasicAuth(); return u == "u" && p == "p:w" }},
		"bearer": {caller.Auth{Bearer: "t"}, func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer t" }},
		"header": {caller.Auth{Header: &caller.Header{Name: "X-Api-Key", Value: "k"}}, func(r *http.Request) bool { return r.Header.Get("x-api-key") == "k" }},
		"form": {caller.Auth{Form: map[string]string{"client_id": "i", "client_secret": "s"}}, func(r *http.Request) bool {
			return r.PostFormValue("client_secret") == "s" && r.PostFormValue("a") == "b"
		}},
		"query": {caller.Auth{Query: map[string]string{"key": "q"}}, func(r *http.Request) bool { return r.URL.Query().Get("key") == "q" }},
		"hmac": {caller.Auth{HMAC: signature("i", "s")}, func(r *http.Request) bool {
			return len(r.Header.Get("Authorization")) > len("Signature i:") && r.Header.Get("Date") != ""
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := make(chan bool, 1)
			_, at := serve(t, func(_ int, _ http.ResponseWriter, r *http.Request) { seen <- c.want(r) })
			api, err := caller.New(at, c.auth, caller.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			defer api.Close()
			if _, err := api.Do(t.Context(), caller.Call{Name: "w", Method: "POST", Path: "/x", Form: url.Values{"a": {"b"}}}); err != nil || !<-seen {
				t.Error("the server does not see who calls", err)
			}
		})
	}
}
