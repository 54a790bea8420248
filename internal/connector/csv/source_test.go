package csv_test

import (
	"bytes"
	stdcsv "encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"landfall/internal/connector/csv"
	"landfall/internal/connector/sourcetest"
	"landfall/internal/connector/textfile"
	"landfall/internal/source"
)

// given answers Decode with what a mapping would hold.
type given csv.Settings

func (g given) Decode(into any) error {
	to := into.(*csv.Settings)
	to.Encoding, to.Header, to.Columns = g.Encoding, g.Header, g.Columns
	return nil
}

// TestSource holds files in several forms to the suite of all sources.
func TestSource(t *testing.T) {
	for name, form := range map[string]struct {
		settings given
		packed   bool
		encode   func(*testing.T, string) []byte
	}{
		"UTF-16 by its mark": {settings: given{Header: "first"}, encode: func(t *testing.T, text string) []byte {
			out := []byte("\xff\xfe")
			for _, r := range text {
				if r > 0xFFFF {
					r -= 0x10000
					out = append(out, byte(r>>10), 0xD8|byte(r>>18), byte(r), 0xDC|byte(r>>8)&3)
					continue
				}
				out = append(out, byte(r), byte(r>>8))
			}
			return out
		}},
		"GB 18030":  {settings: given{Header: "first", Encoding: "gb18030"}, encode: encoder("gb18030")},
		"packed":    {settings: given{Header: "first"}, packed: true},
		"no header": {settings: given{Header: "none"}},
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Harness{
				InputOrder: true,
				Load: func(t *testing.T, content sourcetest.Table) (source.Driver, source.From) {
					var file bytes.Buffer
					writer := stdcsv.NewWriter(&file)
					settings := form.settings
					var header []string
					for _, column := range content.Columns {
						header = append(header, column.Name)
					}
					if settings.Header == "none" {
						settings.Columns = header
					} else if err := writer.Write(header); err != nil {
						t.Fatal(err)
					}
					for _, row := range content.Rows {
						var cells []string
						for _, value := range row {
							cells = append(cells, value.String())
						}
						if err := writer.Write(cells); err != nil {
							t.Fatal(err)
						}
					}
					writer.Flush()
					out := file.Bytes()
					if form.encode != nil {
						out = form.encode(t, file.String())
					}
					path := filepath.Join(t.TempDir(), content.Name+".csv")
					if form.packed {
						packer, err := zstd.NewWriter(nil)
						if err != nil {
							t.Fatal(err)
						}
						out = packer.EncodeAll(out, nil)
						path += ".zst"
					}
					if err := os.WriteFile(path, out, 0o600); err != nil {
						t.Fatal(err)
					}
					return csv.New(), source.From{Entity: "person", File: path, Key: content.Key, Settings: settings}
				},
			})
		})
	}
}

func encoder(name string) func(*testing.T, string) []byte {
	return func(t *testing.T, text string) []byte {
		path := filepath.Join(t.TempDir(), "empty")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := textfile.Open(t.Context(), path, name)
		if err != nil {
			t.Fatal(err)
		}
		out, err := file.Encoding.Encode(nil, text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}
