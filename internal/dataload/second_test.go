package dataload_test

import (
	"strconv"
	"strings"
	"testing"

	"landfall/internal/cloudemulator"
)

// remove deletes a live user as somebody else would.
func (g *ground) remove(email string) {
	g.t.Helper()
	g.post(deletes, "uuid", g.attribute(email, "uuid").(string))
}

// A file that is loaded again without -m: users who are there are left alone,
// those who are gone are created again, and rows that have changed are refused as
// the service would.
func TestLoadedAgain(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.load(0, g.write("users.csv", users(1, 4)))
	g.remove("u1@x.org")
	g.change("u3@x.org", `{"givenName":"by hand"}`)
	g.clear()
	before := len(g.calls(update))
	s := g.load(4, g.write("users.csv", strings.Replace(users(1, 4), "User 2", "Changed", 1)))
	g.has(s, "\t[1] Import success", "\t[1] Import failures", "\t[2] Unchanged")
	g.same("success", "email", "u1@x.org")
	g.same("fail", "email", "u2@x.org")
	g.same("skipped", "email", "u3@x.org", "u4@x.org")
	if text := g.column("fail", "error")[0]; !strings.HasPrefix(text, "Attempted to update a duplicate value") {
		t.Errorf("error %q", text)
	}
	if g.emu.Count("user") != 4 || len(g.calls(update)) > before {
		t.Errorf("%d users, %d updates", g.emu.Count("user"), len(g.calls(update))-before)
	}
	g.holds("u2@x.org", map[string]any{"givenName": "User 2"})
}

// A service that was emptied since is loaded anew.
func TestLoadedAgainIntoAnEmptyService(t *testing.T) {
	for _, delta := range []bool{false, true} {
		g := newGroundIn(t, cloudemulator.Options{})
		args := []string{g.write("users.csv", users(1, 250))}
		if delta {
			args = append(args, "-m")
		}
		g.load(0, args...)
		for i := range 250 {
			g.remove("u" + strconv.Itoa(i+1) + "@x.org")
		}
		s := g.load(0, args...)
		g.has(s, "\t[250] Import success", "\t[250] Total number of records")
	}
}

// A delta looks at users who are in the file as they were before: those who are
// gone are created again, and those whom somebody has changed are told, or kept,
// or written over.
func TestDeltaLooksAtWhatIsThere(t *testing.T) {
	for edited, want := range map[string]struct {
		exit  int
		words []string
		name  string
	}{
		"":          {4, []string{"\t[1] Update failures", "\t[1] Import success", "\t[1] Unchanged"}, "by hand"},
		"keep":      {0, []string{"\t[0] Update failures", "\t[1] Import success", "\t[2] Unchanged"}, "by hand"},
		"overwrite": {0, []string{"\t[1] Update success", "\t[1] Import success", "\t[1] Unchanged"}, "User 1"},
	} {
		t.Run("edited="+edited, func(t *testing.T) {
			g := newGround(t, cloudemulator.Options{})
			path := g.write("users.csv", users(1, 3))
			g.load(0, "-m", path)
			g.change("u1@x.org", `{"givenName":"by hand"}`)
			g.remove("u2@x.org")
			g.live(map[string]any{"email": "other@x.org"})
			g.clear()
			args := []string{"-m", path}
			if edited != "" {
				args = append(args, "--edited", edited)
			}
			s := g.load(want.exit, args...)
			g.has(s, want.words...)
			g.same("success", "email", "u2@x.org")
			g.holds("u1@x.org", map[string]any{"givenName": want.name})
			if edited == "" {
				text := g.column("update_fail", "error")[0]
				if !strings.Contains(text, "changed since") || !strings.Contains(text, "--edited") || strings.Contains(text, "`") {
					t.Errorf("error %q", text)
				}
			}
		})
	}
}

// A user who registered anew since, under another uuid, is found by the key.
func TestDeltaFindsUsersWhoCameBack(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	path := g.write("users.csv", users(1, 1))
	g.load(0, "-m", path)
	g.remove("u1@x.org")
	g.live(map[string]any{"email": "u1@x.org", "givenName": "other"})
	uuid := g.attribute("u1@x.org", "uuid")
	g.clear()
	g.load(0, "-m", path)
	g.same("update_success", "email", "u1@x.org")
	g.holds("u1@x.org", map[string]any{"givenName": "User 1", "uuid": uuid})
}

// A password that alone differs is written where it is said that passwords are.
func TestPasswordsAloneAreWritten(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.live(map[string]any{"email": "u1@x.org", "givenName": "A"})
	sent := func(password string) int {
		n := 0
		for _, call := range g.calls(update) {
			if strings.Contains(call.Parameters.Get("value"), password) {
				n++
			}
		}
		return n
	}
	for _, password := range []string{"first-password", "second-password"} {
		s := g.load(0, "-m", "--overwrite-passwords", g.write("users.csv", "email,givenName,password\nu1@x.org,A,"+password+"\n"))
		g.has(s, "\t[1] Update success")
		if sent(password) != 1 {
			t.Errorf("%s was not sent", password)
		}
	}
	s := g.load(0, "-m", g.write("users.csv", "email,givenName,password\nu1@x.org,A,third-password\n"))
	g.has(s, "\t[1] Unchanged")
	if sent("third-password") > 0 {
		t.Error("a password was sent")
	}
}

// A row without a password does not have its user written.
func TestNoPasswordIsNoUpdate(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	path := g.write("users.csv", "email,givenName,password\nu1@x.org,A,\n")
	g.load(0, "-m", "--overwrite-passwords", path)
	s := g.load(0, "-m", "--overwrite-passwords", path)
	g.has(s, "\t[1] Unchanged")
}

// An attribute email is taken for unique where it is the key, or said to be;
// otherwise the service judges by its schema.
func TestEmailsOfAnotherKeyMayRepeat(t *testing.T) {
	g := newGround(t, cloudemulator.Options{Types: []cloudemulator.Type{{Name: "member", Attributes: []cloudemulator.Attribute{
		{Name: "email", Kind: cloudemulator.String},
		{Name: "loyalty", Kind: cloudemulator.Object, Attributes: []cloudemulator.Attribute{{Name: "id", Kind: cloudemulator.String, Unique: true}}},
	}}}})
	path := g.write("users.csv", "loyalty.id,email\nL1,family@x.org\nL2,family@x.org\n")
	s := g.load(0, "-t", "member", "-p", "loyalty.id", path)
	g.has(s, "\t[2] Import success")
	s = g.load(0, "-m", "-t", "member", "-p", "loyalty.id", path)
	g.has(s, "\t[2] Unchanged")
	s = g.load(2, "-m", "-t", "member", "-p", "loyalty.id", "--unique", "email", g.write("more.csv", "loyalty.id,email\nL3,a@x.org\nL4,a@x.org\n"))
	g.has(s, "--duplicates first")
	if strings.Contains(s.err, "`repeats") {
		t.Errorf("said %s", s.err)
	}
}

// Nothing that is said names a key of the mapping, which nobody can set here.
func TestWrongCredentialsInPlainWords(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	s := g.landfall(3, "dataload", "-u", g.url, "-i", "emulated", "-s", "wrong", "--output-dir", g.dir, "--workspace", g.dir, g.write("users.csv", users(1, 1)))
	g.has(s, "check the credentials")
	if strings.Contains(s.err, "`") {
		t.Errorf("said %s", s.err)
	}
}
