package lawtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
)

// shelfOfKeys is an API where a record is put under a key of the sender's making,
// whatever stood there before.
type shelfOfKeys struct {
	mu      sync.Mutex
	records map[string]map[string]any
	puts    int
}

func (s *shelfOfKeys) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.TrimPrefix(r.URL.Path, "/orgs/")
	w.Header().Set("Content-Type", "application/json")
	switch r.Method {
	case http.MethodPut:
		body, _ := io.ReadAll(r.Body)
		record := map[string]any{}
		if err := json.Unmarshal(body, &record); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.puts++
		record["code"], s.records[key] = key, record
		_ = json.NewEncoder(w).Encode(record)
	case http.MethodGet:
		if s.records[key] == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(s.records[key])
	default:
		delete(s.records, key)
		w.WriteHeader(http.StatusNoContent)
	}
}

// TestPutWritesOverNobody: where creating a record would write over what stands
// under its key, what somebody else made stays as it is, and is nothing that a
// run made.
func TestPutWritesOverNobody(t *testing.T) {
	t.Parallel()
	shelf := &shelfOfKeys{records: map[string]map[string]any{"b": {"code": "b", "name": "theirs"}, "c": {"code": "c", "name": "C"}}}
	server := httptest.NewServer(shelf)
	defer server.Close()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("orgs.csv", "Code,Name\na,A\nb,B\nc,C\n")
	path := write("landfall.yaml", `version: 1
name: acme
connections:
  shelf:
    url: "`+server.URL+`"
    types:
      org:
        key: code
        fields: {code: {required: true}, name: text}
        create: {method: PUT, path: "/orgs/{key}", body: "{record}"}
        update: {method: PUT, path: "/orgs/{key}", body: "{record}"}
        get: {path: "/orgs/{key}"}
        delete: {method: DELETE, path: "/orgs/{key}"}
target: shelf
entities:
  org:
    from: {file: orgs.csv, key: Code}
    to: {table: org, key: {column: code, new: natural}}
    fields: {code: Code, name: Name}
`)
	m, err := migration.Open(t.Context(), migration.Options{Path: path, Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(t.Context())
	result, err := run.Run(t.Context(), m, run.Options{TempDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	counts := result.Entities[0].Counts
	if counts[record.Created] != 1 || counts[record.Failed] != 2 || shelf.puts != 1 {
		t.Errorf("%v after %d puts; want 1 created, and 2 failed that somebody else had made", counts, shelf.puts)
	}
	if name := shelf.records["b"]["name"]; name != "theirs" {
		t.Errorf("what somebody else made is %v now", name)
	}
}
