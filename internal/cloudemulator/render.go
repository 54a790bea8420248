package cloudemulator

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// appendStored encodes attributes in the order of the schema, without what is
// null.
func appendStored(to []byte, attributes []Attribute, record values) []byte {
	to = append(to, '{')
	first := true
	if id, is := record["id"]; is { // of an element of a plural
		to, first = appendValue(append(to, `"id":`...), id), false
	}
	for i := range attributes {
		a := &attributes[i]
		value := record[a.Name]
		if value == nil {
			continue
		}
		to = appendName(to, a.Name, &first)
		switch a.Kind {
		case Object:
			to = appendStored(to, a.Attributes, value.(values))
		case Plural:
			to = appendElements(to, value.([]any), func(to []byte, element values) []byte {
				return appendStored(to, a.Attributes, element)
			})
		default:
			to = appendValue(to, value)
		}
	}
	return append(to, '}')
}

// appendWhole encodes a part of a record as the API shows it: what is null, too.
func appendWhole(to []byte, attributes []Attribute, part values, first bool) []byte {
	for i := range attributes {
		a := &attributes[i]
		to = appendName(to, a.Name, &first)
		to = appendAttribute(to, a, part[a.Name])
	}
	return to
}

func appendAttribute(to []byte, a *Attribute, value any) []byte {
	switch a.Kind {
	case Object:
		inside, _ := value.(values)
		return append(appendWhole(append(to, '{'), a.Attributes, inside, true), '}')
	case Plural:
		elements, _ := value.([]any)
		return appendElements(to, elements, func(to []byte, element values) []byte { return appendElement(to, a, element) })
	}
	return appendValue(to, value)
}

func appendElement(to []byte, a *Attribute, element values) []byte {
	to = appendValue(append(to, `{"id":`...), element["id"])
	return append(appendWhole(to, a.Attributes, element, false), '}')
}

func appendElements(to []byte, elements []any, appendOne func([]byte, values) []byte) []byte {
	to = append(to, '[')
	for i, element := range elements {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendOne(to, element.(values))
	}
	return append(to, ']')
}

// appendRecord encodes a record as the API shows it.
func (s *store) appendRecord(to []byte, r *record) []byte {
	to = append(to, `{"id":`...)
	to = strconv.AppendInt(to, r.id(), 10)
	to = append(append(to, `,"uuid":"`...), r.uuid.String()...)
	to = append(append(to, `","created":"`...), renderMicros(r.created)...)
	to = append(append(to, `","lastUpdated":"`...), renderMicros(r.changed)...)
	to = append(to, '"')
	return append(appendWhole(to, s.declared.Attributes, r.attributes, false), '}')
}

// appendOwn encodes one of the service's own attributes.
func appendOwn(to []byte, r *record, name string) []byte {
	switch name {
	case "id":
		return strconv.AppendInt(to, r.id(), 10)
	case "uuid":
		return appendValue(to, r.uuid.String())
	case "created":
		return appendValue(to, renderMicros(r.created))
	}
	return appendValue(to, renderMicros(r.changed))
}

func renderMicros(micros int64) string { return renderTime(time.UnixMicro(micros)) }

func appendName(to []byte, name string, first *bool) []byte {
	if !*first {
		to = append(to, ',')
	}
	*first = false
	return append(appendValue(to, name), ':')
}

func appendValue(to []byte, value any) []byte {
	switch value := value.(type) {
	case nil:
		return append(to, "null"...)
	case bool:
		return strconv.AppendBool(to, value)
	case json.Number:
		return append(to, value...)
	case string:
		if plain(value) {
			return append(append(append(to, '"'), value...), '"')
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic("a value that was read from JSON cannot be written as JSON: " + err.Error())
	}
	return append(to, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
}

// plain tells text that JSON holds as it is.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
