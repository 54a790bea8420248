package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// schema is a piece of a JSON Schema.
type schema = map[string]any

// Schema is the JSON Schema of the mapping file, for editors that complete and
// check while a person writes. It is built over the tables of keys that the
// parser itself reads, and says less than Parse: what depends on two places, or
// on the columns of either end, only Parse and `landfall check` know. apis are
// the schemas of what connections to the kinds of APIs have beside the keys of
// all, as SettingsSchema makes them; where one is nil, any key is taken.
func Schema(apis map[string]map[string]any) ([]byte, error) {
	s := object(fileKeys, schema{
		"version":     schema{"description": "version of this format", "enum": []any{1}},
		"name":        described("the migration's name, part of every record's identity: never change it", schema{"type": "string", "pattern": migrationName.String()}),
		"connections": schema{"description": "databases by name", "type": "object", "propertyNames": schema{"pattern": connectionName.String()}, "additionalProperties": ref("connection")},
		"source":      described("connection that entities with a table or a query read", text()),
		"target":      described("connection in which everything lands", text()),
		"log":         logSchema(),
		"fingerprint": fingerprintSchema(),
		"stop_after":  stopAfterSchema("how many failed, blocked and unknown records end a run: 1%, 500, 500/10000 or none"),
		"entities":    schema{"description": "kinds of records by name", "type": "object", "minProperties": 1, "propertyNames": schema{"pattern": entityName.String()}, "additionalProperties": ref("entity")},
	}, "version", "name", "target", "entities")
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Landfall mapping"
	s["$defs"] = schema{
		"text":       schema{"type": []string{"string", "number", "boolean"}},
		"texts":      anyOf(ref("text"), schema{"type": "array", "minItems": 1, "items": ref("text")}),
		"connection": connectionSchema(apis),
		"entity":     entitySchema(),
		"from":       fromSchema(),
		"to":         toSchema(),
		"field":      fieldSchema(),
		"total":      totalSchema(),
		"rule":       ruleSchema(),
		"limits":     object(limitKeys, schema{"min": text(), "max": text()}),
	}
	for _, api := range apis {
		if defs, ok := api["$defs"].(schema); ok {
			maps.Copy(s["$defs"].(schema), defs)
		}
	}
	out, err := json.MarshalIndent(s, "", "  ")
	return append(out, '\n'), err
}

func ref(name string) schema { return schema{"$ref": "#/$defs/" + name} }
func text() schema           { return ref("text") }
func texts() schema          { return ref("texts") }
func enum(words ...any) schema {
	return schema{"enum": words}
}
func anyOf(choices ...schema) schema { return schema{"anyOf": choices} }

// described adds words for a person; a reference may stand beside them.
func described(words string, s schema) schema {
	s["description"] = words
	return s
}

// object is a mapping with exactly the keys of one of the parser's tables.
func object(keys []string, properties schema, required ...string) schema {
	for _, key := range keys {
		if properties[key] == nil {
			panic(fmt.Sprintf("mapping: the schema does not know the key %q", key))
		}
	}
	for key := range properties {
		if !slices.Contains(keys, key) {
			panic(fmt.Sprintf("mapping: the parser does not know the key %q", key))
		}
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// open lets a connector have keys of its own.
func open(s schema) schema {
	delete(s, "additionalProperties")
	return s
}

func words[S ~string](choices ...S) schema {
	list := make([]any, len(choices))
	for i, choice := range choices {
		list[i] = string(choice)
	}
	return enum(list...)
}

func logSchema() schema {
	return described("full: every record leaves an entry with what was read and what the row is", words("full"))
}

func fingerprintSchema() schema {
	return described("true: each run shows whether rows that are none of its business are as they were", schema{"type": "boolean"})
}

func connectionSchema(apis map[string]schema) schema {
	choices := []schema{{"type": "string"}, object(connectionKeys, connectionProperties(), "url")}
	keys := append(slices.Clone(connectionKeys), apiKeys...)
	for _, kind := range slices.Sorted(maps.Keys(apis)) {
		api := object(keys, apiProperties(), "url", "kind")
		properties := api["properties"].(schema)
		properties["kind"] = described("the kind of API", enum(kind))
		if kind == KindHTTP {
			api["required"] = []string{"url"} // http:// says it, too
		}
		if apis[kind] == nil {
			api = open(api)
		} else {
			maps.Copy(properties, apis[kind]["properties"].(schema))
		}
		choices = append(choices, api)
	}
	return anyOf(choices...)
}

func apiProperties() schema {
	properties := connectionProperties()
	properties["kind"] = described("httpapi, described by the keys beside it, or the name of a preset: identitycloud", text())
	properties["books"] = described("where what is remembered is kept: an SQLite file beside the mapping, or the name of another connection", text())
	return properties
}

func connectionProperties() schema {
	return schema{
		"url":         described("where the database is; ${VAR} is read from the environment", text()),
		"password":    described("a reference: ${VAR} or file:PATH", text()),
		"environment": described("production protects it: it is written to only while it is armed", text()),
		"guard":       guardSchema(),
		"throttle": described("how gently it is treated while records land", object(throttleKeys, schema{
			"rows_per_second": described("at most, over all lanes", schema{"type": "integer", "minimum": 1}),
			"lanes":           described("at most", schema{"type": "integer", "minimum": 1}),
			"pause_while":     described("a query: while its first value is true or not zero, nothing lands", text()),
			"pause_on_lag":    described("while a standby is behind by more, nothing lands: 10s", text()),
			"check_every":     described("how often that is looked at: 5s", text()),
		})),
	}
}
