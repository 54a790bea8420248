package httpapi

import (
	"errors"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"landfall/internal/mapping"
)

// expression is a question to an answer.
type expression struct{ program *vm.Program }

// What expressions know: the answer as a whole, and where one record is meant,
// its own part of it.
var (
	answerNames = []string{"status", "body", "headers"}
	resultNames = []string{"status", "body", "headers", "result", "index", "code"}
	recordNames = []string{"status", "body", "headers", "record"}
)

// mostNodes is how large an expression may be.
const mostNodes = 1000

// compileExpression reads an expression over the names; nil for an empty text.
func compileExpression(text string, path, names []string, condition bool, faults *faults) *expression {
	if text == "" {
		return nil
	}
	env := types.Map{}
	for _, name := range names {
		env[name] = types.Any
	}
	options := []expr.Option{expr.Env(env), expr.MaxNodes(mostNodes), expr.DisableBuiltin("now")}
	if condition {
		options = append(options, expr.AsBool())
	}
	program, err := expr.Compile(text, options...)
	if err != nil {
		message, near := wordsOf(err, names)
		faults.add(path, near, "%s", message)
		return nil
	}
	return &expression{program}
}

// wordsOf keeps the first line of what the compiler says.
func wordsOf(err error, names []string) (message, near string) {
	var at *file.Error
	if !errors.As(err, &at) {
		message, _, _ = strings.Cut(err.Error(), "\n")
		return "not an expression: " + message, ""
	}
	if name, found := strings.CutPrefix(at.Message, "unknown name "); found {
		return "there is no " + name + " here, expected " + strings.Join(names, ", "), mapping.Near(name, names)
	}
	return "not an expression: " + at.Message, ""
}

// value is what the expression gives; nil where it can't be computed, as of
// members of something that is not there.
func (e *expression) value(env map[string]any) any {
	if e == nil {
		return nil
	}
	value, err := expr.Run(e.program, env)
	if err != nil {
		return nil
	}
	return value
}

// holds reports whether a condition holds; one that can't be computed does not.
func (e *expression) holds(env map[string]any) bool {
	holds, _ := e.value(env).(bool)
	return holds
}
