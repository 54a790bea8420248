package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"landfall/internal/books"
	"landfall/internal/connector/sqlite"
	"landfall/internal/mapping"
)

func readPage(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// around makes a whole mapping of the fragments that pages show.
var around = map[string]struct{ before, after string }{
	"connections": {"version: 1\nname: acme\nconnections:\n", "  here: {url: \"sqlite:x.db\"}\ntarget: here\nentities:\n" + parent},
	"entities":    {"version: 1\nname: acme\nconnections: {here: {url: \"sqlite:x.db\"}}\nsource: here\ntarget: here\nentities:\n", ""},
	"fields": {
		"version: 1\nname: acme\nconnections: {here: {url: \"sqlite:x.db\"}}\ntarget: here\nentities:\n" + parent +
			"  thing:\n    from: {file: x.csv, key: ID}\n    to: {table: t, key: {column: id, new: identity}}\n    fields:\n", "",
	},
}

const parent = "  customer: {from: {file: x.csv, key: ID}, to: {table: c, key: {column: id, new: identity}}, fields: {name: Name}}\n"

var fragment = regexp.MustCompile("(?ms)^```yaml ([a-z]+|landfall\\.yaml)\n(.*?)^```$")

func TestMappingsThatPagesShowAreRead(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, path := range pages(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range fragment.FindAllStringSubmatch(string(text), -1) {
			seen++
			whole := found[2]
			if frame, ok := around[found[1]]; ok {
				indent := "  "
				if found[1] == "fields" {
					indent = "      "
				}
				whole = frame.before + indent + strings.ReplaceAll(strings.TrimSpace(whole), "\n", "\n"+indent) + "\n" + frame.after
			}
			if _, err := mapping.ParseBytes("shown.yaml", []byte(whole)); err != nil {
				t.Errorf("%s shows\n%s\nwhich is refused: %v", filepath.Base(path), whole, err)
			}
		}
	}
	if seen < 8 {
		t.Errorf("%d mappings found in pages", seen)
	}
}

func TestCodesPageNamesEveryCode(t *testing.T) {
	t.Parallel()
	page := readPage(t, "docs", "codes.md")
	codes := regexp.MustCompile(`Code = "([a-z-]+)"`).FindAllStringSubmatch(readPage(t, "internal", "record", "code.go"), -1)
	if len(codes) < 20 {
		t.Fatalf("%d codes", len(codes))
	}
	for _, code := range codes {
		if !strings.Contains(page, "| `"+code[1]+"` |") {
			t.Errorf("docs/codes.md does not tell of %s", code[1])
		}
	}
}

func TestBooksPageNamesEveryTableAndColumn(t *testing.T) {
	t.Parallel()
	page := readPage(t, "docs", "books.md")
	statements, err := books.DDL(sqlite.Dialect)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if !strings.HasPrefix(statement, "CREATE TABLE") {
			continue
		}
		for _, name := range regexp.MustCompile(`(?m)"([a-z_]+)"`).FindAllStringSubmatch(statement, -1) {
			if shown := strings.TrimPrefix(name[1], "landfall_"); !strings.Contains(page, "`"+shown+"`") {
				t.Errorf("docs/books.md does not tell of %s in %s", shown, statement)
			}
		}
	}
}

// Every command and flag is told of in some page.
func TestPagesNameEveryCommand(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, path := range pages(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	f := &front{}
	for _, command := range f.root().Commands() {
		if name := command.Name(); name != "help" && name != "completion" && !strings.Contains(all.String(), "landfall "+name) {
			t.Errorf("no page shows landfall %s", name)
		}
	}
}

func TestLinksOfPagesLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	for _, path := range append(pages(t), filepath.Join("..", "..", "ARCHITECTURE.md"), filepath.Join("..", "..", "CONTRIBUTING.md")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), filepath.FromSlash(found[1]))); err != nil {
				t.Errorf("%s links to %s, which is not there", filepath.Base(path), found[1])
			}
		}
	}
}

// TestPagesCallProgramsThatThereAre: scripts of tests know SQLite's program by a
// short name, too, which no reader has.
func TestPagesCallProgramsThatThereAre(t *testing.T) {
	t.Parallel()
	short := regexp.MustCompile(`(?m)^(\$ )?sqlite |[|;&] *sqlite `)
	for _, path := range pages(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if found := short.Find(text); found != nil {
			t.Errorf("%s calls %q: the program is sqlite3", filepath.Base(path), found)
		}
	}
}
