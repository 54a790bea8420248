package dataload_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/cloudemulator"
)

// The composed mapping serves the other commands, which know nothing of files of
// the vendor's loader.
func TestOtherCommandsSeeWhatWasLoaded(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.load(0, g.write("users.csv", users(1, 3)))
	found, err := filepath.Glob(filepath.Join(g.dir, ".landfall", "*", "dataload-user.yaml"))
	if err != nil || len(found) != 1 {
		t.Fatalf("mappings: %v, %v", found, err)
	}
	cmd := func(args ...string) string {
		script := "CAPTURE_CLIENT_ID=" + cloudemulator.DefaultClient.ID + " CAPTURE_CLIENT_SECRET=" + cloudemulator.DefaultClient.Secret
		return g.shell(script+" \"$0\" \"$@\"", append(args, "-f", found[0])...)
	}
	if out := cmd("status"); !strings.Contains(out, "dataload-user-0001") {
		t.Errorf("status:\n%s", out)
	}
	if out := cmd("explain", "user:u2@x.org"); !strings.Contains(out, "created") || !strings.Contains(out, "line 3") {
		t.Errorf("explain:\n%s", out)
	}
}

// Credentials that are wrong end a run after a few refusals, in words without the
// secret, and nothing counts as failed.
func TestWrongCredentials(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	s := g.landfall(3, "dataload", "-u", g.url, "-i", "emulated", "-s", "wrong-secret", "-r", "0", "--output-dir", g.dir, "--workspace", filepath.Join(g.dir, ".landfall"), g.write("users.csv", users(1, 1000)))
	if strings.Contains(s.out+s.err, "wrong-secret") {
		t.Errorf("the secret was shown:\n%s%s", s.out, s.err)
	}
	if n := len(g.emu.Calls()); n > 20 {
		t.Errorf("%d calls with wrong credentials", n)
	}
	// Once they are right the same command goes on.
	g.load(0, filepath.Join(g.dir, "users.csv"))
	if g.emu.Count("user") != 1000 {
		t.Errorf("%d users", g.emu.Count("user"))
	}
}

// Codes and statuses that are known to leave it open what became of a call can be
// named: records are looked up then instead of being refused.
func TestRetryListsOfOnesOwn(t *testing.T) {
	fault := cloudemulator.Fault{Operation: bulkCreate, Call: 1, Do: cloudemulator.APIError, Code: 340, Apply: cloudemulator.ApplyAll}
	t.Run("without", func(t *testing.T) {
		g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{fault}})
		g.load(4, "-b", "1", g.write("users.csv", users(1, 1)))
	})
	t.Run("flag", func(t *testing.T) {
		g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{fault}})
		s := g.load(0, "--retry-codes", "340,345", g.write("users.csv", users(1, 3)))
		g.has(s, "\t[3] success (verified)")
	})
	t.Run("configuration", func(t *testing.T) {
		g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{fault}})
		config := g.write("config.yaml", "clients: {own: {client_id: emulated, client_secret: emulated-secret, apid_uri: \""+g.url+"\", retry_codes: [340]}}\n")
		out := g.shell("JANRAIN_CONFIG="+config+" \"$0\" \"$@\"", "dataload", "-k", "clients.own", "-i", "other", "-s", "other", "-r", "0", "--output-dir", g.dir, "--workspace", filepath.Join(g.dir, ".landfall"), g.write("users.csv", users(1, 3)))
		if !strings.Contains(out, "[3] success (verified)") {
			t.Errorf("said\n%s", out)
		}
	})
}

// What somebody asks for in words that are off is refused before anything is
// sent.
func TestUsage(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	path := g.write("users.csv", users(1, 1))
	for _, args := range [][]string{
		{"-b", "0", path},
		{"-a", "0", path},
		{"-w", "0", path},
		{"-o", "0", path},
		{"-r", "-1", path},
		{"-b", "x", path},
		{"--duplicates", "second", path},
		{"-p", "mail", path},
		{"--unique", "loyalty.id", path},
		{"--marker", "givenName", path},
		{"--retry-statuses", "5", path},
		{path, path},
		{},
		{"--patience", "-1s", path},
		{filepath.Join(g.dir, "none.csv")},
		{"-f", "x.yaml", path},
	} {
		g.load(2, args...)
	}
	if calls := g.emu.Calls(); len(calls) > 0 {
		t.Errorf("%d calls", len(calls))
	}
	if _, err := os.Stat(filepath.Join(g.dir, "success.csv")); err == nil {
		t.Error("files were written")
	}
	g.none("success")
}
