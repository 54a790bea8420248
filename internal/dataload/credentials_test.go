package dataload

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const configText = `
defaults:
  default_client: clients.test
  retry_statuses: [520]
clients:
  production: {client_id: prod-id, client_secret: prod-secret, apid_uri: prod.example.org/, retry_codes: [403, 360]}
  test: {client_id: test-id, client_secret: test-secret}
  broken: {client_id: only}
`

// Credentials come from where the vendor's loader takes them, in its order.
func TestCredentialOrder(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".janrain-capture"), []byte(configText), 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(home, "other.yaml")
	if err := os.WriteFile(other, []byte("a: {b: {client_id: o, client_secret: s, apid_uri: 'http://127.0.0.1:1'}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{"HOME": home, variableID: "env-id", variableSecret: "env-secret", variableURI: "env.example.org"}
	for _, test := range []struct {
		name  string
		o     Options
		env   map[string]string
		want  Client
		codes []int
		fails string
	}{
		{name: "command line", o: Options{ClientID: "i", ClientSecret: "s", URI: "x.org//"}, want: Client{ID: "i", Secret: "s", URI: "https://x.org"}},
		{name: "environment", want: Client{ID: "env-id", Secret: "env-secret", URI: "https://env.example.org"}},
		{name: "id alone is none", o: Options{ClientID: "i"}, want: Client{ID: "env-id", Secret: "env-secret", URI: "https://env.example.org"}},
		{name: "http stays", o: Options{URI: "http://127.0.0.1:8080/"}, want: Client{ID: "env-id", Secret: "env-secret", URI: "http://127.0.0.1:8080"}},
		{name: "file wins", o: Options{ConfigKey: "clients.production", ClientID: "i", ClientSecret: "s", URI: "x.org"}, want: Client{ID: "prod-id", Secret: "prod-secret", URI: "https://prod.example.org", Config: filepath.Join(home, ".janrain-capture")}, codes: []int{403, 360}},
		{name: "default client", o: Options{DefaultClient: true, URI: "x.org"}, want: Client{ID: "test-id", Secret: "test-secret", URI: "https://x.org", Config: filepath.Join(home, ".janrain-capture")}},
		{name: "JANRAIN_CONFIG", o: Options{ConfigKey: "a.b"}, env: map[string]string{variableConfig: other}, want: Client{ID: "o", Secret: "s", URI: "http://127.0.0.1:1", Config: other}},
		{name: "no such path", o: Options{ConfigKey: "clients.prodution"}, fails: `nothing stands at clients.prodution, did you mean "production"?`},
		{name: "incomplete", o: Options{ConfigKey: "clients.broken"}, fails: "client_secret is missing"},
		{name: "no file", o: Options{ConfigKey: "a"}, env: map[string]string{variableConfig: filepath.Join(home, "none")}, fails: "there is no configuration file"},
		{name: "nothing", env: map[string]string{variableID: ""}, fails: "no credentials"},
		{name: "no address", env: map[string]string{variableURI: ""}, fails: "no address"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			getenv := func(name string) string {
				if value, set := test.env[name]; set {
					return value
				}
				return variables[name]
			}
			c, err := test.o.FindClient(getenv)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Fatalf("got %v, want %q", err, test.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, *c); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.codes, test.o.RetryCodes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A configuration file that cannot be read is never quoted: it holds secrets.
func TestBrokenConfigKeepsItsSecrets(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("client_secret: [very-secret\nx: {"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{ConfigKey: "a"}
	_, err := o.FindClient(func(name string) string { return map[string]string{variableConfig: path}[name] })
	if err == nil || strings.Contains(err.Error(), "very-secret") {
		t.Errorf("got %v", err)
	}
}
