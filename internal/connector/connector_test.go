package connector_test

import (
	"testing"

	"landfall/internal/connector"
)

func TestFileDriver(t *testing.T) {
	for name, want := range map[string]string{
		"a.csv": "CSV files", "a.CSV.gz": "CSV files", "a-*.txt": "CSV files", "a": "CSV files", ".gz": "CSV files", "a.json/b": "CSV files",
		"a.jsonl": "JSON lines files", "a.NDJSON": "JSON lines files", "a-*.jsonl.zst": "JSON lines files", "a.jsonl.GZ": "JSON lines files",
	} {
		if got := connector.FileDriver(name).Identity(); got != want {
			t.Errorf("%s is read as %s", name, got)
		}
	}
}
