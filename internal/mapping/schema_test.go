package mapping_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"landfall/internal/connector"
	"landfall/internal/mapping"
)

const schemaFile = "../../docs/landfall.schema.json"

func TestSchemaIsGenerated(t *testing.T) {
	want, err := connector.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *rewrite {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(have)); diff != "" {
		t.Errorf("docs/landfall.schema.json is not what the parser reads; run this test with -rewrite:\n%s", diff)
	}
}

// TestSchemaTakesWhatParseTakes holds every mapping file of the project that
// Parse accepts against the schema.
func TestSchemaTakesWhatParseTakes(t *testing.T) {
	v := newValidator(t)
	files := mappingFiles(t)
	judged := 0
	for _, name := range slices.Sorted(mapKeys(files)) {
		if _, err := mapping.ParseBytes(name, files[name]); err != nil {
			if strings.HasPrefix(name, "../../examples") || strings.HasPrefix(name, "../demo") {
				t.Error(err)
			}
			continue
		}
		judged++
		if wrong := v.judge(t, files[name]); wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	if judged < 20 {
		t.Errorf("only %d mappings were found", judged)
	}
}

// TestSchemaRefuses is what an editor should underline.
func TestSchemaRefuses(t *testing.T) {
	v := newValidator(t)
	const entity = "from: {table: T, key: K}, to: {table: t, key: {column: id, new: identity}}"
	for text, want := range map[string]string{
		"e: {" + entity + ", fields: {a: {form: A}}}":                                                               "/entities/e/fields/a",
		"e: {" + entity + ", fields: {a: {from: A, do: trimm}}}":                                                    "/entities/e/fields/a",
		"e: {" + entity + ", fields: {a: {from: A, check: {one_of: [a]}}}}":                                         "/entities/e/fields/a",
		"e: {" + entity + ", fields: {a: A}, log: verbose}":                                                         "/entities/e/log",
		"e: {" + entity + ", fields: {a: A}, totals: [count(*)]}":                                                   "/entities/e/totals",
		"e: {" + entity + ", fields: {a: A}, totals: sum(a) of b}":                                                  "/entities/e/totals",
		"e: {" + entity + ", fields: {a: A}, fingerprint: yes please}":                                              "/entities/e/fingerprint",
		"e: {" + entity + ", fields: {a: A}, colour: red}":                                                          "/entities/e: unknown key colour",
		"e: {from: {key: K}, to: {table: t, key: {column: id, new: identity}}, fields: {a: A}}":                     "/entities/e/from",
		"e: {from: {table: T, query: Q, key: K}, to: {table: t, key: {column: id, new: identity}}, fields: {a: A}}": "/entities/e/from",
		"e: {from: {table: T, key: K}, to: {table: t, key: {column: id, new: random}}, fields: {a: A}}":             "/entities/e/to/key/new",
		"E: {" + entity + ", fields: {a: A}}":                                                                       "/entities",
	} {
		if wrong := v.judge(t, []byte(top+"  "+text+"\n")); !strings.Contains(wrong, want) {
			t.Errorf("%s: %q, want %s", text, wrong, want)
		}
	}
}

// What connections to APIs may say is checked, too, down to their requests.
func TestSchemaKnowsAPIs(t *testing.T) {
	v := newValidator(t)
	example, err := os.ReadFile("../../examples/rest-idempotent/landfall.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, slip := range [][2]string{{"answers:", "anwsers:"}, {"fold_case:", "foldcase:"}, {"idempotent: true", "idempotent: maybe"}, {"id: {type: text", "id: {type: [text]"}, {"query: {email", "qeury: {email"}} {
		text := strings.Replace(string(example), slip[0], slip[1], 1)
		if wrong := v.judge(t, []byte(text)); !strings.Contains(wrong, "/connections/crm") {
			t.Errorf("%s: %q", slip[1], wrong)
		}
	}
}

func mapKeys(files map[string][]byte) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range files {
			if !yield(name) {
				return
			}
		}
	}
}

// demoMapping fills the demo's template the way the demo does.
func demoMapping(t *testing.T, text []byte) []byte {
	t.Helper()
	var crm struct {
		CRM struct {
			URL         string
			HasPassword bool
		}
	}
	crm.CRM.URL = "sqlite:crm.db"
	var filled bytes.Buffer
	page, err := template.New("landfall.yaml").Delims("<%", "%>").Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := page.Execute(&filled, crm); err != nil {
		t.Fatal(err)
	}
	return filled.Bytes()
}

// mappingFiles finds the examples, the demo's mapping, and all that tests use.
func mappingFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, root := range []string{"../../examples", "../demo/templates", "testdata", "../cli/testdata"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			switch filepath.Ext(path) {
			case ".yaml":
				if strings.HasPrefix(path, "../demo") {
					text = demoMapping(t, text)
				}
				files[path] = text
			case ".txtar":
				for _, file := range txtar.Parse(text).Files {
					if !strings.HasSuffix(file.Name, ".want") {
						files[path+"/"+file.Name] = file.Data
					}
				}
			}
			return nil
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return files
}

// validator knows as much of JSON Schema as the mapping's schema uses.
type validator struct{ root map[string]any }

func newValidator(t *testing.T) *validator {
	t.Helper()
	text, err := connector.Schema()
	if err != nil {
		t.Fatal(err)
	}
	v := &validator{}
	if err := json.Unmarshal(text, &v.root); err != nil {
		t.Fatal(err)
	}
	return v
}

// judge says where a mapping breaks the schema; empty when it does not.
func (v *validator) judge(t *testing.T, text []byte) string {
	t.Helper()
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		return err.Error()
	}
	return v.check(v.root, value, "")
}

func (v *validator) check(s map[string]any, value any, at string) string {
	for _, key := range slices.Sorted(func(yield func(string) bool) {
		for key := range s {
			if !yield(key) {
				return
			}
		}
	}) {
		if wrong := v.keyword(s, key, value, at); wrong != "" {
			return wrong
		}
	}
	return ""
}

func (v *validator) keyword(s map[string]any, key string, value any, at string) string {
	object, isObject := value.(map[string]any)
	switch want := s[key]; key {
	case "$defs", "$schema", "title", "description":
	case "$ref":
		return v.check(v.root["$defs"].(map[string]any)[strings.TrimPrefix(want.(string), "#/$defs/")].(map[string]any), value, at)
	case "type":
		kinds, several := want.([]any)
		if !several {
			kinds = []any{want}
		}
		if !slices.ContainsFunc(kinds, func(kind any) bool { return isKind(value, kind.(string)) }) {
			return fmt.Sprintf("%s: expected %v", at, want)
		}
	case "enum":
		if !slices.ContainsFunc(want.([]any), func(one any) bool { return reflect.DeepEqual(one, plain(value)) }) {
			return fmt.Sprintf("%s: expected one of %v", at, want)
		}
	case "pattern":
		if text, ok := value.(string); ok && !regexp.MustCompile(want.(string)).MatchString(text) {
			return fmt.Sprintf("%s: expected text like %v", at, want)
		}
	case "minimum", "maximum":
		if number, ok := plain(value).(float64); ok && (key == "minimum" && number < want.(float64) || key == "maximum" && number > want.(float64)) {
			return fmt.Sprintf("%s: expected %s %v", at, key, want)
		}
	case "required":
		for _, name := range want.([]any) {
			if _, given := object[name.(string)]; isObject && !given {
				return fmt.Sprintf("%s: required key %s is missing", at, name)
			}
		}
	case "properties":
		for name, inner := range want.(map[string]any) {
			if given, ok := object[name]; ok {
				if wrong := v.check(inner.(map[string]any), given, at+"/"+name); wrong != "" {
					return wrong
				}
			}
		}
	case "additionalProperties", "propertyNames":
		return v.others(s, key, object, at)
	case "minProperties":
		if isObject && float64(len(object)) < want.(float64) {
			return at + ": too few keys"
		}
	case "minItems", "items":
		items, isList := value.([]any)
		if key == "minItems" && isList && float64(len(items)) < want.(float64) {
			return at + ": too few items"
		}
		for i, item := range items {
			if key == "items" {
				if wrong := v.check(want.(map[string]any), item, fmt.Sprintf("%s/%d", at, i)); wrong != "" {
					return wrong
				}
			}
		}
	case "anyOf", "oneOf":
		fitting := 0
		for _, choice := range want.([]any) {
			if v.check(choice.(map[string]any), value, at) == "" {
				fitting++
			}
		}
		if fitting == 0 || key == "oneOf" && fitting > 1 {
			return fmt.Sprintf("%s: fits %d of %s", at, fitting, key)
		}
	default:
		return "the test does not know the keyword " + key
	}
	return ""
}

func (v *validator) others(s map[string]any, key string, object map[string]any, at string) string {
	known, _ := s["properties"].(map[string]any)
	for name, given := range object {
		if key == "propertyNames" {
			if wrong := v.check(s[key].(map[string]any), name, at); wrong != "" {
				return wrong
			}
			continue
		}
		if _, ok := known[name]; ok {
			continue
		}
		inner, open := s[key].(map[string]any)
		if !open {
			return fmt.Sprintf("%s: unknown key %s", at, name)
		}
		if wrong := v.check(inner, given, at+"/"+name); wrong != "" {
			return wrong
		}
	}
	return ""
}

// plain gives all numbers the one kind that JSON has.
func plain(value any) any {
	switch n := reflect.ValueOf(value); {
	case value == nil:
		return nil
	case n.CanInt():
		return float64(n.Int())
	case n.CanUint():
		return float64(n.Uint())
	}
	return value
}

func isKind(value any, kind string) bool {
	switch value := plain(value).(type) {
	case nil:
		return kind == "null"
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case float64:
		return kind == "number" || kind == "integer" && value == math.Trunc(value)
	case []any:
		return kind == "array"
	case map[string]any:
		return kind == "object"
	}
	return false
}
