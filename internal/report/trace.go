package report

import (
	"fmt"
	"io"
	"strings"

	"landfall/internal/record"
	"landfall/internal/run"
)

// WriteTrace shows field by field what came from where and what would be
// written.
func WriteTrace(w io.Writer, t run.Trace) {
	ref := shownRef(t.Ref.Entity, t.Ref.Key, t.Number)
	fmt.Fprintf(w, "%s%s → %s\n", ref, whereRead(Example{Ref: ref, Number: t.Number, Line: t.Line}), t.Table)
	for _, field := range veilFields(t.Fields) {
		from := strings.Join(field.From, ", ")
		inputs := make([]string, len(field.Input))
		for i, input := range field.Input {
			inputs[i] = shownInput(input)
		}
		if len(inputs) > 0 {
			from += " " + strings.Join(inputs, ", ")
		}
		steps := ""
		if field.Steps != "" {
			steps = " (" + field.Steps + ")"
		}
		if from == "" { // a constant, or an expression that reads nothing
			from = shownInput(field.Output)
		}
		fmt.Fprintf(w, "  %s ← %s%s\n", field.Target, from, steps)
	}
	fmt.Fprintf(w, "  would be %s", t.Disposition)
	if t.Rejection != nil {
		in := ""
		if t.Rejection.Field != "" {
			in = " in " + t.Rejection.Field
		}
		fmt.Fprintf(w, ": %s%s, at step %s: %s\n\n", t.Rejection.Code, in, t.Rejection.Step, t.Rejection.Message())
		return
	}
	if t.TargetKey != "" {
		fmt.Fprintf(w, ", row %s", t.TargetKey)
	}
	fmt.Fprintln(w)
	for i, name := range t.Columns {
		if t.After == nil {
			break
		}
		after := shownValue(t.After[i])
		if t.Private[name] && !t.After[i].IsNull() {
			after = privateText
		}
		switch {
		case t.Before != nil && shownValue(t.Before[i]) != shownValue(t.After[i]):
			before := shownValue(t.Before[i])
			if t.Private[name] && !t.Before[i].IsNull() {
				before = privateText
			}
			fmt.Fprintf(w, "    %s: %s → %s\n", name, before, after)
		case t.Before == nil && i == 0 && t.TargetKey == "":
			fmt.Fprintf(w, "    %s = (given by the target)\n", name)
		case t.Before == nil:
			fmt.Fprintf(w, "    %s = %s\n", name, after)
		}
	}
	fmt.Fprintln(w)
}

// shownInput quotes a trace's text; NULL and "" come as such.
func shownInput(text string) string {
	if text == "NULL" || text == `""` {
		return text
	}
	return fmt.Sprintf("%q", text)
}

func shownValue(v record.Value) string {
	if v.IsNull() {
		return "NULL"
	}
	return fmt.Sprintf("%q", v.String())
}

// TraceJSON is a trace for programs.
func TraceJSON(t run.Trace) any {
	type out struct {
		Ref         string             `json:"ref"`
		Number      int64              `json:"record"`
		Line        int64              `json:"line,omitempty"`
		Table       string             `json:"target_table"`
		TargetKey   string             `json:"target_key,omitempty"`
		Disposition record.Disposition `json:"disposition"`
		Step        record.Step        `json:"step,omitempty"`
		Field       string             `json:"field,omitempty"`
		Code        record.Code        `json:"code,omitempty"`
		Message     string             `json:"message,omitempty"`
		Fields      any                `json:"fields"`
		Before      []Cell             `json:"before,omitempty"`
		After       []Cell             `json:"after,omitempty"`
	}
	o := out{
		Ref: t.Ref.String(), Number: t.Number, Line: t.Line, Table: t.Table, TargetKey: t.TargetKey, Disposition: t.Disposition,
		Fields: veilFields(t.Fields),
	}
	o.Before, o.After = veilRows(valueCells(t.Columns, t.Before), valueCells(t.Columns, t.After), func(column string) bool { return t.Private[column] })
	if t.Rejection != nil {
		o.Step, o.Field, o.Code, o.Message = t.Rejection.Step, t.Rejection.Field, t.Rejection.Code, t.Rejection.Message()
	}
	return o
}

func valueCells(names []string, values []record.Value) []Cell {
	if values == nil {
		return nil
	}
	cells := make([]Cell, len(names))
	for i, name := range names {
		cells[i].Name = name
		if !values[i].IsNull() {
			text := values[i].String()
			cells[i].Text = &text
		}
	}
	return cells
}
