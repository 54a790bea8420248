package internal_test

import (
	"bufio"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors is the table of the house: a package imports only packages of lower
// floors, so the rooms of one floor do not know each other. A pattern's * is
// one path element; the first pattern that matches counts.
var floors = [][]string{
	0:  {"internal/record", "internal/cloudemulator"},
	1:  {"internal/sqldb"},
	2:  {"internal/mapping", "internal/books"},
	3:  {"internal/source", "internal/target", "internal/dedupe", "internal/crosswalk", "internal/ledger", "internal/verdict", "internal/guard", "internal/indexwork", "internal/intent", "internal/profile"},
	4:  {"internal/proof", "internal/connector/table", "internal/connector/textfile", "internal/connector/caller", "internal/connector/sourcetest", "internal/connector/targettest"},
	5:  {"internal/connector/httpapi"},
	6:  {"internal/connector/*"},
	7:  {"internal/connector"},
	8:  {"internal/migration"},
	9:  {"internal/run"},
	10: {"internal/run/temporal", "internal/plan", "internal/rollback", "internal/reconcile", "internal/entries", "internal/report", "internal/demo"},
	11: {"internal/web", "internal/dataload"},
	12: {"internal/cli"},
	13: {"cmd/landfall"},
}

const nowhere = -1

func floorOf(room string) int {
	for floor, patterns := range floors {
		for _, pattern := range patterns {
			if match, _ := path.Match(pattern, room); match {
				return floor
			}
		}
	}
	return nowhere
}

// testOnly rooms serve tests: they may import anything, and the product none
// of them.
func testOnly(room string) bool {
	for part := range strings.SplitSeq(room, "/") {
		if strings.HasSuffix(part, "test") {
			return true
		}
	}
	return room == "internal/bench"
}

func TestPackagesImportLowerFloorsOnly(t *testing.T) {
	for _, file := range goFiles(t) {
		room := path.Dir(file)
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		floor := floorOf(room)
		if floor == nowhere && !testOnly(room) {
			t.Errorf("%s: package %s stands on no floor; place it in the table of internal/floors_test.go", file, room)
			continue
		}
		for _, imported := range imports(t, file) {
			switch below := floorOf(imported); {
			case testOnly(imported) && !testOnly(room):
				t.Errorf("%s imports %s, which is for tests alone", file, imported)
			case floor != nowhere && below != nowhere && below >= floor:
				t.Errorf("%s (floor %d) imports %s (floor %d); only lower floors may be imported", file, floor, imported, below)
			}
		}
	}
}

// A file that outgrows this holds a second concept.
const longestFile = 400

func TestFilesAreShort(t *testing.T) {
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		if lines := countLines(t, file); lines > longestFile {
			t.Errorf("%s has %d lines; look for the second concept from %d on", file, lines, longestFile)
		}
	}
}

// A file or package of such a name holds what has no home; find the noun.
var homeless = []string{
	"util", "utils", "common", "helper", "helpers", "manager", "base", "types", "models", "core", "service",
}

func TestNamesSayWhatIsInside(t *testing.T) {
	for _, file := range goFiles(t) {
		name := strings.TrimSuffix(strings.TrimSuffix(path.Base(file), ".go"), "_test")
		for _, part := range append(strings.Split(path.Dir(file), "/"), name) {
			if slices.Contains(homeless, part) && !siblingOfConnectors(file) {
				t.Errorf("%s: %q says nothing about what is inside; find the noun that is missing", file, part)
			}
		}
	}
}

// siblingOfConnectors excepts the one file that has such a name in every
// connector's folder: there, types.go holds the conversions between the outside
// system's types and ours.
func siblingOfConnectors(file string) bool {
	match, _ := path.Match("internal/connector/*/types.go", file) // the pattern is well-formed
	return match
}

// goFiles lists the module's Go files by their path from the module's root.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, tree := range []string{"internal", "cmd"} {
		err := fs.WalkDir(os.DirFS(".."), tree, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && entry.Name() == "testdata":
				return fs.SkipDir
			case !entry.IsDir() && strings.HasSuffix(name, ".go"):
				files = append(files, name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// imports lists the packages of this module that a file imports.
func imports(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", file), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var rooms []string
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if room, ours := strings.CutPrefix(imported, "landfall/"); ours {
			rooms = append(rooms, room)
		}
	}
	return rooms
}

func countLines(t *testing.T, file string) int {
	t.Helper()
	opened, err := os.Open(filepath.Join("..", file))
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	lines := 0
	scanner := bufio.NewScanner(opened)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		lines++
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
