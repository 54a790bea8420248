package dataload_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/cli"
	"landfall/internal/cloudemulator"
	"landfall/internal/run"
)

// The test binary is also the command, so that a real process can be killed.
const (
	asCommand = "LANDFALL_DATALOAD_COMMAND"
	killAt    = "LANDFALL_DATALOAD_KILL" // point:pass
	soak      = "LANDFALL_SOAK"
)

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(cli.MainWith(os.Args[1:], cli.Streams{Out: os.Stdout, Err: os.Stderr}, killer(os.Getenv(killAt))))
	}
	os.Exit(m.Run())
}

// killer ends the process as a crash would, when it passes a point for the n-th
// time.
func killer(where string) func(run.Point) {
	if where == "" {
		return nil
	}
	var point string
	var pass, passed int
	if _, err := fmt.Sscanf(strings.ReplaceAll(where, ":", " "), "%s %d", &point, &pass); err != nil {
		panic(err)
	}
	turn := make(chan struct{}, 1)
	return func(p run.Point) {
		if string(p) != point {
			return
		}
		turn <- struct{}{}
		passed++
		here := passed == pass
		<-turn
		if here {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal may reach another thread first
		}
	}
}

// ground is an emulated service and a folder in which commands are given.
type ground struct {
	t   *testing.T
	dir string
	emu *cloudemulator.Emulator
	url string
}

func newGround(t *testing.T, o cloudemulator.Options) *ground {
	t.Helper()
	t.Parallel()
	return newGroundIn(t, o)
}

// newGroundIn is another ground of one test.
func newGroundIn(t *testing.T, o cloudemulator.Options) *ground {
	t.Helper()
	o.Seed = t.Name()
	g := &ground{t: t, dir: t.TempDir(), emu: cloudemulator.New(o)}
	server := httptest.NewServer(g.emu)
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// write makes a file in the folder and returns its path.
func (g *ground) write(name, content string) string {
	g.t.Helper()
	path := filepath.Join(g.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		g.t.Fatal(err)
	}
	return path
}

// said is what a command printed.
type said struct{ out, err string }

// args completes a command with what makes it speak to the emulator, as fast as it
// may.
func (g *ground) args(command string, args []string) []string {
	all := []string{command, "-u", g.url, "-i", cloudemulator.DefaultClient.ID, "-s", cloudemulator.DefaultClient.Secret, "--output-dir", g.dir, "--workspace", filepath.Join(g.dir, ".landfall")}
	if !slices.Contains(args, "-r") {
		all = append(all, "-r", "0")
	}
	return append(all, args...)
}

// load gives the loader's command and holds it to an exit code.
func (g *ground) load(exit int, args ...string) said { return g.command(exit, "dataload", args...) }

// rollback gives the other one.
func (g *ground) rollback(exit int, args ...string) said {
	return g.command(exit, "dataload-rollback", args...)
}

func (g *ground) command(exit int, name string, args ...string) said {
	g.t.Helper()
	return g.landfall(exit, g.args(name, args)...)
}

func (g *ground) landfall(exit int, args ...string) said {
	g.t.Helper()
	var out, err bytes.Buffer
	code := cli.MainWith(args, cli.Streams{Out: &out, Err: &err}, nil)
	s := said{out.String(), err.String()}
	if code != exit {
		g.t.Fatalf("landfall %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, exit, s.out, s.err)
	}
	return s
}

// has wants a text among what was printed.
func (g *ground) has(s said, texts ...string) {
	g.t.Helper()
	for _, text := range texts {
		if !strings.Contains(s.out+s.err, text) {
			g.t.Errorf("%q was not said:\n%s%s", text, s.out, s.err)
		}
	}
}

// newest is the last file of a kind that was written; empty where there is none.
func (g *ground) newest(kind string) string {
	g.t.Helper()
	files, err := filepath.Glob(filepath.Join(g.dir, kind+"_[A-Z]*.csv"))
	if err != nil {
		g.t.Fatal(err)
	}
	newest, at := "", int64(0)
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			g.t.Fatal(err)
		}
		if made := info.ModTime().UnixNano(); made >= at {
			newest, at = file, made
		}
	}
	return newest
}

// rows reads the newest file of a kind, the header included.
func (g *ground) rows(kind string) [][]string {
	g.t.Helper()
	path := g.newest(kind)
	if path == "" {
		g.t.Fatalf("no file %s_…", kind)
	}
	file, err := os.Open(path)
	if err != nil {
		g.t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		g.t.Fatalf("%s: %v", path, err)
	}
	return rows
}

// column is a column of the newest file of a kind, by its name.
func (g *ground) column(kind, name string) []string {
	g.t.Helper()
	rows := g.rows(kind)
	at := slices.Index(rows[0], name)
	if at < 0 {
		g.t.Fatalf("%s has no column %s: %v", kind, name, rows[0])
	}
	cells := []string{}
	for _, row := range rows[1:] {
		cells = append(cells, row[at])
	}
	return cells
}

// same compares a column with what it must hold.
func (g *ground) same(kind, name string, want ...string) {
	g.t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, g.column(kind, name)); diff != "" {
		g.t.Errorf("%s, %s:\n%s", kind, name, diff)
	}
}

// none wants no file of a kind.
func (g *ground) none(kind string) {
	g.t.Helper()
	if path := g.newest(kind); path != "" {
		g.t.Errorf("there is %s", filepath.Base(path))
	}
}

// clear takes the files away that commands have written so far.
func (g *ground) clear() {
	g.t.Helper()
	files, err := filepath.Glob(filepath.Join(g.dir, "*_[A-Z]*.csv"))
	if err != nil {
		g.t.Fatal(err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			g.t.Fatal(err)
		}
	}
}

// live puts users into the service without a call.
func (g *ground) live(users ...map[string]any) {
	g.t.Helper()
	if err := g.emu.Import("user", users); err != nil {
		g.t.Fatal(err)
	}
}

// user is a live user by e-mail address.
func (g *ground) user(email string) map[string]any { return g.emu.Find("user", "email", email) }

// attribute is a live user's attribute, by a dotted path.
func (g *ground) attribute(email, path string) any {
	g.t.Helper()
	var at any = g.user(email)
	for part := range strings.SplitSeq(path, ".") {
		level, is := at.(map[string]any)
		if !is {
			return nil
		}
		at = level[part]
	}
	return at
}

// holds wants attributes of a live user.
func (g *ground) holds(email string, want map[string]any) {
	g.t.Helper()
	if g.user(email) == nil {
		g.t.Errorf("there is no user %s", email)
		return
	}
	for path, value := range want {
		if diff := cmp.Diff(value, g.attribute(email, path)); diff != "" {
			g.t.Errorf("%s of %s:\n%s", path, email, diff)
		}
	}
}

// calls are those of an operation so far.
func (g *ground) calls(operation string) []cloudemulator.Call {
	var found []cloudemulator.Call
	for _, call := range g.emu.Calls() {
		if call.Operation == operation {
			found = append(found, call)
		}
	}
	return found
}

// shell runs a script in which "$0" "$@" is the command with its arguments, and
// returns all that was printed.
func (g *ground) shell(script string, args ...string) string {
	g.t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", script, os.Args[0]}, args...)...)
	cmd.Dir, cmd.Env = g.dir, append(os.Environ(), asCommand+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		g.t.Fatalf("%s %s: %v\n%s", script, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// noFaults makes calls go right from now on.
func (g *ground) noFaults() {
	g.t.Helper()
	request, err := http.NewRequest(http.MethodDelete, g.url+"/emulator/faults", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	g.do(request)
}

// change updates a live user as somebody else would.
func (g *ground) change(email, attributes string) {
	g.t.Helper()
	g.post(update, "key_attribute", "email", "key_value", strconv.Quote(email), "attributes", attributes)
}

// post makes a call about a user as somebody else would.
func (g *ground) post(operation string, parameters ...string) {
	g.t.Helper()
	form := url.Values{"type_name": {"user"}}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	request, err := http.NewRequest(http.MethodPost, g.url+"/"+operation, strings.NewReader(form.Encode()))
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(cloudemulator.DefaultClient.ID, cloudemulator.DefaultClient.Secret)
	g.do(request)
}

func (g *ground) do(request *http.Request) {
	g.t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode > 299 || strings.Contains(string(body), `"stat":"error"`) {
		g.t.Fatalf("%s: %s %s %v", request.URL.Path, response.Status, body, err)
	}
}

// users is a file of so many users from a number on.
func users(from, count int) string {
	var b strings.Builder
	b.WriteString("email,givenName\n")
	for i := from; i < from+count; i++ {
		fmt.Fprintf(&b, "u%d@x.org,User %d\n", i, i)
	}
	return b.String()
}

const (
	bulkCreate = "entity.bulkCreate"
	update     = "entity.update"
	replace    = "entity.replace"
	deletes    = "entity.delete"
)
