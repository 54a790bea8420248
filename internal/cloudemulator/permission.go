package cloudemulator

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Client is a user of the API.
type Client struct {
	ID     string
	Secret string
	// Features say what it may do: owner and direct_access read and write,
	// direct_access_read reads, all others do neither.
	Features []string
	Token    string // for Authorization: OAuth; empty: it has none
}

// The names of the ways to authenticate, as the request log tells them.
const (
	byBasic     = "basic"
	bySignature = "signature"
	byToken     = "oauth"
	byForm      = "form"
)

func (c Client) may(writes bool) bool {
	if slices.Contains(c.Features, "owner") || slices.Contains(c.Features, "direct_access") {
		return true
	}
	return !writes && slices.Contains(c.Features, "direct_access_read")
}

// identify finds the client that a call comes from, and how it says so.
func (e *Emulator) identify(r *http.Request, form url.Values) (client *Client, way string, failed *failure) {
	header := r.Header.Get("Authorization")
	scheme, rest, _ := strings.Cut(header, " ")
	bad := &failure{code: codeBadCredentials, description: "the client's id and secret, or its signature, are wrong"}
	switch {
	case strings.EqualFold(scheme, "Basic"):
		decoded, err := base64.StdEncoding.DecodeString(rest)
		id, secret, ok := strings.Cut(string(decoded), ":")
		if client = e.client(id); err != nil || !ok || client == nil || !same(client.Secret, secret) {
			return nil, byBasic, bad
		}
		return client, byBasic, nil
	case strings.EqualFold(scheme, "Signature"):
		id, signature, ok := strings.Cut(rest, ":")
		date := r.Header.Get("Date")
		if client = e.client(id); !ok || client == nil || date == "" || !same(Signature(client.Secret, r.URL.Path, date, form), signature) {
			return nil, bySignature, bad
		}
		return client, bySignature, nil
	case strings.EqualFold(scheme, "OAuth"):
		for i := range e.clients {
			if e.clients[i].Token != "" && same(e.clients[i].Token, rest) {
				return &e.clients[i], byToken, nil
			}
		}
		return nil, byToken, &failure{code: codeBadToken, status: http.StatusUnauthorized, description: "the access token is unknown or has expired"}
	case header == "" && form.Has("client_id"):
		if client = e.client(form.Get("client_id")); client == nil || !same(client.Secret, form.Get("client_secret")) {
			return nil, byForm, bad
		}
		return client, byForm, nil
	}
	return nil, "", &failure{code: codeBadCredentials, description: "the call bears no credentials that are understood"}
}

func (e *Emulator) client(id string) *Client {
	i := slices.IndexFunc(e.clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &e.clients[i]
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
