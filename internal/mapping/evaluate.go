package mapping

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"

	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"landfall/internal/record"
)

// nullPassing are the functions that give nil for nil, as the steps of `do` of
// the same name do. They take blanks and letters for what the steps do, too.
var nullPassing = []*builtin.Function{
	overText("trim", strings.TrimSpace), overText("lower", strings.ToLower), overText("upper", strings.ToUpper),
}

func overText(name string, apply func(string) string) *builtin.Function {
	return &builtin.Function{
		Name:  name,
		Types: []reflect.Type{reflect.TypeFor[func(any) any]()},
		Func: func(args ...any) (any, error) {
			if len(args) != 1 {
				return nil, fmt.Errorf("%s takes one text", name)
			}
			switch text := args[0].(type) {
			case nil:
				return nil, nil
			case string:
				return apply(text), nil
			}
			return nil, fmt.Errorf("%s takes text; string(…) makes it of a number", name)
		},
	}
}

// evaluation is one goroutine's machine; it is used again for the next record.
type evaluation struct {
	machine vm.VM
	cells   map[string]any
}

// evaluated computes a field's expression.
func evaluated(f *Field, places []int) compiledField {
	x := f.expression
	slots := make([]string, len(places))
	for i := range places {
		slots[i] = slotName(i)
	}
	machines := sync.Pool{New: func() any {
		return &evaluation{machine: vm.VM{MemoryBudget: mostExprItems}, cells: make(map[string]any, len(places))}
	}}
	return func(values []record.Value) (record.Value, *record.Misfit) {
		e := machines.Get().(*evaluation)
		for i, place := range places {
			e.cells[slots[i]] = cell(values[place])
		}
		out, err := e.machine.Run(x.program, e.cells)
		if err != nil {
			// A machine that stopped midway is not used again.
			return record.Value{}, f.unfit(err, values, places)
		}
		machines.Put(e)
		v, ok := single(out)
		if !ok {
			return record.Value{}, &record.Misfit{Code: record.CodeBadExpr, Expected: "a text, a number, true, false or nil from the expression; it gives something else"}
		}
		if v.IsEmptyText() && !f.Keep && !f.lists("") {
			v = record.Null()
		}
		return v, nil
	}
}

// cell is a value as expressions see it. What has no exact likeness among
// their numbers, decimals above all, is its text.
func cell(v record.Value) any {
	switch v.Kind() {
	case record.KindNull:
		return nil
	case record.KindBool:
		return v.Bool()
	case record.KindInt:
		return int(v.Int())
	case record.KindFloat:
		return v.Float()
	}
	return v.String()
}

// single takes an expression's result back.
func single(out any) (record.Value, bool) {
	switch out := out.(type) {
	case nil:
		return record.Null(), true
	case string:
		return record.Text(out), len(out) <= longestExprOut
	case bool:
		return record.Bool(out), true
	case int:
		return record.Int(int64(out)), true
	case float64:
		return record.Float(out), !math.IsNaN(out) && !math.IsInf(out, 0)
	}
	if v := reflect.ValueOf(out); v.CanInt() {
		return record.Int(v.Int()), true
	} else if v.CanUint() && v.Uint() <= math.MaxInt64 {
		return record.Int(int64(v.Uint())), true
	}
	return record.Value{}, false
}

// unfit says where an expression failed and which of its columns are NULL. The
// library's own words may show values, so they are not told.
func (f *Field) unfit(err error, values []record.Value, places []int) *record.Misfit {
	expected := "values that the expression can be computed with"
	var at *file.Error
	if errors.As(err, &at) {
		expected += fmt.Sprintf("; it fails at character %d", at.From+1)
		if piece := characters(f.Expr, at.From, at.To); strings.TrimSpace(piece) != "" {
			expected += fmt.Sprintf(" (%s)", piece)
		}
	}
	var empty []string
	for i, place := range places {
		if values[place].IsNull() {
			empty = append(empty, f.From[i])
		}
	}
	if len(empty) > 0 {
		expected += fmt.Sprintf("; NULL here: %s, which `??` gives another value", list(empty))
	}
	return &record.Misfit{Code: record.CodeBadExpr, Expected: expected}
}
