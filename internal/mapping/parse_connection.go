package mapping

import (
	"slices"
	"strings"
)

var (
	connectionKeys = []string{"url", "password", "environment", "throttle", "guard"}
	// apiKeys are further ones of connections to APIs; what stands beside them is
	// for the connector.
	apiKeys = []string{"kind", "books"}
)

func (r *reader) connections(f *File, n *Node) {
	if n == nil {
		return
	}
	if n.kind != nodeMap {
		r.refuse(n.at, "", "connections: expected a mapping from names to connections, found %s", n.what())
		return
	}
	for _, p := range n.pairs {
		f.Connections = append(f.Connections, r.connection(p.key, p.value))
	}
}

// connection reads {url, password, environment, throttle, guard, …} or a url alone.
func (r *reader) connection(key, n *Node) *Connection {
	subject := "connections." + key.text
	c := &Connection{Name: key.text, Position: key.at, at: places{}}
	if !connectionName.MatchString(c.Name) {
		r.refuse(key.at, "", "connections: expected a name of letters, digits, _ and -, found %q", c.Name)
	}
	if n.kind == nodeScalar {
		c.URL = r.word(n, subject)
		if overHTTP(n) {
			c.Kind = KindHTTP
		}
		c.at.set("url", n)
		r.reference(n, subject)
		r.urlPassword(n, subject)
		return c
	}
	known := connectionKeys
	api := n.kind == nodeMap && (n.get("kind") != nil || overHTTP(n.get("url")))
	if api {
		known = append(slices.Clone(connectionKeys), apiKeys...)
	}
	if !r.mapping(n, subject, known, nil, api) {
		return c
	}
	if n.get("url") == nil {
		r.missing(n, subject, "url")
	}
	c.URL = r.optional(n, "url", subject)
	c.Password = r.optional(n, "password", subject)
	c.Environment = r.optional(n, "environment", subject)
	c.Throttle = r.throttle(n.get("throttle"), subject+".throttle")
	c.Guard = r.guard(c, n.get("guard"), subject+".guard")
	for _, name := range known {
		c.at.set(name, n.get(name))
	}
	if api {
		r.api(c, n, known, subject)
	}
	r.environment(n.get("environment"), subject)
	r.references(n, subject)
	return c
}

// environment refuses what was probably meant to be production: a name that is
// nearly right would leave the target unprotected.
func (r *reader) environment(n *Node, subject string) {
	if n == nil || n.kind != nodeScalar || n.text == "production" {
		return
	}
	short := strings.EqualFold(n.text, "prod") || strings.EqualFold(n.text, "live")
	if short || Near(n.text, []string{"production"}) != "" {
		r.refuse(n.at, "production", "%s: environment %q protects nothing", subject, n.text)
	}
}

// overHTTP reports whether a url is that of an API.
func overHTTP(n *Node) bool {
	if n == nil || n.kind != nodeScalar {
		return false
	}
	scheme, _, found := strings.Cut(strings.ToLower(n.text), "://")
	return found && (scheme == "http" || scheme == "https")
}

// api reads what connections to APIs have beside the keys of all.
func (r *reader) api(c *Connection, n *Node, known []string, subject string) {
	c.Kind = KindHTTP
	if n.get("kind") != nil {
		c.Kind = r.optional(n, "kind", subject)
	}
	c.Books = r.optional(n, "books", subject)
	rest := *n
	rest.subject, rest.pairs = subject, nil
	for _, p := range n.pairs {
		if !slices.Contains(known, p.key.text) {
			rest.pairs = append(rest.pairs, p)
		}
	}
	if len(rest.pairs) > 0 {
		c.Settings = &rest
	}
}
