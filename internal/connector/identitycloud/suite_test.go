package identitycloud_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"landfall/internal/cloudemulator"
	"landfall/internal/connector/targettest"
	"landfall/internal/record"
)

// TestRemote holds the preset to what every API must keep.
func TestRemote(t *testing.T) {
	t.Parallel()
	targettest.RunRemote(t, targettest.RemoteHarness{
		Start: startRemote,
		Type:  "user", Key: []string{"uuid"}, Fields: []string{"email", "givenName", "familyName", "loyalty.id", "optIn.status", "visits", "aboutMe", "clients", "password"},
		Record: func(n int) map[string]string {
			return map[string]string{
				"email": fmt.Sprintf("user%d@example.org", n), "givenName": fmt.Sprintf("Given Name %d", n), "familyName": "O'Family", "loyalty.id": fmt.Sprintf("card-%d", n),
				"optIn.status": "true", "visits": fmt.Sprint(100_000 + n), "clients": `[{"channel":"web","clientId":"one"}]`, "password": `"a password"`,
			}
		},
		Unique: "email", Update: "givenName", Updated: "Renamed",
		Refuse: func(r map[string]string) record.Code {
			r["familyName"] = strings.Repeat("long", 80)
			return record.CodeTooLong
		},
		Largest: 40_000, Wide: "aboutMe", Versions: true,
	})
}

// mishaps spoil the next writing calls on their way.
type mishaps struct {
	http.Handler
	mu                      sync.Mutex
	lost, before, throttled int
	bodies                  []string
}

func (m *mishaps) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/entity.bulkCreate", "/entity.update", "/entity.replace", "/entity.delete":
	default:
		m.Handler.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	taken := func(calls *int) bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		*calls--
		return *calls >= 0
	}
	switch {
	case taken(&m.throttled):
		io.WriteString(w, `{"stat":"error","code":510,"error":"api_call_limit_reached","error_description":"later"}`)
		return
	case taken(&m.before):
		panic(http.ErrAbortHandler)
	}
	m.mu.Lock()
	m.bodies = append(m.bodies, string(body))
	m.mu.Unlock()
	if taken(&m.lost) {
		m.Handler.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	m.Handler.ServeHTTP(w, r)
}

func startRemote(t *testing.T) targettest.RemoteGround {
	m := &mishaps{Handler: cloudemulator.New(cloudemulator.Options{
		Seed: t.Name(), MaxBody: 40_000, Clients: []cloudemulator.Client{{ID: "loader", Secret: "s3cret", Features: []string{"owner"}}},
	})}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	api, err := parse(t, server.URL, basic, declared+"\n    bytes: 40000")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	set := func(calls *int) func(int) {
		return func(n int) {
			m.mu.Lock()
			defer m.mu.Unlock()
			*calls = n
		}
	}
	return targettest.RemoteGround{
		API: api, Lose: set(&m.lost), LoseCalls: set(&m.before), Throttle: set(&m.throttled),
		Bodies: func() []string {
			m.mu.Lock()
			defer m.mu.Unlock()
			bodies := m.bodies
			m.bodies = nil
			return bodies
		},
	}
}
