package httpapi

import (
	"reflect"

	"landfall/internal/connector/caller"
	"landfall/internal/mapping"
)

// described are the settings as editors should know them: written, with what is
// decoded by hand in its own form.
type described struct {
	Description
	Auth  caller.Auth              `yaml:"auth"`
	Types map[string]describedType `yaml:"types"`
}

type describedType struct {
	Type
	Fields map[string]Field `yaml:"fields"`
}

// Schema is the JSON Schema of a connection's keys.
func Schema() map[string]any {
	text := map[string]any{"$ref": "#/$defs/text"}
	texts := map[string]any{"type": "object", "additionalProperties": text}
	word := map[string]any{"type": "string"}
	var names []any
	for _, name := range typeNames() {
		names = append(names, name)
	}
	return mapping.SettingsSchema(mapping.KindHTTP, reflect.TypeFor[described](), keyWords, map[reflect.Type]map[string]any{
		reflect.TypeFor[Condition](): text,
		reflect.TypeFor[Marker]():    word,
		reflect.TypeFor[Keys]():      {"anyOf": []any{text, texts}},
		reflect.TypeFor[Names]():     texts,
		reflect.TypeFor[Field]():     {"enum": names},
	})
}

// keyWords tell a person about keys, wherever they stand.
var keyWords = map[string]string{
	"auth":            "who we are: one of basic, bearer, header, hmac, form, query; secrets are references",
	"limits":          "how gently the API is treated",
	"rate":            "calls in a second, over all lanes: 10, or none",
	"burst":           "calls that may be made up for at once after a pause",
	"calls":           "at a time",
	"timeout":         "of one call: 30s",
	"connect_timeout": "until a connection is there: 10s",
	"patience":        "how long the API may stay out of reach or throttle: 10m",
	"denials":         "refusals of access in a row that end the run",
	"answers":         "how answers are judged; the first condition that holds decides, then the status",
	"ask":             "a request that changes nothing and shows that we are let in",
	"types":           "the API's types of record, which to.table names",
	"fields":          "by name (a.b is a member of an object), or the fields that can be searched",
	"open":            "true: fields that are not declared are taken as text",
	"marker":          "a field that carries a mark of each record's order",
	"version":         "expression for what tells one state of a record from the next",
	"age":             "expression for what grows with each record that is made",
	"newest":          "the request that reads the record that was made last",
	"create":          "the request that creates records",
	"update":          "the request that changes records; it sends what differs",
	"replace":         "the request that writes one {field} that is alone",
	"get":             "the request that reads records by key",
	"find":            "the request that finds records by what fields hold",
	"delete":          "the request that deletes records",
	"count":           "the request that counts records",
	"given":           "true: the API gives it, as a new record's key",
	"hidden":          "true: written and never given back",
	"keeps_null":      "true: NULL leaves the value of a record that is there",
	"alone":           "true: updates write it in a call of its own, by replace",
	"layout":          "of dates and times, in Go's way",
	"path":            "behind the url, with placeholders such as {key}",
	"form":            "a form body; values with placeholders",
	"body":            "a JSON body; texts with placeholders such as {records}",
	"item":            "what {records} holds of each record",
	"records":         "that one call carries at most",
	"bytes":           "of the largest body: 900KB",
	"idempotent":      "true: it carries {token} and is carried out once however often it is sent",
	"results":         "where in the answer each record's result stands",
	"at":              "expression for the results",
	"by":              "expression for what a result is about; in the records' order without it",
	"found":           "expression for the records found",
	"total":           "expression for the number",
	"code":            "expression for the API's own code",
	"message":         "expression for what the API says",
	"columns":         "expression for the field that the API names",
	"when":            "expression over status, body, headers, code and result",
}
