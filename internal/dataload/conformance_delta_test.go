package dataload_test

import (
	"strings"
	"testing"

	"landfall/internal/cloudemulator"
)

// Records of a file that have one key are refused with all their lines, or the
// one that counts is the one that is asked for, however many calls are made at a
// time.
func TestT14RepeatsInOneFile(t *testing.T) {
	input := "email,givenName\nu1@x.org,first\nu2@x.org,other\nU1@x.org,second\nu1@x.org,third\n"
	t.Run("refused", func(t *testing.T) {
		g := newGround(t, cloudemulator.Options{})
		s := g.load(2, "-m", g.write("users.csv", input))
		g.has(s, "line 2", "line 4", "line 5")
		if n := len(g.calls(bulkCreate)) + len(g.calls(update)); n > 0 {
			t.Errorf("%d calls", n)
		}
	})
	for _, workers := range []string{"1", "10"} {
		for policy, want := range map[string]string{"last": "third", "first": "first"} {
			t.Run(policy+"/"+workers, func(t *testing.T) {
				g := newGround(t, cloudemulator.Options{})
				g.live(map[string]any{"email": "u1@x.org", "givenName": "live"})
				s := g.load(0, "-m", "-b", "1", "-w", workers, "--duplicates", policy, g.write("users.csv", input))
				g.has(s, "\t[1] Import success", "\t[1] Update success", "\t[2] Duplicates")
				g.holds("u1@x.org", map[string]any{"givenName": want})
				skipped := "4 5"
				if policy == "last" {
					skipped = "2 4"
				}
				g.same("skipped", "line", strings.Fields(skipped)...)
			})
		}
	}
	t.Run("without -m", func(t *testing.T) {
		g := newGround(t, cloudemulator.Options{})
		g.load(4, g.write("users.csv", input))
		g.same("success", "line", "2", "3")
		g.same("fail", "line", "4", "5")
		if text := g.column("fail", "error")[0]; !strings.HasPrefix(text, "Attempted to update a duplicate value") {
			t.Errorf("error %q", text)
		}
	})
}

// An empty cell leaves the live value, unless it is said that it erases it. A
// password of the file never writes over a live one, unless that is said.
func TestT15EmptyCellsAndPasswords(t *testing.T) {
	live := map[string]any{"email": "u1@x.org", "givenName": "A", "familyName": "B", "password": map[string]any{"type": "password-bcrypt", "value": "live-hash"}}
	input := "email,givenName,familyName,password\nu1@x.org,,changed,file-password\n"
	sent := func(g *ground) string {
		calls := g.calls(update)
		if len(calls) != 1 {
			g.t.Fatalf("%d updates", len(calls))
		}
		return calls[0].Parameters.Get("value") + calls[0].Parameters.Get("attributes")
	}
	t.Run("kept", func(t *testing.T) {
		g := newGround(t, cloudemulator.Options{})
		g.live(live)
		g.load(0, "-m", g.write("users.csv", input))
		g.holds("u1@x.org", map[string]any{"givenName": "A", "familyName": "changed"})
		if value := sent(g); strings.Contains(value, "password") || strings.Contains(value, "givenName") {
			t.Errorf("sent %s", value)
		}
	})
	t.Run("erased", func(t *testing.T) {
		g := newGround(t, cloudemulator.Options{})
		g.live(live)
		g.load(0, "-m", "--null-clears", g.write("users.csv", input))
		g.holds("u1@x.org", map[string]any{"givenName": nil, "familyName": "changed"})
	})
	t.Run("password", func(t *testing.T) {
		g := newGround(t, cloudemulator.Options{})
		g.live(live)
		g.load(0, "-m", "--overwrite-passwords", g.write("users.csv", input))
		if value := sent(g); !strings.Contains(value, "file-password") {
			t.Errorf("sent %s", value)
		}
	})
}

// A list is replaced by a call of its own and never appended to; when that call
// fails the list is as it was, the rest is written, and the next run sends what is
// missing.
func TestT16Plurals(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.live(map[string]any{"email": "u1@x.org", "givenName": "A", "clients": []any{map[string]any{"clientId": "old"}}})
	path := g.write("users.csv", "email,givenName,clients\nu1@x.org,B,\"[{\"\"clientId\"\":\"\"new\"\"},{\"\"clientId\"\":\"\"second\"\"}]\"\n")
	g.emu.AddFault(cloudemulator.Fault{Operation: replace, Call: 1, Do: cloudemulator.APIError, Code: 340})
	g.load(4, "-m", path)
	g.same("update_fail", "line", "2")
	if text := g.column("update_fail", "error")[0]; !strings.Contains(text, "clients") {
		t.Errorf("error %q", text)
	}
	g.holds("u1@x.org", map[string]any{"givenName": "B"})
	if got := g.clientIDs("u1@x.org"); got != "old" {
		t.Errorf("clients %s", got)
	}
	if g.newest("update_retry") == "" {
		t.Error("nothing to run again")
	}
	g.clear()
	g.load(0, "-m", path)
	g.same("update_success", "line", "2")
	if got := g.clientIDs("u1@x.org"); got != "new second" {
		t.Errorf("clients %s", got)
	}
	updates, replaces := g.calls(update), g.calls(replace)
	if len(updates) != 1 || len(replaces) != 2 {
		t.Errorf("%d updates and %d replaces, want 1 and 2", len(updates), len(replaces))
	}
	for _, call := range updates {
		if strings.Contains(call.Parameters.Get("value")+call.Parameters.Get("attributes"), "clients") {
			t.Error("an update carried the list")
		}
	}
	// A list that is as it must be keeps its elements, ids and all.
	before := g.attribute("u1@x.org", "clients")
	g.clear()
	s := g.load(0, "-m", path)
	g.has(s, "\t[1] Unchanged")
	if len(g.calls(replace)) != 2 || len(before.([]any)) != 2 {
		t.Error("an unchanged list was replaced")
	}
}

// clientIDs are those of a live user, in order.
func (g *ground) clientIDs(email string) string {
	list, _ := g.attribute(email, "clients").([]any)
	var ids []string
	for _, element := range list {
		id, _ := element.(map[string]any)["clientId"].(string)
		ids = append(ids, id)
	}
	return strings.Join(ids, " ")
}

// No column is needed but the key.
func TestT17DeltaNeedsNoFurtherColumns(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.live(map[string]any{"email": "u1@x.org", "givenName": "A", "clients": []any{map[string]any{"clientId": "1"}}})
	s := g.load(0, "-m", g.write("users.csv", "email,familyName\nu1@x.org,B\nu2@x.org,C\n"))
	g.has(s, "\t[1] Import success", "\t[1] Update success")
	g.holds("u1@x.org", map[string]any{"givenName": "A", "familyName": "B"})
	if got := g.clientIDs("u1@x.org"); got != "1" || len(g.calls(replace)) > 0 {
		t.Errorf("clients %s, %d replaces", got, len(g.calls(replace)))
	}
}

// A value of another unique attribute that somebody else has fails the update,
// which is told with that attribute, and the record that was found by e-mail
// address stays as it is.
func TestT18AnotherUniqueAttribute(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.live(
		map[string]any{"email": "u1@x.org", "givenName": "A", "loyalty": map[string]any{"id": "L1"}},
		map[string]any{"email": "u2@x.org", "givenName": "B", "loyalty": map[string]any{"id": "L2"}},
	)
	s := g.load(4, "-m", "--unique", "loyalty.id", g.write("users.csv", "email,givenName,loyalty.id\nu1@x.org,changed,L2\nu3@x.org,C,L1\n"))
	g.has(s, "\t[2] Update failures", "\t[0] Import success")
	g.same("update_fail", "line", "2", "3")
	for _, text := range g.column("update_fail", "error") {
		if !strings.Contains(text, "loyalty.id") {
			t.Errorf("error %q does not name the attribute", text)
		}
	}
	g.holds("u1@x.org", map[string]any{"givenName": "A", "loyalty.id": "L1"})
	g.holds("u2@x.org", map[string]any{"givenName": "B", "loyalty.id": "L2"})
	if g.user("u3@x.org") != nil {
		t.Error("u3 was created")
	}
}
