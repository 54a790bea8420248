package httpapi_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"landfall/internal/connector/caller"
	"landfall/internal/connector/httpapi"
)

// TestPage holds docs/http-api.md to the keys that are read, and opens what it
// shows.
func TestPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/http-api.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	var told func(of reflect.Type)
	told = func(of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || seen[of] {
			return
		}
		seen[of] = true
		for i := range of.NumField() {
			field := of.Field(i)
			if key := field.Tag.Get("yaml"); key != "" && key != "-" {
				if !regexp.MustCompile("\\b" + key + "\\b").Match(page) {
					t.Errorf("docs/http-api.md does not tell of the key %s", key)
				}
			}
			told(field.Type)
		}
	}
	told(reflect.TypeFor[httpapi.Description]())
	told(reflect.TypeFor[httpapi.Type]())
	told(reflect.TypeFor[httpapi.Field]())
	told(reflect.TypeFor[caller.Auth]())

	shown := regexp.MustCompile("(?s)```yaml connections\ncrm:\n(.*?)```").FindSubmatch(page)
	if shown == nil {
		t.Fatal("the page shows no connection")
	}
	var settings strings.Builder
	for line := range strings.Lines(string(shown[1])) {
		if line = strings.TrimPrefix(line, "  "); !strings.HasPrefix(line, "url:") {
			settings.WriteString(line)
		}
	}
	api, err := open(t, "https://crm.example.com/v1", settings.String(), map[string]string{"CRM_TOKEN": "x"})
	if err != nil {
		t.Fatal(err)
	}
	api.Close()
}
