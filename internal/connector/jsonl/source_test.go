package jsonl_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"landfall/internal/connector/jsonl"
	"landfall/internal/connector/sourcetest"
	"landfall/internal/record"
	"landfall/internal/source"
)

// given answers Decode with what a mapping would hold.
type given jsonl.Settings

func (g given) Decode(into any) error {
	*into.(*jsonl.Settings) = jsonl.Settings(g)
	return nil
}

func TestSource(t *testing.T) {
	for _, packed := range []bool{false, true} {
		sourcetest.Run(t, sourcetest.Harness{
			InputOrder: true,
			Nulls:      true,
			Load: func(t *testing.T, content sourcetest.Table) (source.Driver, source.From) {
				var file bytes.Buffer
				var settings given
				for _, column := range content.Columns {
					settings.Columns = append(settings.Columns, column.Name)
				}
				for _, row := range content.Rows {
					object := map[string]any{}
					for i, value := range row {
						switch value.Kind() {
						case record.KindNull:
							object[content.Columns[i].Name] = nil
						case record.KindInt:
							object[content.Columns[i].Name] = value.Int()
						default:
							object[content.Columns[i].Name] = value.String()
						}
					}
					if err := json.NewEncoder(&file).Encode(object); err != nil {
						t.Fatal(err)
					}
				}
				path := filepath.Join(t.TempDir(), content.Name+".jsonl")
				out := file.Bytes()
				if packed {
					path += ".gz"
					var b bytes.Buffer
					w := gzip.NewWriter(&b)
					w.Write(out)
					w.Close()
					out = b.Bytes()
				}
				if err := os.WriteFile(path, out, 0o600); err != nil {
					t.Fatal(err)
				}
				return jsonl.New(), source.From{Entity: "person", File: path, Key: content.Key, Settings: settings}
			},
		})
	}
}
