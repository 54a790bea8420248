package cli

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"landfall/internal/officetest"
)

// TestOfficeScripts gives each script an API of its own at $OFFICE, which it
// changes behind landfall's back: office put person 'email=a@x.org name=Ada',
// office edit person a@x.org name Ada, office drop person a@x.org, office shut,
// office open. `office sent` prints the writing calls since it was asked last,
// and `office all person` what it keeps.
func TestOfficeScripts(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join("testdata", "office", "*.txtar"))
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			t.Parallel()
			office := officetest.New()
			server := httptest.NewServer(office)
			t.Cleanup(server.Close)
			testscript.Run(t, testscript.Params{
				Files:         []string{script},
				UpdateScripts: *rewrite,
				Setup: func(env *testscript.Env) error {
					env.Setenv("OFFICE", server.URL)
					env.Setenv("OFFICE_SETTINGS", officetest.Settings)
					env.Setenv("OFFICE_TOKEN", officetest.Token)
					return nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"office":  func(ts *testscript.TestScript, _ bool, args []string) { officeDoes(ts, office, args) },
					"mapping": func(ts *testscript.TestScript, _ bool, args []string) { writeMapping(ts, server.URL, args) },
				},
			})
		})
	}
}

func officeDoes(ts *testscript.TestScript, office *officetest.Office, args []string) {
	switch strings.Join(args[:1], "") {
	case "put":
		record := map[string]any{}
		for _, cell := range strings.Fields(args[2]) {
			name, value, _ := strings.Cut(cell, "=")
			record[name] = value
		}
		office.Put(args[1], record)
	case "edit":
		office.Edit(args[1], args[2], args[3], args[4])
	case "drop":
		office.Drop(args[1], args[2])
	case "shut", "open":
		office.Shut(args[0] == "shut")
	case "sent":
		_, err := ts.Stdout().Write([]byte(strings.Join(office.Sent(), "\n") + "\n"))
		ts.Check(err)
	case "all":
		_, err := ts.Stdout().Write([]byte(strings.Join(office.All(args[1]), "\n") + "\n"))
		ts.Check(err)
	default:
		ts.Fatalf("the office does not know %q", args)
	}
}

// writeMapping puts the office's URL and settings into a mapping: mapping
// FROM [TO]; SETTINGS stands on a line of its own.
func writeMapping(ts *testscript.TestScript, url string, args []string) {
	to := "landfall.yaml"
	if len(args) > 1 {
		to = args[1]
	}
	text := strings.NewReplacer("OFFICE_URL", url, "SETTINGS\n", officetest.Settings).Replace(ts.ReadFile(args[0]))
	ts.Check(os.WriteFile(ts.MkAbs(to), []byte(text), 0o600))
}
