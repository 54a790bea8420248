package sourcetest_test

import (
	stdcsv "encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"landfall/internal/connector/csv"
	"landfall/internal/connector/sourcetest"
	"landfall/internal/source"
)

// TestCSV holds the suite itself to a source that is no database: a file has
// its own order, knows no NULL and proves nothing.
func TestCSV(t *testing.T) {
	sourcetest.Run(t, sourcetest.Harness{
		InputOrder: true,
		Load: func(t *testing.T, content sourcetest.Table) (source.Driver, source.From) {
			name := filepath.Join(t.TempDir(), content.Name+".csv")
			file, err := os.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			writer := stdcsv.NewWriter(file)
			var header []string
			for _, column := range content.Columns {
				header = append(header, column.Name)
			}
			rows := [][]string{header}
			for _, row := range content.Rows {
				var cells []string
				for _, value := range row {
					cells = append(cells, value.String())
				}
				rows = append(rows, cells)
			}
			if err := writer.WriteAll(rows); err != nil {
				t.Fatal(err)
			}
			driver := csv.New()
			t.Cleanup(func() { driver.Close(t.Context()) })
			return driver, source.From{Entity: "person", File: name, Key: content.Key}
		},
	})
}
