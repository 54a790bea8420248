package demo

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"landfall/internal/record"
)

//go:embed templates/landfall.yaml
var mappingTemplate string

//go:embed templates/README.md
var readmeTemplate string

// writePapers writes what is for reading: the mapping, the schemas, the README.
func writePapers(dir string, crm *target, summary Summary) error {
	about := map[string]any{"CRM": crm, "Summary": summary, "Customer": key(customerID(0))}
	mapping, err := fill(MappingFile, mappingTemplate, about)
	if err != nil {
		return err
	}
	readme, err := fill(readmeFile, readmeTemplate, about)
	if err != nil {
		return err
	}
	for _, paper := range []struct{ name, text string }{
		{schemaFileSQLite, schemaSQLite},
		{schemaFilePostgres, schemaPostgres},
		{readmeFile, readme},
		{MappingFile, mapping},
	} {
		if err := os.WriteFile(filepath.Join(dir, paper.name), []byte(paper.text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// cell writes a Ref so that a composite key does not end its table cell.
func cell(ref record.Ref) string { return strings.ReplaceAll(ref.String(), "|", `\|`) }

// fill uses delimiters that occur neither in YAML nor in Markdown.
func fill(name, text string, about any) (string, error) {
	parsed, err := template.New(name).Delims("<%", "%>").Funcs(template.FuncMap{"cell": cell}).Parse(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = parsed.Execute(&out, about)
	return out.String(), err
}
