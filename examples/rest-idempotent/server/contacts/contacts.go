// Package contacts is a small REST API: one call for each record, created once
// for each Idempotency-Key, changed only while it is what its ETag says, and with
// Retry-After where it is too busy.
package contacts

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"landfall/examples/mishaps"
)

// Options are what a server is started with.
type Options struct {
	Token     string
	PerSecond int
	Mishaps   mishaps.Mishaps
	Log       func(method, path string, body []byte) // of each call that arrives; may be nil
}

const mostBytes = 20_000

type contact struct {
	fields  map[string]any
	version int
}

type server struct {
	options *Options
	mu      sync.Mutex
	last    int
	kept    map[string]*contact
	byKey   map[string]string // idempotency key -> contact
	second  time.Time
	calls   int
}

// New makes a server without contacts.
func New(options *Options) http.Handler {
	s := &server{options: options, kept: map[string]*contact{}, byKey: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/contacts", s.create)
	mux.HandleFunc("GET /v1/contacts", s.find)
	mux.HandleFunc("GET /v1/contacts/{id}", s.get)
	mux.HandleFunc("PATCH /v1/contacts/{id}", s.change)
	mux.HandleFunc("DELETE /v1/contacts/{id}", s.remove)
	mux.HandleFunc("GET /v1/count", s.count)
	return options.Mishaps.Around(s.admitted(mux), func(r *http.Request) bool { return r.Method != http.MethodGet })
}

func (s *server) admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.options.Log != nil {
			s.options.Log(r.Method, r.URL.Path, body)
		}
		switch {
		case r.Header.Get("Authorization") != "Bearer "+s.options.Token:
			say(w, http.StatusUnauthorized, failure("unauthorized", "who are you?", ""))
		case len(body) > mostBytes:
			say(w, http.StatusRequestEntityTooLarge, failure("too_large", "the contact is too large", ""))
		case s.busy():
			w.Header().Set("Retry-After", "1")
			say(w, http.StatusTooManyRequests, failure("slow_down", "too many calls", ""))
		default:
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			next.ServeHTTP(w, r)
		}
	})
}

// busy reports whether this second has had its calls.
func (s *server) busy() bool {
	if s.options.PerSecond == 0 {
		return false
	}
	if time.Since(s.second) >= time.Second {
		s.second, s.calls = time.Now(), 0
	}
	s.calls++
	return s.calls > s.options.PerSecond
}

func say(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if answer != nil {
		json.NewEncoder(w).Encode(answer)
	}
}

func failure(code, message, field string) map[string]any {
	return map[string]any{"error": map[string]any{"code": code, "message": message, "field": field}}
}

func (s *server) show(w http.ResponseWriter, status int, id string) {
	c := s.kept[id]
	shown := maps.Clone(c.fields)
	shown["id"] = id
	w.Header().Set("ETag", fmt.Sprintf(`"%d"`, c.version))
	say(w, status, shown)
}

func (s *server) create(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	if id := s.byKey[key]; id != "" && s.kept[id] != nil {
		s.show(w, http.StatusCreated, id)
		return
	}
	fields := map[string]any{}
	if !s.read(w, r, fields, "") {
		return
	}
	s.last++
	id := fmt.Sprintf("c_%06d", s.last)
	s.kept[id] = &contact{fields: fields, version: 1}
	if key != "" {
		s.byKey[key] = id
	}
	s.show(w, http.StatusCreated, id)
}

// read takes the fields of a call into those that are there, and answers where
// they cannot be kept.
func (s *server) read(w http.ResponseWriter, r *http.Request, into map[string]any, id string) bool {
	given := map[string]any{}
	if err := json.NewDecoder(r.Body).Decode(&given); err != nil {
		say(w, http.StatusBadRequest, failure("bad_request", "not a JSON object", ""))
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] == nil {
			delete(into, name)
		} else {
			into[name] = given[name]
		}
	}
	email, _ := into["email"].(string)
	if !strings.Contains(email, "@") {
		say(w, http.StatusUnprocessableEntity, failure("invalid", "email must hold an @, not "+email, "email"))
		return false
	}
	for other, c := range s.kept {
		if taken, _ := c.fields["email"].(string); other != id && strings.EqualFold(taken, email) {
			say(w, http.StatusConflict, failure("duplicate", email+" is taken", "email"))
			return false
		}
	}
	return true
}

func (s *server) get(w http.ResponseWriter, r *http.Request) {
	if id := r.PathValue("id"); s.kept[id] != nil {
		s.show(w, http.StatusOK, id)
		return
	}
	say(w, http.StatusNotFound, failure("not_found", "there is no such contact", ""))
}

func (s *server) change(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	c := s.kept[id]
	if c == nil {
		say(w, http.StatusNotFound, failure("not_found", "there is no such contact", ""))
		return
	}
	if wanted := r.Header.Get("If-Match"); wanted != "" && wanted != fmt.Sprintf(`"%d"`, c.version) {
		say(w, http.StatusPreconditionFailed, failure("changed", "the contact was changed meanwhile", ""))
		return
	}
	fields := maps.Clone(c.fields)
	if !s.read(w, r, fields, id) {
		return
	}
	c.fields = fields
	c.version++
	s.show(w, http.StatusOK, id)
}

func (s *server) remove(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if s.kept[id] == nil {
		say(w, http.StatusNotFound, failure("not_found", "there is no such contact", ""))
		return
	}
	delete(s.kept, id)
	say(w, http.StatusNoContent, nil)
}

func (s *server) find(w http.ResponseWriter, r *http.Request) {
	email, items := r.URL.Query().Get("email"), []any{}
	for _, id := range slices.Sorted(maps.Keys(s.kept)) {
		if held, _ := s.kept[id].fields["email"].(string); strings.EqualFold(held, email) {
			shown := maps.Clone(s.kept[id].fields)
			shown["id"] = id
			items = append(items, shown)
		}
	}
	say(w, http.StatusOK, map[string]any{"items": items})
}

func (s *server) count(w http.ResponseWriter, _ *http.Request) {
	say(w, http.StatusOK, map[string]any{"total": len(s.kept)})
}
