package identitycloud

import (
	"slices"
	"strings"

	"landfall/internal/connector/caller"
	"landfall/internal/mapping"
	"landfall/internal/target"
)

// credentials are those of an API client.
type credentials struct {
	ClientID     string `yaml:"client_id"`
	ClientSecret string `yaml:"client_secret"`
}

// written are the ways to say who we are, of which one is taken.
type written struct {
	Basic     *credentials `yaml:"basic"`
	Signature *credentials `yaml:"signature"`
	Form      *credentials `yaml:"form"`
	Token     string       `yaml:"token"`
}

var ways = []string{"basic", "signature", "token", "form"}

// readAuth reads who we are, with the secrets that are referred to.
func readAuth(at target.Address, node *mapping.Node) (caller.Auth, error) {
	var w written
	if node == nil {
		return caller.Auth{}, at.Settings.Problem("", "auth is missing: expected one of "+strings.Join(ways, ", "))
	}
	if err := node.Decode(&w); err != nil {
		return caller.Auth{}, err
	}
	var given []string
	for _, key := range node.Keys() {
		if slices.Contains(ways, key) {
			given = append(given, key)
		}
	}
	if len(given) != 1 {
		return caller.Auth{}, node.Problem("", "expected one of "+strings.Join(ways, ", "))
	}
	way := given[0]
	if way == "token" {
		token, err := at.Resolve(w.Token, node.Child(way).Position(), node.Child(way).Subject())
		return Token(token), err
	}
	c := map[string]*credentials{"basic": w.Basic, "signature": w.Signature, "form": w.Form}[way]
	for key, text := range map[string]*string{"client_id": &c.ClientID, "client_secret": &c.ClientSecret} {
		child := node.Child(way, key)
		if child == nil && key == "client_secret" && at.Password != "" {
			*text = at.Password
			continue
		}
		if child == nil {
			return caller.Auth{}, node.Child(way).Problem("", "required key "+key+" is missing")
		}
		var err error
		if *text, err = at.Resolve(*text, child.Position(), child.Subject()); err != nil {
			return caller.Auth{}, err
		}
	}
	return map[string]func(id, secret string) caller.Auth{"basic": Basic, "signature": Signature, "form": Form}[way](c.ClientID, c.ClientSecret), nil
}

// Basic sends id and secret in a header, as the vendor recommends.
func Basic(id, secret string) caller.Auth {
	return caller.Auth{Basic: &caller.Basic{User: id, Password: secret}}
}

// Signature signs each call with the secret, which is never sent.
func Signature(id, secret string) caller.Auth {
	return caller.Auth{HMAC: &caller.HMAC{
		ID: id, Secret: secret, Hash: "sha1", Date: "2006-01-02 15:04:05", Message: "{operation}\n{date}\n{parameters}",
		Headers: map[string]string{"Authorization": "Signature {id}:{signature}", "Date": "{date}"},
	}}
}

// Token sends an access token.
func Token(token string) caller.Auth {
	return caller.Auth{Header: &caller.Header{Name: "Authorization", Value: "OAuth " + token}}
}

// Form sends id and secret among the parameters of each call.
func Form(id, secret string) caller.Auth {
	return caller.Auth{Form: map[string]string{"client_id": id, "client_secret": secret}}
}
