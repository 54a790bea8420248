package httpapi

import (
	"context"
	"errors"
	"maps"
	"slices"

	"landfall/internal/connector/caller"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/target"
)

// written is a connection's settings as they stand in a mapping file.
type written struct {
	Description
	Auth  *mapping.Node `yaml:"auth"`
	Types *mapping.Node `yaml:"types"`
}

// writtenType is a type as it stands there.
type writtenType struct {
	Type
	Fields *mapping.Node `yaml:"fields"`
}

// Open makes an API of what a mapping file says. It makes no call. What is wrong
// in the file is returned as mapping.Problems, all of it at once.
func Open(_ context.Context, at target.Address) (target.API, error) {
	d, err := Read(at)
	if err != nil {
		return nil, err
	}
	a, found := compile(d)
	if len(found) > 0 {
		var problems mapping.Problems
		for _, one := range found {
			problems = append(problems, at.Settings.ProblemAt(one.path, one.message, one.near))
		}
		return nil, problems
	}
	return a, a.connect(d)
}

// Read decodes a connection's settings, with their secrets put in.
func Read(at target.Address) (*Description, error) {
	var w written
	var problems mapping.Problems
	collect := func(err error) {
		var several mapping.Problems
		var one *mapping.Problem
		switch {
		case errors.As(err, &several):
			problems = append(problems, several...)
		case errors.As(err, &one):
			problems = append(problems, one)
		case err != nil:
			problems = append(problems, &mapping.Problem{Message: err.Error()})
		}
	}
	collect(at.Settings.Decode(&w))
	d := &w.Description
	d.URL = at.URL
	collect(LimitsFault(at.Settings.Child("limits"), d.Limits))
	if at.Settings.Child("limits", "rate") == nil {
		d.Limits.Rate = caller.DefaultRate
	}
	var err error
	d.Auth, err = ReadAuth(at, w.Auth)
	collect(err)
	headers := maps.Clone(d.Headers)
	d.Headers, err = resolved(at, at.Settings.Child("headers"), d.Headers)
	collect(err)
	for _, name := range slices.Sorted(maps.Keys(d.Headers)) {
		if d.Headers[name] != headers[name] { // put in for a reference
			d.Secrets = append(d.Secrets, d.Headers[name])
		}
	}
	for _, name := range w.Types.Keys() {
		t, err := readType(w.Types, name)
		collect(err)
		d.Types = append(d.Types, t)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return d, nil
}

func readType(types *mapping.Node, name string) (*Type, error) {
	var w writtenType
	err := types.Child(name).Decode(&w)
	t := &w.Type
	t.Name = name
	for _, field := range w.Fields.Keys() {
		f := Field{}
		node := w.Fields.Child(field)
		if word, single := node.Text(); single {
			f.Type = word
		} else if fault := node.Decode(&f); fault != nil {
			err = joined(err, fault)
		}
		f.Name = field
		t.Fields = append(t.Fields, f)
	}
	return t, err
}

// joined keeps the problems of both errors.
func joined(a, b error) error {
	var all, more mapping.Problems
	if errors.As(a, &all); !errors.As(b, &more) {
		return b
	}
	return append(all, more...)
}

// LimitsFault refuses limits that cannot be kept; node is where they stand.
func LimitsFault(node *mapping.Node, limits caller.Limits) error {
	for _, key := range node.Keys() {
		if text, _ := node.Child(key).Text(); text == "0" || text == "0s" {
			return mapping.Problems{node.ProblemAt([]string{key}, "expected more than 0", "")}
		}
	}
	if key, expected := limits.Fault(); key != "" {
		return mapping.Problems{node.ProblemAt([]string{key}, expected, "")}
	}
	return nil
}

// waysToAuthenticate are the keys of auth, of which one is given.
var waysToAuthenticate = []string{"basic", "bearer", "header", "hmac", "form", "query"}

// ReadAuth reads who we are, with the secrets that are referred to.
func ReadAuth(at target.Address, node *mapping.Node) (caller.Auth, error) {
	var auth caller.Auth
	if node == nil {
		return auth, nil
	}
	if err := node.Decode(&auth); err != nil {
		return auth, err
	}
	var given []string
	for _, key := range node.Keys() {
		if slices.Contains(waysToAuthenticate, key) {
			given = append(given, key)
		}
	}
	if len(given) != 1 {
		return auth, node.Problem("", "expected one of basic, bearer, header, hmac, form and query")
	}
	var err error
	put := func(into *string, path ...string) {
		if err == nil && *into != "" {
			child := node.Child(path...)
			*into, err = at.Resolve(*into, child.Position(), child.Subject())
		}
	}
	switch given[0] {
	case "basic":
		put(&auth.Basic.User, "basic", "user")
		if auth.Basic.Password == "" {
			auth.Basic.Password = at.Password
		} else {
			put(&auth.Basic.Password, "basic", "password")
		}
	case "bearer":
		put(&auth.Bearer, "bearer")
	case "header":
		if auth.Header.Name == "" || auth.Header.Value == "" {
			return auth, node.Child("header").Problem("", "expected name and value")
		}
		put(&auth.Header.Value, "header", "value")
	case "hmac":
		if key, expected := auth.HMAC.Fault(); key != "" {
			return auth, mapping.Problems{node.ProblemAt([]string{"hmac", key}, expected, "")}
		}
		put(&auth.HMAC.ID, "hmac", "id")
		put(&auth.HMAC.Secret, "hmac", "secret")
	case "form":
		auth.Form, err = resolved(at, node.Child("form"), auth.Form)
	case "query":
		auth.Query, err = resolved(at, node.Child("query"), auth.Query)
	}
	return auth, err
}

// resolved puts references into the values of a mapping.
func resolved(at target.Address, node *mapping.Node, texts map[string]string) (map[string]string, error) {
	for _, key := range node.Keys() {
		child := node.Child(key)
		text, err := at.Resolve(texts[key], child.Position(), child.Subject())
		if err != nil {
			return nil, err
		}
		texts[key] = text
	}
	return texts, nil
}

// DecodeNode reads conditions in their short forms, too: 429 and 5xx are a
// status, everything else an expression.
func (c *Condition) DecodeNode(n *mapping.Node) error {
	if text, single := n.Text(); single {
		var status Range
		if status.UnmarshalText([]byte(text)) == nil {
			c.Status = []Range{status}
		} else {
			c.When = text
		}
		return nil
	}
	type long Condition
	return n.Decode((*long)(c))
}

// DecodeNode reads one expression, or one for each column.
func (k *Keys) DecodeNode(n *mapping.Node) error {
	if text, single := n.Text(); single {
		*k = Keys{"": text}
		return nil
	}
	texts := map[string]string{}
	err := n.Decode(&texts)
	*k = texts
	return err
}

// DecodeNode reads a field's name, or field and value.
func (m *Marker) DecodeNode(n *mapping.Node) error {
	if text, single := n.Text(); single {
		m.Field = text
		return nil
	}
	type long Marker
	return n.Decode((*long)(m))
}

// Names gives an API's codes our names, in the order of the file.
type Names []Coded

// DecodeNode reads {361: unique, 340-359: wrong-type}.
func (names *Names) DecodeNode(n *mapping.Node) error {
	texts := map[string]string{}
	if err := n.Decode(&texts); err != nil {
		return err
	}
	var problems mapping.Problems
	for _, key := range n.Keys() {
		var c Coded
		if err := c.Codes.UnmarshalText([]byte(key)); err != nil {
			problems = append(problems, n.ProblemAt([]string{key}, err.Error(), ""))
		}
		if c.As = record.Code(texts[key]); !slices.Contains(refusals, c.As) {
			problems = append(problems, n.ProblemAt([]string{key}, "expected one of "+wordsOfCodes(), mapping.Near(texts[key], codeWords())))
		}
		*names = append(*names, c)
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// refusals are the codes that a refusal of the API may have.
var refusals = []record.Code{
	record.CodeWrongType, record.CodeTooLong, record.CodeOutOfRange, record.CodeNotNull, record.CodeUnique, record.CodeForeignKey,
	record.CodeCheck, record.CodeRefused, record.CodeNotWritten, record.CodeUnknownCode, record.CodeBadDate,
}
