package mapping

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	exprcompiler "github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// How large an expression, its lists and its result may be. What a person
// writes comes nowhere near.
const (
	mostExprNodes  = 1_000
	mostExprItems  = 100_000
	longestExprOut = 1 << 20
)

// rowName is how an expression calls the whole source row.
const rowName = "row"

// exprFunctions are what an expression may call: functions whose answer follows
// from their arguments alone, so that the same record always gives the same
// row. What asks the clock, the machine's zone or the order of a map is none of
// them, nor is what could make a text grow without bound.
var exprFunctions = []string{
	"abs", "all", "any", "ceil", "concat", "count", "filter", "find", "findIndex", "findLast", "findLastIndex", "first", "flatten", "float",
	"floor", "fromBase64", "fromJSON", "get", "hasPrefix", "hasSuffix", "indexOf", "int", "join", "last", "lastIndexOf", "len", "lower",
	"map", "max", "mean", "median", "min", "none", "one", "replace", "reverse", "round", "sort", "split", "splitAfter", "string", "sum",
	"take", "toBase64", "toJSON", "trim", "trimPrefix", "trimSuffix", "uniq", "upper",
}

// expression is a field's `expr`, compiled. Columns are the source columns that
// it reads, in the order of their first use.
type expression struct {
	columns []string
	offsets []int // where each is first read, in characters
	program *vm.Program
}

// exprFault is what is wrong with an expression, at a character of its text.
type exprFault struct {
	offset  int
	message string
	near    string
}

func newExpression(text string) (*expression, *exprFault) {
	config := conf.CreateNew()
	config.MaxNodes = mostExprNodes
	config.WithEnv(map[string]any{})
	config.Strict = false // names were judged before: what is left are columns
	for name := range config.Builtins {
		config.Disabled[name] = !slices.Contains(exprFunctions, name)
	}
	for _, own := range nullPassing {
		config.Functions[own.Name] = own
	}
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		return nil, faultOf(err)
	}
	names := &exprNames{called: map[*ast.IdentifierNode]bool{}, cells: map[*ast.IdentifierNode]bool{}, declared: map[string]bool{}}
	ast.Walk(&tree.Node, names)
	binding := &exprBinding{names: names, places: map[string]int{}}
	ast.Walk(&tree.Node, binding)
	if fault := names.fault; fault != nil {
		return nil, fault
	}
	kind, err := checker.Check(tree, config)
	if err != nil {
		return nil, faultOf(err)
	}
	if !isSingle(kind) {
		return nil, &exprFault{message: "the expression gives " + kindWords(kind) + "; expected a text, a number, true, false or nil"}
	}
	program, err := exprcompiler.Compile(tree, config)
	if err != nil {
		return nil, faultOf(err)
	}
	return &expression{columns: binding.columns, offsets: binding.offsets, program: program}, nil
}

func faultOf(err error) *exprFault {
	var at *file.Error
	if errors.As(err, &at) {
		return &exprFault{offset: at.From, message: at.Message}
	}
	return &exprFault{message: "not an expression"} // the library's own words would be a stack trace
}

// isSingle says that a type may turn out to be one value.
func isSingle(kind reflect.Type) bool {
	switch kind.Kind() {
	case reflect.Array, reflect.Slice, reflect.Map, reflect.Func, reflect.Struct:
		return false
	}
	return true
}

func kindWords(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.Array, reflect.Slice:
		return "a list"
	case reflect.Map:
		return "a map"
	}
	return "no single value"
}

// exprNames judges the names of an expression: what is called, what is read.
type exprNames struct {
	called   map[*ast.IdentifierNode]bool // names of functions
	cells    map[*ast.IdentifierNode]bool // the `row` of row["Column"]
	declared map[string]bool              // by let
	fault    *exprFault
}

// Visit implements ast.Visitor.
func (n *exprNames) Visit(node *ast.Node) {
	switch node := (*node).(type) {
	case *ast.CallNode:
		callee, plain := node.Callee.(*ast.IdentifierNode)
		if !plain {
			n.refuse(node, "", "values have no functions of their own; write trim(Name), not Name.trim()")
			return
		}
		n.called[callee] = true
		n.function(node, callee.Value)
	case *ast.BuiltinNode:
		n.function(node, node.Name)
	case *ast.MemberNode:
		if of, ok := node.Node.(*ast.IdentifierNode); ok && of.Value == rowName {
			n.cells[of] = true
			if _, named := node.Property.(*ast.StringNode); !named {
				n.refuse(node.Property, "", `row wants the name of a column in quotes, such as row["Last Name"]`)
			}
		}
	case *ast.VariableDeclaratorNode:
		n.declared[node.Name] = true
	}
}

func (n *exprNames) function(node ast.Node, name string) {
	if !slices.Contains(exprFunctions, name) {
		n.refuse(node, Near(name, exprFunctions), "an expression has no function %q", name)
	}
}

func (n *exprNames) refuse(node ast.Node, near, format string, args ...any) {
	if n.fault == nil || node.Location().From < n.fault.offset {
		n.fault = &exprFault{offset: node.Location().From, message: fmt.Sprintf(format, args...), near: near}
	}
}

// exprBinding puts slots in the places where columns are read, so that a column
// may bear the name of a function or of nothing an expression could spell.
type exprBinding struct {
	names   *exprNames
	places  map[string]int
	columns []string
	offsets []int
}

// Visit implements ast.Visitor.
func (b *exprBinding) Visit(node *ast.Node) {
	switch found := (*node).(type) {
	case *ast.IdentifierNode:
		switch {
		case b.names.called[found] || b.names.cells[found] || b.names.declared[found.Value]:
		case found.Value == rowName || found.Value == "$env":
			b.names.refuse(found, "", `%s is the whole row; name a column of it, such as row["Last Name"]`, found.Value)
		default:
			b.bind(node, found.Value, found.Location())
		}
	case *ast.MemberNode:
		of, ok := found.Node.(*ast.IdentifierNode)
		if name, named := found.Property.(*ast.StringNode); ok && named && b.names.cells[of] {
			b.bind(node, name.Value, name.Location())
		}
	}
}

func (b *exprBinding) bind(node *ast.Node, column string, at file.Location) {
	place, known := b.places[column]
	if !known {
		place = len(b.columns)
		b.places[column] = place
		b.columns, b.offsets = append(b.columns, column), append(b.offsets, at.From)
	}
	ast.Patch(node, &ast.IdentifierNode{Value: slotName(place)})
	(*node).SetLocation(at)
}

// slotName is no name that an expression could write, so no `let` hides it.
func slotName(place int) string { return "\x00" + strconv.Itoa(place) }

// characters is the part of an expression's text between two of its characters.
func characters(text string, from, to int) string {
	runes := []rune(text)
	if from < 0 || from >= len(runes) {
		return ""
	}
	return string(runes[from:max(from+1, min(to, len(runes)))])
}

// within finds the place of a character of a scalar in the file: right where
// the scalar stands in one piece, else at its start.
func (r *reader) within(n *Node, offset int) Position {
	if r.doc == nil || n.at.Line < 1 {
		return n.at
	}
	before := string([]rune(n.text)[:min(offset, utf8.RuneCountInString(n.text))])
	row := 0
	start := 0
	for i, c := range before {
		if c == '\n' {
			row, start = row+1, i+1
		}
	}
	piece := firstLine(n.text[start:])
	for line := n.at.Line - 1 + row; line < min(len(r.doc.lines), n.at.Line+row+1); line++ {
		text, skip := r.doc.lines[line], 0
		if line == n.at.Line-1 {
			skip = runeOffset(text, n.at.Column)
		}
		if at := indexFrom(text, piece, skip); at >= 0 && piece != "" {
			column := utf8.RuneCountInString(text[:at]) + utf8.RuneCountInString(before[start:]) + 1
			return Position{Line: line + 1, Column: column}
		}
	}
	return n.at
}
