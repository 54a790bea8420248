package mapping

import (
	"encoding"
	"reflect"
	"strings"
	"time"
)

// SettingsSchema is the JSON Schema of settings that Decode fills a struct from,
// by the struct's own tags, so that the two cannot differ. words tells a person
// about keys, by their names. shorts are the short forms of types that decode
// themselves. Structs within it are in its $defs, under the name of the kind.
func SettingsSchema(kind string, of reflect.Type, words map[string]string, shorts map[reflect.Type]map[string]any) map[string]any {
	b := settingsSchema{kind: kind, words: words, shorts: shorts, defs: schema{}}
	s := b.structure(of)
	s["$defs"] = b.defs
	return s
}

type settingsSchema struct {
	kind   string
	words  map[string]string
	shorts map[reflect.Type]schema
	defs   schema
}

// shared makes a definition of a struct, and refers to it.
func (b *settingsSchema) shared(t reflect.Type) schema {
	name := b.kind + "_" + strings.ToLower(t.Name())
	if b.defs[name] == nil {
		b.defs[name] = schema{} // a struct may hold itself
		whole := b.structure(t)
		if short, ok := b.shorts[t]; ok {
			whole = anyOf(short, whole)
		}
		b.defs[name] = whole
	}
	return ref(name)
}

func (b *settingsSchema) of(t reflect.Type) schema {
	if short, ok := b.shorts[t]; ok && t.Kind() != reflect.Struct {
		return short
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return b.of(t.Elem())
	case t == reflect.TypeFor[*Node]() || t == reflect.TypeFor[Node]() || t.Kind() == reflect.Interface:
		return schema{}
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()), t == reflect.TypeFor[time.Duration]():
		return text()
	}
	switch t.Kind() {
	case reflect.Struct:
		return b.shared(t)
	case reflect.Slice:
		return oneOrMore(b.of(t.Elem()))
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": b.of(t.Elem())}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return schema{"type": "integer"}
	}
	return text()
}

func (b *settingsSchema) structure(t reflect.Type) schema {
	properties := schema{}
	var collect func(t reflect.Type)
	collect = func(t reflect.Type) {
		for i := range t.NumField() {
			field := t.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			switch {
			case field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct:
				collect(field.Type)
			case name != "" && name != "-":
				properties[name] = b.of(field.Type)
				if words := b.words[name]; words != "" {
					properties[name] = described(words, properties[name].(schema))
				}
			}
		}
	}
	collect(t)
	return schema{"type": "object", "additionalProperties": false, "properties": properties}
}
