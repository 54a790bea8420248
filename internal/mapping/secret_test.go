package mapping_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/mapping"
)

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pw.txt"), []byte("from file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"PW": "s3cret", "HOST": "db.example.org", "NAME": "pw"}
	tests := []struct{ conn, url, password, wrong string }{
		{`{url: "postgres://user@host/db"}`, "postgres://user@host/db", "", ""},
		{`"sqlite:legacy.db"`, "sqlite:legacy.db", "", ""},
		{`"sqlite:..\\data\\legacy.db"`, `sqlite:..\data\legacy.db`, "", ""},
		{`"postgres://u:${PW}@${HOST}/db"`, "postgres://u:s3cret@db.example.org/db", "", ""},
		{`{url: "mysql://u@h/db?password=${PW}", password: "${PW}"}`, "mysql://u@h/db?password=s3cret", "s3cret", ""},
		{`{url: x, password: "file:pw.txt"}`, "x", "from file", ""},
		{`{url: x, password: "file:${NAME}.txt"}`, "x", "from file", ""},
		{`{url: x, password: "file:none.txt"}`, "", "", "landfall.yaml:3:37: connections.c.password: the file of the secret cannot be read"},
		{`{url: x, password: "${NOPE}"}`, "", "", "landfall.yaml:3:37: connections.c.password: the environment variable NOPE is not set"},
		{`"postgres://${PW}@${NOPE}/"`, "", "", "connections.c.url: the environment variable NOPE is not set"},
	}
	for _, test := range tests {
		file, err := mapping.ParseBytes(filepath.Join(dir, "landfall.yaml"), []byte("version: 1\nname: a\nconnections: {c: "+test.conn+`}
source: c
target: c
entities:
  e:
    from: {table: T, key: K}
    to: {table: t, key: {column: id, new: identity}}
    fields: {a: A}
`))
		if err != nil {
			t.Errorf("%s: %v", test.conn, err)
			continue
		}
		url, password, err := file.Resolve(file.Connection("c"), func(name string) string { return env[name] })
		if test.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), test.wrong) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s: %v, want %s", test.conn, err, test.wrong)
			}
			continue
		}
		if err != nil || url != test.url || password != test.password {
			t.Errorf("%s: %q %q %v", test.conn, url, password, err)
		}
	}
}
