package mapping

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// What a mapping file may be at most. The YAML parser's work grows with the
// square of the nesting, and no file that a person writes comes near.
const (
	largestFile  = 4 << 20
	deepestNest  = 64
	longestBlock = 1 << 20
)

// tree turns YAML into Nodes. What it refuses it leaves out, so that the rest
// of the file is still judged; nil means there is nothing to judge.
type tree struct {
	doc      *document
	problems Problems
	broken   map[Position]bool // places that are refused; what follows from them needs no words
}

func (t *tree) refuse(at Position, format string, args ...any) {
	t.problems = append(t.problems, t.doc.problem(at, fmt.Sprintf(format, args...), ""))
}

func (t *tree) read(text []byte) (root *Node) {
	if len(text) > largestFile {
		t.refuse(Position{}, "the file is larger than %d bytes", largestFile)
		return nil
	}
	if at, deep := tooDeep(t.doc.lines); deep {
		t.refuse(at, "nested more than %d deep", deepestNest)
		return nil
	}
	// The parser is known to panic on some broken input.
	defer func() {
		if recover() != nil {
			t.refuse(Position{Line: 1, Column: 1}, "not readable as YAML")
			root = nil
		}
	}()
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		t.syntax(err)
		return nil
	}
	var bodies []ast.Node
	for _, d := range file.Docs {
		if directive, ok := d.Body.(*ast.DirectiveNode); ok {
			t.refuse(place(directive.Start), "YAML directives are not read: remove this line")
		} else if d.Body != nil {
			bodies = append(bodies, d.Body)
		}
	}
	if len(bodies) > 1 {
		t.refuse(start(bodies[1]), "a second document: a mapping file is one")
	}
	if len(bodies) == 0 {
		t.refuse(Position{Line: 1, Column: 1}, "the file is empty: expected version, name, connections, target and entities")
		return nil
	}
	return t.node(bodies[0], 0)
}

func (t *tree) syntax(err error) {
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) || syntax.Token == nil || syntax.Token.Position == nil {
		t.refuse(Position{Line: 1, Column: 1}, "not readable as YAML")
		return
	}
	at := place(syntax.Token)
	message := syntax.Message
	if at.Line > 0 && at.Line <= len(t.doc.lines) && strings.HasPrefix(strings.TrimLeft(t.doc.lines[at.Line-1], " "), "\t") {
		message = "a tab: YAML is indented with blanks"
	}
	t.refuse(at, "%s", message)
}

func (t *tree) node(from ast.Node, depth int) *Node {
	n := &Node{at: start(from), doc: t.doc}
	if depth > deepestNest {
		t.refuse(n.at, "nested more than %d deep", deepestNest)
		return n
	}
	switch from := from.(type) {
	case *ast.MappingNode:
		n.kind = nodeMap
		t.pairs(n, from.Values, depth)
	case *ast.MappingValueNode:
		n.kind = nodeMap
		t.pairs(n, []*ast.MappingValueNode{from}, depth)
	case *ast.SequenceNode:
		n.kind = nodeList
		for _, item := range from.Values {
			n.items = append(n.items, t.node(item, depth+1))
		}
	case *ast.NullNode:
		if from.Token.Type != token.ImplicitNullType {
			n.text = from.Token.Value
		}
	case *ast.LiteralNode:
		n.kind, n.quoted = nodeScalar, true
		if from.Value != nil {
			n.text = from.Value.Value
		}
	case *ast.StringNode:
		n.kind, n.text = nodeScalar, from.Value
		n.quoted = from.Token.Type == token.SingleQuoteType || from.Token.Type == token.DoubleQuoteType
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		n.kind, n.text = nodeScalar, from.GetToken().Value
	case *ast.AnchorNode:
		t.refuse(n.at, "anchors, aliases and << are not read: write the value out")
		return t.node(from.Value, depth+1)
	case *ast.AliasNode, *ast.MergeKeyNode:
		t.refuse(n.at, "anchors, aliases and << are not read: write the value out")
		t.broken[n.at] = true
	case *ast.TagNode:
		t.refuse(n.at, "tags are not read: every value is taken as it is written")
		return t.node(from.Value, depth+1)
	default:
		t.broken[n.at] = true
		t.refuse(n.at, "not a value that a mapping file may hold")
	}
	return n
}

func (t *tree) pairs(n *Node, values []*ast.MappingValueNode, depth int) {
	lines := make(map[string]int, len(values))
	for _, value := range values {
		at := start(value.Key)
		key := t.node(value.Key, depth)
		if key.kind == nodeNull && key.text != "" {
			key.kind = nodeScalar // a column may be called null
		}
		if key.kind != nodeScalar {
			if !t.broken[key.at] {
				t.refuse(at, "expected a plain key, found %s", key.what())
			}
			t.broken[n.at] = true // what is missing may stand behind that key
			continue
		}
		if before, ok := lines[key.text]; ok {
			t.refuse(at, "key %q is already given on line %d", key.text, before)
			continue
		}
		lines[key.text] = at.Line
		n.pairs = append(n.pairs, pair{key: key, value: t.node(value.Value, depth+1)})
	}
}

// start is where a node begins; a block mapping begins at its first key.
func start(n ast.Node) Position {
	switch n := n.(type) {
	case nil:
		return Position{Line: 1, Column: 1}
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return start(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return start(n.Key)
	}
	return place(n.GetToken())
}

func place(t *token.Token) Position {
	if t == nil || t.Position == nil {
		return Position{Line: 1, Column: 1}
	}
	return Position{Line: t.Position.Line, Column: t.Position.Column}
}

// tooDeep looks for a line that opens more brackets, or is indented by more
// levels, than any file that a person writes.
func tooDeep(lines []string) (Position, bool) {
	open := 0
	for i, line := range lines {
		if len(line) > longestBlock {
			return Position{Line: i + 1, Column: 1}, true
		}
		if comment := strings.Index(line, " #"); comment >= 0 {
			line = line[:comment]
		}
		dashes := 0
		for j := 0; j < len(line) && line[0] != '#'; j++ {
			switch line[j] {
			case '[', '{':
				open++
			case ']', '}':
				open = max(0, open-1)
			case '-', '?', ':':
				dashes++
			case ' ':
			default:
				dashes = 0
			}
			if open > deepestNest || dashes > deepestNest {
				return Position{Line: i + 1, Column: 1}, true
			}
		}
	}
	return Position{}, false
}
