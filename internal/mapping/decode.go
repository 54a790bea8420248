package mapping

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Decode fills a struct from the node by its `yaml` tags; a field without a
// tag is not filled. Unknown keys, wrong shapes and values that do not fit are
// Problems with positions, all of them at once. Keys that are not given leave
// their fields as they are, so defaults are set before. A nil node fills
// nothing.
//
// Fields may be strings, bools, numbers, time.Duration, *Node, any (as Any gives
// it), anything with UnmarshalText or DecodeNode, and pointers, slices, structs
// and maps by string of those; a single value serves as a list of one.
func (n *Node) Decode(into any) error {
	if n == nil {
		return nil
	}
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("decode into %T: expected a pointer", into)
	}
	d := &decoder{reader{doc: n.doc}}
	d.fill(n, v.Elem(), n.subject)
	return d.problems.orNil()
}

type decoder struct{ reader }

// NodeDecoder decodes itself, as what may be written in a short and a long form.
type NodeDecoder interface{ DecodeNode(*Node) error }

func (d *decoder) fill(n *Node, v reflect.Value, subject string) {
	named := *n
	named.subject = subject
	if v.Type() == reflect.TypeFor[*Node]() {
		v.Set(reflect.ValueOf(&named))
		return
	}
	if own, ok := v.Addr().Interface().(NodeDecoder); ok {
		var problems Problems
		if err := own.DecodeNode(&named); errors.As(err, &problems) {
			d.problems = append(d.problems, problems...)
		} else if err != nil {
			d.refuse(n.at, "", "%s%s", prefix(subject), err)
		}
		return
	}
	if v.Kind() == reflect.Interface && v.NumMethod() == 0 {
		if value := n.Any(); value != nil {
			v.Set(reflect.ValueOf(value))
		}
		return
	}
	if v.Kind() == reflect.Pointer {
		fresh := reflect.New(v.Type().Elem())
		d.fill(n, fresh.Elem(), subject)
		v.Set(fresh)
		return
	}
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if s, ok := d.scalar(n, subject); ok {
			if err := text.UnmarshalText([]byte(s)); err != nil {
				d.refuse(n.at, "", "%s%s", prefix(subject), err)
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v, subject)
	case reflect.Slice:
		d.slice(n, v, subject)
	case reflect.Map:
		d.table(n, v, subject)
	default:
		d.single(n, v, subject)
	}
}

func (d *decoder) structure(n *Node, v reflect.Value, subject string) {
	fields := map[string]reflect.Value{}
	var known []string
	var collect func(v reflect.Value)
	collect = func(v reflect.Value) {
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			switch {
			case options == "inline" || (field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct):
				collect(v.Field(i))
			case name != "" && name != "-":
				fields[name] = v.Field(i)
				known = append(known, name)
			}
		}
	}
	collect(v)
	if !d.mapping(n, subject, known, nil, false) {
		return
	}
	for _, p := range n.pairs {
		if slices.Contains(known, p.key.text) {
			d.fill(p.value, fields[p.key.text], join(subject, p.key.text))
		}
	}
}

func (d *decoder) slice(n *Node, v reflect.Value, subject string) {
	items := []*Node{n}
	if n.kind == nodeList {
		items = n.items
	}
	filled := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		d.fill(item, filled.Index(i), subject)
	}
	v.Set(filled)
}

func (d *decoder) table(n *Node, v reflect.Value, subject string) {
	if n.kind != nodeMap || v.Type().Key().Kind() != reflect.String {
		d.refuse(n.at, "", "%sexpected a mapping, found %s", prefix(subject), n.what())
		return
	}
	filled := reflect.MakeMapWithSize(v.Type(), len(n.pairs))
	for _, p := range n.pairs {
		value := reflect.New(v.Type().Elem()).Elem()
		d.fill(p.value, value, join(subject, p.key.text))
		filled.SetMapIndex(reflect.ValueOf(p.key.text).Convert(v.Type().Key()), value)
	}
	v.Set(filled)
}

func (d *decoder) single(n *Node, v reflect.Value, subject string) {
	text, ok := d.scalar(n, subject)
	if !ok {
		return
	}
	expected := ""
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		duration, err := time.ParseDuration(text)
		if err != nil {
			expected = "a duration such as 30s or 5m"
		}
		v.SetInt(int64(duration))
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			expected = "true or false"
		}
		v.SetBool(text == "true")
	case v.CanInt():
		i, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			expected = "a whole number"
		}
		v.SetInt(i)
	case v.CanUint():
		u, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			expected = "a whole number that is not negative"
		}
		v.SetUint(u)
	case v.CanFloat():
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil {
			expected = "a number"
		}
		v.SetFloat(f)
	default:
		panic(fmt.Sprintf("mapping: a setting of type %s cannot be decoded", v.Type()))
	}
	if expected != "" {
		d.refuse(n.at, "", "%sexpected %s", prefix(subject), expected)
	}
}

func join(subject, key string) string {
	if subject == "" {
		return key
	}
	return subject + "." + key
}
