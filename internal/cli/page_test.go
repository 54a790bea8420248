package cli

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"landfall/examples/positional-bulk/server/members"
	"landfall/examples/rest-idempotent/server/contacts"
	"landfall/internal/servertest"
)

var rewrite = flag.Bool("rewrite", false, "put what commands really print into pages and scripts")

// pages are the documents whose commands are run, each in a folder of its own:
//
//	```console            commands behind "$ ", and what they print
//	```console postgres   likewise, with the URL of an empty database in $PG
//	```yaml landfall.yaml a file that stands in the folder from here on
//	```sh setup           a script that is run, and prints nothing
//
// "…" stands for any text, and alone on a line for any number of lines; times
// are not compared.
func pages(t *testing.T) []string {
	found := []string{filepath.Join("..", "..", "README.md")}
	for _, pattern := range []string{"docs/*.md", "examples/*/README.md"} {
		more, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, more...)
	}
	return found
}

func TestPagesShowWhatCommandsPrint(t *testing.T) {
	for _, path := range pages(t) {
		name := filepath.Base(path)
		if name == "README.md" {
			name = filepath.Base(filepath.Dir(path)) + "-" + name
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p := &page{dir: t.TempDir(), lines: strings.Split(string(text), "\n")}
			p.prepare(t, filepath.Dir(path))
			p.run(t)
			if *rewrite && !t.Failed() {
				if err := os.WriteFile(path, []byte(strings.Join(p.out, "\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

type page struct {
	dir   string
	env   []string
	lines []string
	out   []string // the page with what was really printed
}

// prepare copies the files of an example beside its README.
func (p *page) prepare(t *testing.T, from string) {
	p.env = append(os.Environ(), "LANG=C")
	if filepath.Base(filepath.Dir(from)) != "examples" {
		return
	}
	if err := os.CopyFS(p.dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if serve := exampleAPIs[filepath.Base(from)]; serve != nil {
		handler, env := serve()
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		for _, entry := range env {
			p.env = append(p.env, strings.ReplaceAll(entry, "URL/", server.URL+"/"))
		}
	}
}

// exampleAPIs are the servers of examples, which their pages start by hand, and
// what is in the environment then.
var exampleAPIs = map[string]func() (handler http.Handler, env []string){
	"positional-bulk": func() (http.Handler, []string) {
		return members.New(&members.Options{Client: "example", Secret: "not-a-secret"}), []string{"LOYALTY_URL=URL/api", "LOYALTY_SECRET=not-a-secret"}
	},
	"rest-idempotent": func() (http.Handler, []string) {
		return contacts.New(&contacts.Options{Token: "not-a-secret"}), []string{"CRM_URL=URL/v1", "CRM_TOKEN=not-a-secret"}
	},
}

func (p *page) run(t *testing.T) {
	for at := 0; at < len(p.lines); at++ {
		p.out = append(p.out, p.lines[at])
		info, fenced := strings.CutPrefix(p.lines[at], "```")
		if !fenced {
			continue
		}
		end := at + 1
		for end < len(p.lines) && p.lines[end] != "```" {
			end++
		}
		body := p.lines[at+1 : end]
		kind, argument, _ := strings.Cut(info, " ")
		switch {
		case kind == "console":
			body = p.console(t, at+2, body, argument == "postgres")
		case kind == "sh" && argument == "setup":
			if printed, err := p.shell(strings.Join(body, "\n")); err != nil || printed != "" {
				t.Fatalf("line %d: %v\n%s", at+1, err, printed)
			}
		case argument != "" && strings.Contains(argument, "."):
			if err := os.WriteFile(filepath.Join(p.dir, argument), []byte(strings.Join(body, "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		p.out = append(append(p.out, body...), p.lines[end:min(end+1, len(p.lines))]...)
		at = end
	}
}

// console runs the commands of a block and returns it with what they printed.
func (p *page) console(t *testing.T, first int, body []string, postgres bool) (real []string) {
	if postgres && !p.database(t) {
		return body
	}
	for at := 0; at < len(body); {
		command, ok := strings.CutPrefix(body[at], "$ ")
		if !ok {
			t.Fatalf("line %d: expected a command behind \"$ \"", first+at)
		}
		real = append(real, body[at])
		line := first + at
		for at++; strings.HasSuffix(command, "\\"); at++ {
			command += "\n" + body[at]
			real = append(real, body[at])
		}
		start := at
		for at < len(body) && !strings.HasPrefix(body[at], "$ ") {
			at++
		}
		want := body[start:at]
		if directory, ok := strings.CutPrefix(command, "cd "); ok {
			p.dir = filepath.Join(p.dir, directory)
			continue
		}
		printed, _ := p.shell(command) // pages show commands that fail, too
		got := []string{}
		if printed != "" {
			got = strings.Split(strings.TrimSuffix(printed, "\n"), "\n")
		}
		if matches(want, got) {
			real = append(real, want...)
			continue
		}
		real = append(real, got...)
		if !*rewrite {
			t.Errorf("line %d: %s prints\n%s\nand the page says\n%s", line, command, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	return real
}

// database gives the page an empty database, where there is a server.
func (p *page) database(t *testing.T) bool {
	if os.Getenv(servertest.PostgresVariable) == "" {
		return false
	}
	for _, entry := range p.env {
		if strings.HasPrefix(entry, "PG=") {
			return true
		}
	}
	p.env = append(p.env, "PG="+servertest.Database(t))
	return true
}

func (p *page) shell(command string) (string, error) {
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = p.dir, p.env
	out, err := cmd.CombinedOutput()
	return strings.ReplaceAll(string(out), p.dir, "…"), err
}

var instant = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)

// matches holds printed lines against those of a page.
func matches(want, got []string) bool {
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for _, line := range want {
		if line == "…" {
			pattern.WriteString(`(?:[^\n]*\n)*?`)
			continue
		}
		line = instant.ReplaceAllString(line, "<time>")
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(strings.TrimRight(line, " ")), "…", `[^\n]*`) + "\n")
	}
	pattern.WriteString(`\z`)
	var text strings.Builder
	for _, line := range got {
		fmt.Fprintln(&text, strings.TrimRight(instant.ReplaceAllString(line, "<time>"), " "))
	}
	return regexp.MustCompile(pattern.String()).MatchString(text.String())
}

func TestMatchesIsLooseOnlyWhereAPageSaysSo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"a\nb", "a\nb", true},
		{"a\nb", "a\nb\nc", false},
		{"a\n…\nc", "a\nb\nb\nc", true},
		{"a\n…", "a", true},
		{"run … of (x)", "run 7 of (x)", true},
		{"run … of (x)", "run 7 of y", false},
		{"at 2026-11-20T10:00:00Z", "at 2031-01-01T00:00:00.123Z", true},
	} {
		if got := matches(strings.Split(c.want, "\n"), strings.Split(c.got, "\n")); got != c.ok {
			t.Errorf("%q against %q: %v", c.got, c.want, got)
		}
	}
}
