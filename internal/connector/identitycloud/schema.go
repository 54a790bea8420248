package identitycloud

import (
	"maps"
	"reflect"
	"slices"

	"landfall/internal/mapping"
)

// described are the settings as editors should know them, with what is decoded by
// hand in its own form.
type described struct {
	settings
	Auth  written                  `yaml:"auth"`
	Types map[string]describedType `yaml:"types"`
}

type describedType struct {
	Attributes map[string]attribute `yaml:"attributes"`
}

// Schema is the JSON Schema of a connection's keys.
func Schema() map[string]any {
	var names []any
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		names = append(names, name)
	}
	return mapping.SettingsSchema(mapping.KindIdentityCloud, reflect.TypeFor[described](), keyWords, map[reflect.Type]map[string]any{
		reflect.TypeFor[attribute](): {"enum": names},
	})
}

// keyWords tell a person about keys.
var keyWords = map[string]string{
	"auth":           "who we are: one of basic, signature, token, form; secrets are references",
	"limits":         "how gently the service is treated",
	"timeout":        "how long the service may work on a call: 10s",
	"records":        "that one entity.bulkCreate carries at most: 100",
	"bytes":          "of the largest call: 1MiB",
	"find":           "values that one entity.find looks for at most: 50",
	"unknown":        "answers that leave it open whether a call was carried out, beside those that do anyway",
	"marker":         "an attribute in which each new record carries a mark",
	"types":          "the types of record, and what is declared of their attributes",
	"attributes":     "by path: primaryAddress.city is a member of an object",
	"unique":         "true: no two records share it",
	"required":       "true: a record without it is rejected",
	"case_sensitive": "true: text that differs by case alone differs",
}
