package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// hurry are the settings of an API that say how gently it is called and how its
// silence is put up with. As with `throttle`, what lands does not depend on them,
// and a run that is broken off may go on with others.
var hurry = []string{"limits", "timeout", "records", "bytes", "find", "unknown"}

// Describe says everything that the file means in lines that stay the same
// when only layout, comments or order change. Secrets are told as the
// references that the file holds.
func (f *File) Describe() []string {
	lines := []string{
		"version: " + strconv.Itoa(f.Version), "name: " + plainText(f.Name),
		"source: " + plainText(f.Source), "target: " + plainText(f.Target),
	}
	var rest []string
	for _, c := range f.Connections {
		subject := "connections." + c.Name
		rest = append(rest, subject+".url: "+plainText(c.URL))
		if c.Password != "" {
			rest = append(rest, subject+".password: "+plainText(c.Password))
		}
		if c.Environment != "" {
			rest = append(rest, subject+".environment: "+plainText(c.Environment))
		}
		if c.Kind != "" {
			rest = append(rest, subject+".kind: "+plainText(c.Kind))
		}
		rest = c.Settings.without(hurry...).describe(rest, subject)
		if c.Guard != nil && c.Guard.Approval {
			rest = append(rest, subject+".guard.approval: "+ApprovalOther)
		}
	}
	for _, e := range f.Entities {
		rest = append(rest, e.Describe()...)
	}
	slices.Sort(rest)
	return append(lines, rest...)
}

// Describe is File.Describe for one entity; changed lines tell what changed.
func (e *Entity) Describe() []string {
	var lines []string
	say := func(key, value string) {
		if value != "" {
			lines = append(lines, e.Name+"."+key+": "+value)
		}
	}
	say("from.table", optionalText(e.From.Table))
	say("from.query", optionalText(e.From.Query))
	say("from.file", optionalText(e.From.File))
	say("from.where", optionalText(e.From.Where))
	say("from.connection", optionalText(e.From.Connection))
	say("from.key", plainList(e.From.Key))
	say("from.fold", e.From.Fold.describe())
	if e.From.Each != nil {
		say("from.each", plainList(e.From.Each.Columns)+" value "+plainText(e.From.Each.Value))
	}
	if o := e.From.Operation; o != nil {
		say("from.operation", plainText(o.Column)+" insert "+plainList(o.Insert))
		say("from.operation.change", plainList(o.Change))
	}
	lines = e.From.Settings.describe(lines, e.Name+".from")
	say("to.table", optionalText(e.To.Table))
	say("to.key", e.To.describeKey())
	say("to.match", plainList(e.To.Match))
	if e.To.Collapse {
		say("to.collapse", "true")
	}
	if e.To.Verify {
		say("to.verify", "true")
	}
	say("renamed_from", optionalText(e.RenamedFrom))
	if e.LogFull {
		say("log", "full")
	}
	if e.Fingerprint {
		say("fingerprint", "true")
	}
	if e.RebuildIndexes {
		say("indexes", indexesRebuild)
	}
	if e.Analyze {
		say("analyze", "true")
	}
	say("null", string(e.Null))
	say("repeats", string(e.Repeats))
	say("edited", string(e.Edited))
	say("missing", string(e.Missing))
	say("on_match", string(e.OnMatch))
	for _, f := range e.Fields {
		say("fields."+plainText(f.Target), f.describe())
	}
	for _, ignored := range e.Ignore {
		say("ignore."+plainText(ignored.Column), "ignored")
	}
	for _, private := range e.Private {
		say("private."+plainText(private.Column), "private")
	}
	for _, total := range e.Totals {
		say("totals."+plainText(total.Text), "taken")
	}
	for _, asked := range e.Ask {
		say("ask."+plainText(asked.Column), "asked")
	}
	slices.Sort(lines)
	return lines
}

// Hash is SHA-256 over Describe, hexadecimal.
func (e *Entity) Hash() string { return digest(e.Describe()) }

// describe says a field in the order in which things happen.
func (f *Field) describe() string {
	var words []string
	switch {
	case f.HasConst && f.Const == nil:
		words = append(words, "const NULL")
	case f.HasConst:
		words = append(words, "const "+strconv.Quote(*f.Const))
	case f.Expr != "":
		words = append(words, "expr "+strconv.Quote(f.Expr))
	default:
		words = append(words, "from "+plainList(f.From))
	}
	if len(f.Do) > 0 {
		words = append(words, "do "+strings.Join(f.Do, ","))
	}
	if f.Join != nil {
		words = append(words, "join "+strconv.Quote(*f.Join))
	}
	switch {
	case f.CodeFile != "":
		words = append(words, fmt.Sprintf("values from a file, %d codes, SHA-256 %s", len(f.Values)+len(f.Nulls), digest(f.codeList())))
	case f.Values != nil || f.Nulls != nil:
		words = append(words, "values {"+list(f.codeList())+"}")
	}
	if f.Date != nil {
		words = append(words, "date "+quotedList(f.Date))
	}
	if f.Zone != "" {
		words = append(words, "zone "+plainText(f.Zone))
	}
	if points := f.points(); points != "" {
		words = append(words, points+" missing "+string(f.OnOrphan))
	}
	if f.Check != nil {
		words = append(words, "check "+describeRules(f.Check))
	}
	if f.RenamedFrom != "" {
		words = append(words, "renamed from "+plainText(f.RenamedFrom))
	}
	if f.Private {
		words = append(words, "private")
	}
	if f.Once {
		words = append(words, "on create")
	}
	if f.Always {
		words = append(words, "on always")
	}
	if f.Null != "" {
		words = append(words, "null "+string(f.Null))
	}
	if f.Keep {
		words = append(words, "empty keep")
	}
	return strings.Join(words, " ")
}

// codeList says each code of `values`, in order.
func (f *Field) codeList() []string {
	var codes []string
	for _, source := range slices.Sorted(maps.Keys(f.Values)) {
		codes = append(codes, plainText(source)+"="+plainText(f.Values[source]))
	}
	for _, source := range slices.Sorted(maps.Keys(f.Nulls)) {
		codes = append(codes, plainText(source)+"=NULL")
	}
	return codes
}

// describe appends a connector's settings, a line for each single value.
func (n *Node) describe(lines []string, subject string) []string {
	if n == nil {
		return lines
	}
	switch n.kind {
	case nodeNull:
		return append(lines, subject+": NULL")
	case nodeScalar:
		return append(lines, subject+": "+plainText(n.text))
	case nodeList:
		lines = append(lines, fmt.Sprintf("%s: list of %d", subject, len(n.items)))
		for i, item := range n.items {
			lines = item.describe(lines, fmt.Sprintf("%s[%d]", subject, i))
		}
		return lines
	}
	for _, p := range n.pairs {
		lines = p.value.describe(lines, subject+"."+plainText(p.key.text))
	}
	return lines
}

// without leaves members of a map out.
func (n *Node) without(names ...string) *Node {
	if n == nil || len(n.pairs) == 0 {
		return n
	}
	left := *n
	left.pairs = slices.DeleteFunc(slices.Clone(n.pairs), func(p pair) bool { return slices.Contains(names, p.key.text) })
	return &left
}

// plainText leaves simple words as they are and quotes what could be mistaken
// for something else, so that two meanings never give the same line.
func plainText(s string) string {
	simple := s != "" && s != "NULL"
	for _, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		simple = simple && (letter || strings.ContainsRune("_.-:/@*", c))
	}
	if simple {
		return s
	}
	return strconv.Quote(s)
}

func optionalText(s string) string {
	if s == "" {
		return ""
	}
	return plainText(s)
}

func plainList(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = plainText(name)
	}
	return list(quoted)
}

func quotedList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = strconv.Quote(text)
	}
	return list(quoted)
}

func digest(lines []string) string {
	h := sha256.New()
	for _, line := range lines {
		io.WriteString(h, line+"\n")
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Rule says in one line what the field takes and what becomes of it.
func (f *Field) Rule() string { return f.Target + ": " + f.describe() }
