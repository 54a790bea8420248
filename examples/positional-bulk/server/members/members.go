// Package members is a small API with bulk calls: one call carries up to fifty
// records, its answer holds one result for each in their order, and errors come
// with status 200 and codes of the API's own. Calls are signed.
package members

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"landfall/examples/mishaps"
)

// Options are what a server is started with.
type Options struct {
	Client, Secret string
	Mishaps        mishaps.Mishaps
	Log            func(path string, body []byte) // of each call that arrives; may be nil
}

// What one call may carry.
const (
	mostRecords = 50
	mostBytes   = 64_000
)

// The API's codes.
const (
	codeBadCall  = 100
	codeNoMember = 310
	codeTaken    = 361
	codeMissing  = 362
	codeTooLong  = 363
	codeDenied   = 402
	codeTooLarge = 413
	codeSlowDown = 510
)

// Member is a record.
type Member struct {
	ID        int      `json:"id"`
	Card      string   `json:"card"`
	Email     *string  `json:"email"`
	Name      *name    `json:"name"`
	Points    *int     `json:"points"`
	Joined    *string  `json:"joined"` // 2006/01/02
	Tags      []string `json:"tags"`
	ImportRef *string  `json:"import_ref"`
}

type name struct {
	Given  *string `json:"given"`
	Family *string `json:"family"`
}

type server struct {
	options *Options
	mu      sync.Mutex
	last    int
	members map[int]*Member
}

// New makes a server without members.
func New(options *Options) http.Handler {
	s := &server{options: options, members: map[int]*Member{}}
	options.Mishaps.Throttled = func(w http.ResponseWriter) { s.fail(w, codeSlowDown, "too many calls, wait a little") }
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/members/insert", s.insert)
	mux.HandleFunc("POST /api/members/change", s.change)
	mux.HandleFunc("POST /api/members/remove", s.remove)
	mux.HandleFunc("POST /api/members/find", s.find)
	mux.HandleFunc("POST /api/members/count", s.count)
	return options.Mishaps.Around(s.admitted(mux), func(r *http.Request) bool {
		return !strings.HasSuffix(r.URL.Path, "/find") && !strings.HasSuffix(r.URL.Path, "/count")
	})
}

// admitted lets calls in that are signed with the secret.
func (s *server) admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if s.options.Log != nil {
			s.options.Log(r.URL.Path, body)
		}
		if len(body) > mostBytes {
			s.fail(w, codeTooLarge, "the call is too large")
			return
		}
		mac := hmac.New(sha256.New, []byte(s.options.Secret))
		io.WriteString(mac, r.Method+"\n"+r.URL.Path+"\n"+r.Header.Get("X-Date")+"\n"+string(body))
		if r.Header.Get("X-Signature") != s.options.Client+" "+hex.EncodeToString(mac.Sum(nil)) {
			s.fail(w, codeDenied, "the signature is wrong")
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		s.mu.Lock()
		defer s.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

func (s *server) say(w http.ResponseWriter, answer map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	answer["ok"] = answer["error"] == nil
	json.NewEncoder(w).Encode(answer)
}

func (s *server) fail(w http.ResponseWriter, code int, message string) {
	s.say(w, map[string]any{"error": map[string]any{"code": code, "text": message}})
}

func failure(code int, message, field string) map[string]any {
	return map[string]any{"error": map[string]any{"code": code, "text": message, "field": field}}
}

// read decodes a call that carries at most so many records.
func read[T any](s *server, w http.ResponseWriter, r *http.Request, into *T, count func() int) bool {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		s.fail(w, codeBadCall, "the call is not understood")
		return false
	}
	if count() > mostRecords {
		s.fail(w, codeTooLarge, "the call carries too many records")
		return false
	}
	return true
}

func (s *server) insert(w http.ResponseWriter, r *http.Request) {
	var call struct{ Members []*Member }
	if !read(s, w, r, &call, func() int { return len(call.Members) }) {
		return
	}
	results := make([]any, len(call.Members))
	for i, m := range call.Members {
		if wrong := s.wrong(m); wrong != nil {
			results[i] = wrong
			continue
		}
		s.last++
		m.ID = s.last
		s.members[m.ID] = m
		results[i] = map[string]any{"id": m.ID}
	}
	s.say(w, map[string]any{"results": results})
}

func (s *server) change(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Changes []struct {
			ID  int
			Set json.RawMessage
		}
	}
	if !read(s, w, r, &call, func() int { return len(call.Changes) }) {
		return
	}
	results := make([]any, len(call.Changes))
	for i, c := range call.Changes {
		before := s.members[c.ID]
		if before == nil {
			results[i] = failure(codeNoMember, "there is no such member", "")
			continue
		}
		changed := clone(before)
		if err := json.Unmarshal(c.Set, changed); err != nil {
			results[i] = failure(codeBadCall, "the change is not understood", "")
			continue
		}
		changed.ID = c.ID
		if wrong := s.wrong(changed); wrong != nil {
			results[i] = wrong
			continue
		}
		s.members[c.ID] = changed
		results[i] = map[string]any{"id": c.ID}
	}
	s.say(w, map[string]any{"results": results})
}

func (s *server) remove(w http.ResponseWriter, r *http.Request) {
	var call struct{ IDs []int }
	if !read(s, w, r, &call, func() int { return len(call.IDs) }) {
		return
	}
	results := make([]any, len(call.IDs))
	for i, id := range call.IDs {
		results[i] = map[string]any{"id": id}
		if s.members[id] == nil {
			results[i] = failure(codeNoMember, "there is no such member", "")
		}
		delete(s.members, id)
	}
	s.say(w, map[string]any{"results": results})
}
