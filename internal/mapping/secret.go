package mapping

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	variable      = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)
	notInVariable = regexp.MustCompile(`[^A-Z0-9_.]`)
	secretName    = regexp.MustCompile(`(?i)(passw|passphrase|pwd|secret|token|api[-_]?key|authorization|cookie)`)
	urlPassword   = regexp.MustCompile(`(?i)[?&;\s](?:password|pwd)=([^&;\s]*)`)
	// onlyPlaceholder is {token} and the like: what it stands for is put in later.
	onlyPlaceholder = regexp.MustCompile(`^\{[a-z.]+\}$`)
	// schemeReference is a reference behind the word for its scheme: OAuth ${TOKEN}.
	schemeReference = regexp.MustCompile(`^[A-Za-z-]+ \$\{[A-Za-z_][A-Za-z0-9_]*\}$`)
	notSecret       = regexp.MustCompile(`(?i)(url|file|path|name)$`) // token_url is where, not what
)

const secretFile = "file:"

// Resolve gives the connection's url and password with their references put
// in. Errors name the variable or file, never a value.
func (f *File) Resolve(conn *Connection, getenv func(string) string) (url, password string, err error) {
	expand := func(key, text string) (string, error) {
		return f.expand(text, conn.at.of(key, 0, conn.Position), "connections."+conn.Name+"."+key, getenv)
	}
	if url, err = expand("url", conn.URL); err != nil {
		return "", "", err
	}
	password, err = f.ResolveText(conn.Password, conn.PositionOf("password"), "connections."+conn.Name+".password", getenv)
	return url, password, err
}

// ResolveText gives a setting of the connection with its references put in: text
// as it stands in the file, at the given place. subject names it in errors, which
// never show a value.
func (f *File) ResolveText(text string, at Position, subject string, getenv func(string) string) (string, error) {
	path, found := strings.CutPrefix(text, secretFile)
	if !found {
		return f.expand(text, at, subject, getenv)
	}
	path, err := f.expand(path, at, subject, getenv)
	if err != nil {
		return "", err
	}
	return f.readSecret(path, at, subject)
}

func (f *File) expand(text string, at Position, subject string, getenv func(string) string) (string, error) {
	var problems Problems
	expanded := variable.ReplaceAllStringFunc(text, func(reference string) string {
		name := reference[2 : len(reference)-1]
		value := getenv(name)
		if value == "" {
			problems = append(problems, f.Problem(at, fmt.Sprintf("%s: the environment variable %s is not set", subject, name)))
		}
		return value
	})
	return expanded, problems.orNil()
}

func (f *File) readSecret(path string, at Position, subject string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.Dir, path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", Problems{f.Problem(at, subject+": the file of the secret cannot be read: "+err.Error())}
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r"), nil
}

// isReference says that the text tells where a secret is, not what it is.
func isReference(text string) bool {
	return strings.HasPrefix(text, secretFile) || (hasReference(text) && variable.ReplaceAllString(text, "") == "") ||
		onlyPlaceholder.MatchString(text) || schemeReference.MatchString(text)
}

func hasReference(text string) bool { return strings.Contains(text, "${") }

// references judges every value of a connection.
func (r *reader) references(n *Node, subject string) {
	eachScalar(n, nil, func(path []string, value *Node) {
		at := subject + "." + strings.Join(path, ".")
		switch {
		case path[len(path)-1] == "url":
			r.reference(value, at)
			r.urlPassword(value, at)
		default:
			if r.reference(value, at) && isSecretPlace(path) && !isReference(value.text) {
				r.refuse(value.at, "", "%s: a secret may not stand in the file; write a reference such as ${%s} or file:PATH", at, variableFor(at))
			}
		}
	})
}

// eachScalar visits the single values below a node, with the keys that lead to
// them.
func eachScalar(n *Node, path []string, visit func(path []string, value *Node)) {
	for _, p := range n.pairs {
		inner := append(slices.Clone(path), p.key.text)
		if p.value.kind == nodeScalar {
			visit(inner, p.value)
		}
		eachScalar(p.value, inner, visit)
	}
	for _, item := range n.items {
		eachScalar(item, path, visit)
	}
}

// openAuth are the keys of an API's auth that hold no secret.
var openAuth = []string{"user", "name", "id", "client_id", "hash", "encoding", "date", "message"}

// isSecretPlace reports whether a secret belongs where a value of a connection
// stands, so that it may be a reference alone.
func isSecretPlace(path []string) bool {
	key := path[len(path)-1]
	switch path[0] {
	case "auth":
		return !slices.Contains(openAuth, key) && !slices.Contains(path, "headers")
	case "types": // the fields of a type may be called as they like
		if len(path) > 2 && (path[2] == "fields" || path[2] == "attributes") {
			return false
		}
	}
	return isSecretName(key)
}

// reference wants every "${" to be a well-formed reference.
func (r *reader) reference(n *Node, subject string) bool {
	formed := !hasReference(variable.ReplaceAllString(n.text, ""))
	if !formed {
		r.refuse(n.at, "", "%s: expected ${NAME} with letters, digits and _ in the name", subject)
	}
	return formed
}

func (r *reader) urlPassword(n *Node, subject string) {
	if secret := passwordIn(n.text); secret != "" {
		r.refuse(n.at, "", "%s: a password may not stand in the file; leave it out of the url and give `password: ${%s}`", subject, variableFor(subject))
	}
}

// passwordIn finds a literal password in a url: behind the user or among the
// parameters.
func passwordIn(url string) string {
	if at := urlUserInfo.FindStringSubmatch(url); at != nil && at[1] != "" && !isReference(at[1]) {
		return at[1]
	}
	for _, at := range urlPassword.FindAllStringSubmatch(url, -1) {
		if at[1] != "" && !isReference(at[1]) {
			return at[1]
		}
	}
	return ""
}

func isSecretName(key string) bool { return secretName.MatchString(key) && !notSecret.MatchString(key) }

// variableFor proposes a name: connections.crm.password is CRM_PASSWORD.
func variableFor(subject string) string {
	clean := notInVariable.ReplaceAllString(strings.ToUpper(subject), "_")
	parts := strings.Split(clean, ".")
	if len(parts) < 3 {
		return parts[len(parts)-1] + "_PASSWORD"
	}
	if parts[2] == "URL" {
		parts[2] = "PASSWORD"
	}
	return strings.Join(parts[1:], "_")
}

// findSecrets collects the literal secrets, so that no message shows the line
// in which they stand as it is.
func findSecrets(root *Node) []string {
	var found []string
	connections := root.get("connections")
	if connections == nil {
		return nil
	}
	for _, p := range connections.pairs {
		if secret := passwordIn(p.value.text); secret != "" {
			found = append(found, secret)
		}
		eachScalar(p.value, nil, func(path []string, value *Node) {
			if isSecretPlace(path) && !isReference(value.text) {
				found = append(found, strings.Split(value.text, "\n")...)
			}
			if secret := passwordIn(value.text); secret != "" {
				found = append(found, secret)
			}
		})
	}
	return found
}
