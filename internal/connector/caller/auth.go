package caller

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Auth says who we are: nothing, or one of these, with their secrets in place.
type Auth struct {
	Basic  *Basic            `yaml:"basic"`
	Bearer string            `yaml:"bearer"`
	Header *Header           `yaml:"header"`
	HMAC   *HMAC             `yaml:"hmac"`
	Form   map[string]string `yaml:"form"`  // parameters of each form body
	Query  map[string]string `yaml:"query"` // parameters of each URL
}

// Basic is a user and a password.
type Basic struct {
	User     string `yaml:"user"`
	Password string `yaml:"password"`
}

// Header is a header whose value is a secret.
type Header struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
}

// Secrets are the texts of it that no message may repeat.
func (a Auth) Secrets() []string {
	var secrets []string
	add := func(texts ...string) {
		for _, text := range texts {
			if text != "" {
				secrets = append(secrets, text)
			}
		}
	}
	add(a.Bearer)
	if a.Basic != nil {
		add(a.Basic.Password, base64.StdEncoding.EncodeToString([]byte(a.Basic.User+":"+a.Basic.Password)))
	}
	if a.Header != nil {
		_, credential, _ := strings.Cut(a.Header.Value, " ") // behind its scheme
		add(a.Header.Value, credential)
	}
	if a.HMAC != nil {
		add(a.HMAC.Secret)
	}
	for _, parameters := range []map[string]string{a.Form, a.Query} {
		for _, name := range slices.Sorted(maps.Keys(parameters)) {
			add(parameters[name])
		}
	}
	return secrets
}

// AddedToForms is how many bytes `auth` adds to the body of a form.
func (c *Caller) AddedToForms() int {
	added := url.Values{}
	c.auth.parameters(url.Values{}, added)
	if len(added) == 0 {
		return 0
	}
	return len("&" + added.Encode())
}

// parameters adds what stands in the URL or in a form body.
func (a Auth) parameters(query, form url.Values) {
	for name, value := range a.Query {
		query.Set(name, value)
	}
	if form == nil {
		return
	}
	for name, value := range a.Form {
		form.Set(name, value)
	}
}

// sign sets the headers. path is that behind the API's URL.
func (a Auth) sign(request *http.Request, path string, form url.Values, body []byte, now time.Time) error {
	switch {
	case a.Basic != nil:
		request.SetBasicAuth(a.Basic.User, a.Basic.Password)
	case a.Bearer != "":
		request.Header.Set("Authorization", "Bearer "+a.Bearer)
	case a.Header != nil:
		request.Header.Set(a.Header.Name, a.Header.Value)
	case a.HMAC != nil:
		return a.HMAC.sign(request, path, form, body, now)
	}
	return nil
}
