package dataload

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/connector/textfile"
)

func fileOf(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A byte that is no text is found wherever it stands, also where characters lie
// across the end of what is read at a time, and only LF ends a line.
func TestScanFindsTheByte(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", textfile.BufferSize) // an odd place for every second buffer
	for _, test := range []struct{ name, content, want string }{
		{"none", "\xef\xbb\xbfemail\na\u2028b\u0085c@x.org\n" + long, ""},
		{"first", "\xffemail\n", "line 1 is not UTF-8 text: byte 0 of the file (0xFF)"},
		{"other line ends", "email\r\na\u2028\x0b\x0c\n\xc3(\n", "line 3 is not UTF-8 text: byte 14 of the file (0xC3)"},
		{"behind a mark", "\xef\xbb\xbfe\n\xff", "line 2 is not UTF-8 text: byte 5 of the file (0xFF)"},
		{"far", "x" + long + "\n\xe2\x82", "line 2 is not UTF-8 text: byte 524290 of the file (0xE2)"},
		{"surrogate", "a\xed\xa0\x80", "line 1 is not UTF-8 text: byte 1 of the file (0xED)"},
	} {
		_, err := scanText(context.Background(), fileOf(t, test.content))
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}

// A header that says two things about one attribute, or none about the key, is
// refused.
func TestHeadersThatAreRefused(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"email,email":                   `columns 1 and 2 are both named "email"`,
		"email,":                        "has no name",
		"email,primaryAddress.":         `column "primaryAddress." is no path`,
		"email,a..b":                    "is no path",
		"email, givenName":              "has blanks around its name",
		"email,a.b.c,a":                 `columns "a" and "a.b.c" contradict each other`,
		"email,a.b.c,a.b":               `columns "a.b" and "a.b.c" contradict each other`,
		"email,uuid":                    `column "uuid" is given by the service`,
		"mail":                          `no column "email"`,
		"Email":                         `did you mean "Email"`,
		"":                              "is empty",
		"email;givenName":               "set `delimiter`",
		"email,ab,a.b,clients,optIn.ok": "",
	} {
		o := &Options{PrimaryKey: "email", Type: "user", DataFile: fileOf(t, header)}
		_, err := openInput(context.Background(), o)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", header, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: got %v, want %s", header, err, want)
		}
	}
}
