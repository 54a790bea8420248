package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"landfall/examples/mishaps"
	"landfall/examples/positional-bulk/server/members"
	"landfall/examples/rest-idempotent/server/contacts"
	"landfall/internal/connector/httpapi"
	"landfall/internal/connector/targettest"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/target"
)

// ofExample opens the API that an example's mapping describes.
func ofExample(t *testing.T, example, url string, change ...string) target.API {
	t.Helper()
	path := filepath.Join("..", "..", "..", "examples", example, "landfall.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := mapping.ParseBytes(path, []byte(strings.NewReplacer(change...).Replace(string(text))))
	if err != nil {
		t.Fatal(err)
	}
	api, err := httpapi.Open(t.Context(), target.Address{
		URL: url, Settings: file.Connection(file.Target).Settings,
		Resolve: func(text string, at mapping.Position, subject string) (string, error) {
			return file.ResolveText(text, at, subject, func(string) string { return "not-a-secret" })
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// ground serves an example and has its calls go wrong on demand.
func ground(t *testing.T, api func(url string) target.API, handler http.Handler, m *mishaps.Mishaps, bodies *bodies) targettest.RemoteGround {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return targettest.RemoteGround{
		API:       api(server.URL),
		Lose:      func(n int) { m.Next(n, 0, 0, 0) },
		LoseCalls: func(n int) { m.Next(0, n, 0, 0) },
		Throttle:  func(n int) { m.Next(0, 0, n, 0) },
		Bodies:    bodies.take,
	}
}

// bodies are what writing calls carried.
type bodies struct {
	mu  sync.Mutex
	all []string
}

func (b *bodies) add(body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, string(body))
}

func (b *bodies) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.all
	b.all = nil
	return taken
}

// TestPositionalBulk holds an API with bulk calls and positional results, which
// the mapping describes, to the contract of target.Remote.
func TestPositionalBulk(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]string{
		"marked":     nil,
		"by content": {`marker: {field: import_ref, value: "{ref}"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			targettest.RunRemote(t, targettest.RemoteHarness{
				Start: func(t *testing.T) targettest.RemoteGround {
					var b bodies
					options := &members.Options{Client: "example", Secret: "not-a-secret", Log: func(path string, body []byte) {
						if !strings.HasSuffix(path, "/find") && !strings.HasSuffix(path, "/count") {
							b.add(body)
						}
					}}
					return ground(t, func(url string) target.API { return ofExample(t, "positional-bulk", url+"/api", change...) }, members.New(options), &options.Mishaps, &b)
				},
				Type: "member", Key: []string{"id"}, Fields: []string{"card", "email", "name.given", "points", "joined", "tags"},
				Record: func(n int) map[string]string {
					return map[string]string{
						"card": fmt.Sprintf("8800-%04d", n), "email": fmt.Sprintf("member%d@example.org", n), "name.given": fmt.Sprintf("Given Name %d", n),
						"points": fmt.Sprint(100_000 + n), "joined": "2019-03-28", "tags": `["gold","board"]`,
					}
				},
				Unique: "card", Update: "points", Updated: "777123",
				Refuse: func(r map[string]string) record.Code {
					r["email"] = strings.Repeat("long", 20) + "@example.org"
					return record.CodeTooLong
				},
				Largest: 64_000, Wide: "name.given",
			})
		})
	}
}

// TestRestIdempotent does so with an API that takes one record a call.
func TestRestIdempotent(t *testing.T) {
	t.Parallel()
	targettest.RunRemote(t, targettest.RemoteHarness{
		Start: func(t *testing.T) targettest.RemoteGround {
			var b bodies
			options := &contacts.Options{Token: "not-a-secret", Log: func(method, _ string, body []byte) {
				if method != http.MethodGet {
					b.add(body)
				}
			}}
			return ground(t, func(url string) target.API {
				return ofExample(t, "rest-idempotent", url+"/v1", "calls: 8", "calls: 2", "patience: 2m", "patience: 20s")
			}, contacts.New(options), &options.Mishaps, &b)
		},
		Type: "contact", Key: []string{"id"}, Fields: []string{"email", "name", "address.city", "vip", "tags"},
		Record: func(n int) map[string]string {
			return map[string]string{
				"email": fmt.Sprintf("contact%d@example.org", n), "name": fmt.Sprintf("Name Number %d", n), "address.city": fmt.Sprintf("City of %d", n), "vip": "true", "tags": `{"kind":["a","b"],"rank":1.25}`,
			}
		},
		Unique: "email", Update: "name", Updated: "Somebody Renamed",
		Refuse: func(r map[string]string) record.Code {
			r["email"] = "nobody.example.org"
			return record.CodeRefused
		},
		Largest: 20_000, Wide: "name", Versions: true,
	})
}
