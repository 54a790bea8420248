package dataload_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"landfall/internal/cloudemulator"
	"landfall/internal/run"
)

// process gives a command as a process of its own, and returns how it ended and
// the most memory that it had, in bytes.
func (g *ground) process(kill string, args ...string) (code int, memory int64, s said) {
	g.t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), asCommand+"=1", killAt+"="+kill)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	failed := cmd.Run()
	if ended := (*exec.ExitError)(nil); failed != nil && !errors.As(failed, &ended) {
		g.t.Fatal(failed)
	}
	if usage, is := cmd.ProcessState.SysUsage().(*syscall.Rusage); is {
		memory = usage.Maxrss << 10
	}
	return cmd.ProcessState.ExitCode(), memory, said{out.String(), err.String()}
}

// A process that is killed at any point, and is given the same command again,
// loses no record and doubles none; what is there in the end is the whole input.
func TestT08KilledAnywhere(t *testing.T) {
	points := []string{
		string(run.PointStarted) + ":1", string(run.PointIntended) + ":1", string(run.PointIntended) + ":3", string(run.PointCalling) + ":1",
		string(run.PointCalled) + ":1", string(run.PointCalled) + ":4", string(run.PointLedger) + ":2", string(run.PointCommitted) + ":2",
		string(run.PointEntityEnd) + ":1", string(run.PointRunEnd) + ":1", string(run.PointArtefacts) + ":1",
	}
	for _, point := range points {
		for _, delta := range []bool{false, true} {
			t.Run(fmt.Sprint(strings.ReplaceAll(point, ":", "-"), "/delta=", delta), func(t *testing.T) {
				g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{Operation: bulkCreate, Key: "u12@x.org", Call: 1, Do: cloudemulator.ResetAfter, Apply: 2}}})
				args := []string{"-b", "5", "-w", "3"}
				live := 0
				if delta {
					args = append(args, "-m")
					for i := 3; i <= 30; i += 6 {
						g.live(map[string]any{"email": fmt.Sprintf("u%d@x.org", i), "givenName": "live"})
						live++
					}
				}
				args = g.args("dataload", append(args, g.write("users.csv", users(1, 30))))
				if code, _, s := g.process(point, args...); code != -1 {
					t.Fatalf("it was not killed: exit code %d\n%s%s", code, s.out, s.err)
				}
				code, _, s := g.process("", args...)
				if code != 0 {
					t.Fatalf("exit code %d\n%s%s", code, s.out, s.err)
				}
				if g.emu.Count("user") != 30 {
					t.Errorf("%d users, want 30", g.emu.Count("user"))
				}
				g.has(s, "\t[30] Total processed users", fmt.Sprintf("\t[%d] Import success", 30-live))
				if got := len(g.column("success", "line")); got != 30-live {
					t.Errorf("%d successes in the file", got)
				}
				if delta {
					g.has(s, fmt.Sprintf("\t[%d] Update success", live))
				}
				for i := 1; i <= 30; i++ {
					g.holds(fmt.Sprintf("u%d@x.org", i), map[string]any{"givenName": fmt.Sprintf("User %d", i)})
				}
				g.none("retry")
			})
		}
	}
}

// Loading goes on at a record that is named, also at the edge of a batch, and the
// records behind it keep their numbers.
func TestT08StartAt(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	path := g.write("users.csv", users(1, 12))
	g.load(0, "-b", "5", "-a", "6", path)
	g.same("success", "line", "7", "8", "9", "10", "11", "12", "13")
	for _, call := range g.calls(bulkCreate) {
		if call.Records == 0 {
			t.Error("an empty batch was sent")
		}
	}
	g.clear()
	s := g.load(0, "-a", "13", path)
	g.has(s, "\t[0] Total processed users")
}

// Two commands at once do not load one type of one API, and one that asks for
// another file while the first is unfinished is refused.
func TestT08OneAtATime(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	first := g.write("users.csv", users(1, 10))
	if code, _, _ := g.process(string(run.PointIntended)+":1", g.args("dataload", []string{"-b", "5", first})...); code != -1 {
		t.Fatal("it was not killed")
	}
	other := g.write("other.csv", users(20, 3))
	s := g.load(2, "-b", "5", other)
	g.has(s, "is not finished", "--fresh")
	if g.user("u20@x.org") != nil {
		t.Error("the other file was loaded")
	}
	g.load(0, "-b", "5", "--fresh", other)
	g.load(0, "-b", "5", first)
	if g.emu.Count("user") != 13 {
		t.Errorf("%d users", g.emu.Count("user"))
	}
}

// No more calls are made in any second than the rate allows and its burst of one,
// with look-ups, creates and updates counted together, however many workers
// there are.
func TestT19Rate(t *testing.T) { testRate(t, 10*time.Second) }

// The same for a minute.
func TestT19RateSoak(t *testing.T) {
	if os.Getenv(soak) == "" {
		t.Skip("set " + soak + " for the minute's one")
	}
	testRate(t, time.Minute)
}

func testRate(t *testing.T, long time.Duration) {
	const rate = 4
	g := newGround(t, cloudemulator.Options{})
	count := int(long.Seconds()*rate) * 2 / 3
	for i := 1; i <= count; i += 2 {
		g.live(map[string]any{"email": fmt.Sprintf("u%d@x.org", i), "givenName": "live"})
	}
	// Half of the records are updates of a call each; of the others every two
	// share one.
	g.load(0, "-m", "-r", fmt.Sprint(rate), "-w", "10", "-b", "4", g.write("users.csv", users(1, count)))
	calls := g.emu.Calls()
	seen := map[string]int{}
	for i := range calls {
		seen[calls[i].Operation]++
		within := 0
		for j := range calls {
			if since := calls[j].Started.Sub(calls[i].Started); since >= 0 && since < time.Second {
				within++
			}
		}
		if within > rate+1 {
			t.Errorf("%d calls within the second after call %d", within, calls[i].Number)
		}
	}
	if seen[update] < count/2 || seen[bulkCreate] == 0 {
		t.Errorf("calls: %v", seen)
	}
	first, last := calls[0].Started, calls[0].Started
	for _, call := range calls {
		if call.Started.Before(first) {
			first = call.Started
		}
		if call.Started.After(last) {
			last = call.Started
		}
	}
	// A tenth of the rate would take ten times as long; a slow machine does not.
	if took, wanted := last.Sub(first), time.Duration(float64(len(calls)-1)/rate*float64(time.Second)); took < long*8/10 || took > 3*wanted {
		t.Errorf("%d calls within %s, at %d a second", len(calls), took, rate)
	}
}

// Memory does not grow with the number of records that are there already.
func TestT24Memory(t *testing.T) { testMemory(t, 50_000) }

// The same for a million.
func TestT24MemorySoak(t *testing.T) {
	if os.Getenv(soak) == "" {
		t.Skip("set " + soak + " for a million of them")
	}
	testMemory(t, 1_000_000)
}

func testMemory(t *testing.T, count int) {
	const bound = 200 << 20
	g := newGround(t, cloudemulator.Options{KeepCalls: 1000})
	var live []map[string]any
	for i := 1; i <= count; i++ {
		name := fmt.Sprintf("User %d", i)
		if i%20 == 0 {
			name = "live"
		}
		live = append(live, map[string]any{"email": fmt.Sprintf("u%d@x.org", i), "givenName": name})
		if len(live) == 10_000 || i == count {
			g.live(live...)
			live = live[:0]
		}
	}
	code, memory, s := g.process("", g.args("dataload", []string{"-m", "-b", "500", g.write("users.csv", users(1, count))})...)
	if code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, s.out, s.err)
	}
	g.has(s, fmt.Sprintf("\t[%d] Update success", count/20), fmt.Sprintf("\t[%d] Unchanged", count-count/20))
	t.Logf("%d duplicates: %d MB", count, memory>>20)
	if memory > bound {
		t.Errorf("the process had %d MB, want at most %d", memory>>20, bound>>20)
	}
}

// No log, no message and none of the files that tell of records holds a password,
// a hash or a secret, whatever goes wrong.
func TestT25NothingSecretIsTold(t *testing.T) {
	g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{
		{Operation: bulkCreate, Key: "u2@x.org", Call: 1, Do: cloudemulator.ResetAfter},
		{Operation: bulkCreate, Key: "u3@x.org", Call: 1, Do: cloudemulator.APIError, Code: 340},
	}})
	g.live(map[string]any{"email": "u1@x.org"}, map[string]any{"email": "u2@x.org", "givenName": "other"})
	input := "email,password,clients\n" +
		"u1@x.org,plain-secret-one,\n" +
		"u2@x.org,\"{\"\"type\"\":\"\"password-bcrypt\"\",\"\"value\"\":\"\"$2a$hash-secret-two\"\"}\",\n" +
		"u3@x.org,plain-secret-three,\n" +
		"u4@x.org,plain-secret-four,{broken-secret\n"
	path := g.write("users.csv", input)
	all := ""
	for _, args := range [][]string{{"-b", "1"}, {"-m", "-b", "1", "--overwrite-passwords"}, {"-x"}} {
		cmd := exec.Command(os.Args[0], g.args("dataload", append(args, path))...)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		out, _ := cmd.CombinedOutput() // records fail, and so does the command
		all += string(out)
	}
	files, err := filepath.Glob(filepath.Join(g.dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if base := filepath.Base(file); base == "users.csv" || strings.HasPrefix(base, "retry_") || strings.HasPrefix(base, "update_retry_") {
			continue // the input itself, to be loaded again
		}
		text, err := os.ReadFile(file)
		if err == nil {
			all += string(text)
		}
	}
	mappings, err := filepath.Glob(filepath.Join(g.dir, ".landfall", "*", "*.yaml"))
	if err != nil || len(mappings) == 0 {
		t.Fatalf("mappings: %v, %v", mappings, err)
	}
	for _, file := range mappings {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all += string(text)
	}
	if !strings.Contains(all, "line 5") {
		t.Error("the broken row is told of nowhere")
	}
	for _, secret := range []string{"plain-secret", "hash-secret", "broken-secret", cloudemulator.DefaultClient.Secret} {
		if at := strings.Index(all, secret); at >= 0 {
			t.Errorf("%q is told: …%s…", secret, all[max(0, at-200):at+20])
		}
	}
}
