package dataload_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/cloudemulator"
)

// Behind a cell with line breaks both numbers are right: that of the record, and
// that of the line in an editor.
func TestT09RecordsAndPhysicalLines(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.load(4, "--physical-lines", g.write("users.csv", "email,aboutMe\na@x.org,\"one\ntwo\nthree\"\nb@x.org,x\n,y\n"))
	g.same("success", "line", "2", "3")
	g.same("success", "physical_line", "2", "5")
	g.same("fail", "line", "4")
	g.same("fail", "physical_line", "6")
	if rows := g.rows("fail"); !strings.Contains(rows[1][3], "line 6 (record 3)") {
		t.Errorf("error %q", rows[1][3])
	}
	g.logs("line 4 (physical line 6)")
}

// A byte that is no text refuses the file before anything is sent, and is named
// by the editor's line and by its place.
func TestT10BadBytes(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	text := []byte(users(1, 1600))
	lines := bytes.SplitAfter(text, []byte("\n"))
	at := len(bytes.Join(lines[:1500], nil)) + 3
	text[at] = 0xE9
	s := g.load(2, g.write("users.csv", string(text)))
	g.has(s, "line 1501", fmt.Sprintf("byte %d", at), "Nothing was sent")
	if calls := g.emu.Calls(); len(calls) > 0 {
		t.Errorf("%d calls were made", len(calls))
	}
	g.none("success")
}

// A file with a byte order mark, quotes and line ends of its own comes back as it
// was, but for the mark, and is taken again.
func TestT11RetryFilesAreTheInput(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	input := "\"email\",\"givenName\",\"primaryAddress.city\"\r\n\"u1@x.org\",\"a, \"\"b\"\"\",plain\r\n\"u2@x.org\",\"two\nlines\",\"\"\r\nu3@x.org,é,Zürich\r\n"
	// No call to create ever gets an answer, for longer than is waited for.
	g.emu.AddFault(cloudemulator.Fault{Operation: bulkCreate, Do: cloudemulator.ResetBefore})
	s := g.load(4, "--patience", "1s", g.write("users.csv", "\xef\xbb\xbf"+input))
	g.has(s, "\t[3] Import retries", "\t[3] Total processed users")
	path := g.newest("retry")
	if path == "" {
		t.Fatal("no retry file")
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(input, string(got)); diff != "" {
		t.Error(diff)
	}
	again := g.write("again.csv", string(got))
	g.clear()
	g.noFaults()
	s = g.load(0, again)
	g.has(s, "\t[3] Import success")
	g.none("retry")
	if g.emu.Count("user") != 3 {
		t.Errorf("%d users", g.emu.Count("user"))
	}
	g.holds("u1@x.org", map[string]any{"givenName": `a, "b"`, "primaryAddress.city": "plain"})
}

// What is wrong with single rows is told of each of them, before they are sent,
// and all others land.
func TestT12BadRowsAreRejectedOneByOne(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	input := "email,birthday,clients\n" +
		"u1@x.org,12/31/1999,\"[{\"\"clientId\"\":\"\"1\"\"}]\"\n" +
		"\n" +
		"u2@x.org,1/2/1990,[],too,long\n" +
		"u3@x.org,1/2/1990\n" +
		"u4@x.org,31/12/1999,[]\n" +
		"u5@x.org,,{no json\n" +
		"u6@x.org,,\n"
	s := g.load(4, g.write("users.csv", input))
	g.has(s, "\t[7] Total processed users", "\t[2] Import success", "\t[5] Import failures")
	g.same("success", "line", "2", "8")
	g.same("fail", "line", "3", "4", "5", "6", "7")
	errors := g.column("fail", "error")
	for i, want := range []string{"blank", "5 cells", "2 cells", "birthday", "clients"} {
		if !strings.Contains(errors[i], want) || !strings.Contains(errors[i], fmt.Sprintf("line %d", i+3)) {
			t.Errorf("line %d: error %q does not speak of %q", i+3, errors[i], want)
		}
	}
	for _, call := range g.calls(bulkCreate) {
		for _, email := range []string{"u2@", "u3@", "u4@", "u5@"} {
			if strings.Contains(call.Parameters.Get("all_attributes"), email) {
				t.Errorf("a rejected row was sent: %s", email)
			}
		}
	}
	g.holds("u1@x.org", map[string]any{"birthday": "1999-12-31"})
}

// Columns that would silently lose data in the vendor's loader reject the row.
func TestT12ValuesThatMeanNothingAreRejected(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	g.load(4, g.write("users.csv", "email,gender,optIn.status\na@x.org,F,TRUE\nb@x.org,x-unknown,true\nc@x.org,,yes\nd@x.org,n/a,0\n"))
	g.same("success", "line", "2", "5")
	g.same("fail", "line", "3", "4")
	g.holds("a@x.org", map[string]any{"gender": "female", "optIn.status": true})
	g.holds("d@x.org", map[string]any{"gender": "not specified", "optIn.status": false})
}

// Records are found again by whatever unique attribute is named, in an object
// too, and the files carry it in place of the e-mail address.
func TestT13AnotherKey(t *testing.T) {
	types := []cloudemulator.Type{{Name: "member", Attributes: []cloudemulator.Attribute{
		{Name: "givenName", Kind: cloudemulator.String},
		{Name: "loyalty", Kind: cloudemulator.Object, Attributes: []cloudemulator.Attribute{{Name: "id", Kind: cloudemulator.String, CaseSensitive: true, Unique: true, Required: true}}},
	}}}
	g := newGround(t, cloudemulator.Options{Types: types, Faults: []cloudemulator.Fault{{Operation: bulkCreate, Key: "L2", Call: 1, Do: cloudemulator.ResetAfter}}})
	s := g.load(4, "-t", "member", "-p", "loyalty.id", g.write("members.csv", "loyalty.id,givenName\nL1,A\nL2,B\nl2,C\n,D\n"))
	g.has(s, "\t[3] Total number of records in Entity Type [member] after execution", "success (verified)")
	g.same("success", "loyalty.id", "L1", "L2", "l2")
	g.same("fail", "line", "5")
	if header := g.rows("fail")[0]; !slices.Equal(header, []string{"batch", "line", "loyalty.id", "error"}) {
		t.Errorf("header %v", header)
	}
	g.clear()
	g.load(0, "-t", "member", "-dm", "-pk", "loyalty.id", g.write("delta.csv", "loyalty.id,givenName\nL1,A\nL2,changed\n"))
	g.same("update_success", "loyalty.id", "L2")
	if header := g.rows("update_success")[0]; !slices.Equal(header, []string{"batch", "line", "loyalty.id"}) {
		t.Errorf("header %v", header)
	}
	if got := g.emu.Find("member", "loyalty.id", "L2")["givenName"]; got != "changed" {
		t.Errorf("givenName %v", got)
	}
}

// What an API says is one cell, whatever is in it.
func TestT20ErrorTextsStayOneCell(t *testing.T) {
	g := newGround(t, cloudemulator.Options{Faults: []cloudemulator.Fault{{
		Operation: bulkCreate, Call: 1, Do: cloudemulator.HTTPStatus, Status: 200,
		Body: `{"stat":"ok","results":[{"stat":"error","code":340,"error":"invalid_data_format","error_description":"a, \"b\"\nc"}],"uuid_results":[{"stat":"error","code":340,"error":"invalid_data_format","error_description":"a, \"b\"\nc"}]}`,
	}}})
	g.load(4, g.write("users.csv", "email\nu1@x.org\n"))
	rows := g.rows("fail")
	if diff := cmp.Diff([][]string{{"batch", "line", "email", "error"}, {"1", "2", "u1@x.org", "a, \"b\"\nc"}}, rows); diff != "" {
		t.Error(diff)
	}
	text, err := os.ReadFile(g.newest("fail"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("\r")) {
		t.Error("lines do not end in LF alone")
	}
}

// A dry run needs neither credentials nor a network, and tells by its result and
// exit code what a run would do.
func TestT21DryRun(t *testing.T) {
	g := newGround(t, cloudemulator.Options{})
	s := g.landfall(0, "dataload", "-x", "--output-dir", g.dir, g.write("good.csv", users(1, 5)))
	g.has(s, "\t[5] would create", "\t[0] would reject")
	g.none("dry_run_fail")
	s = g.landfall(4, "dataload", "--dry-run", "-m", "--output-dir", g.dir, g.write("bad.csv", "email,birthday\nu1@x.org,1/2/2000\nu2@x.org,2000\n"))
	g.has(s, "\t[1] would create or update", "\t[1] would reject")
	g.same("dry_run_fail", "line", "3")
	s = g.landfall(2, "dataload", "-x", "-m", "--output-dir", g.dir, g.write("double.csv", "email\na@x.org\nA@x.org\n"))
	g.has(s, "line 3", "line 2")
	s = g.landfall(0, "dataload", "-x", "-m", "--duplicates", "first", "--output-dir", g.dir, g.write("double.csv", "email\na@x.org\nA@x.org\n"))
	g.has(s, "\t[1] would create or update", "\t[1] would skip")
	if calls := g.emu.Calls(); len(calls) > 0 {
		t.Errorf("%d calls were made", len(calls))
	}
	g.none("success")
}
