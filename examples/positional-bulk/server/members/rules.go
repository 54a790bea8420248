package members

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const longestEmail = 60

// wrong is what keeps a member from being kept as it is.
func (s *server) wrong(m *Member) map[string]any {
	if m.Card == "" {
		return failure(codeMissing, "card is required", "card")
	}
	if m.Email != nil && len(*m.Email) > longestEmail {
		return failure(codeTooLong, "email is too long: "+*m.Email, "email")
	}
	for _, other := range s.members {
		switch {
		case other.ID == m.ID:
		case other.Card == m.Card:
			return failure(codeTaken, "card "+m.Card+" is taken", "card")
		case other.Email != nil && m.Email != nil && strings.EqualFold(*other.Email, *m.Email):
			return failure(codeTaken, "email "+*m.Email+" is taken", "email")
		}
	}
	return nil
}

func clone(m *Member) *Member {
	text, _ := json.Marshal(m)
	copied := &Member{}
	json.Unmarshal(text, copied)
	return copied
}

// find answers with the members in which a field holds any of the values.
func (s *server) find(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Field string
		Any   []any
	}
	if !read(s, w, r, &call, func() int { return len(call.Any) }) {
		return
	}
	found := []*Member{}
	for id := 1; id <= s.last; id++ {
		if m := s.members[id]; m != nil && slices.ContainsFunc(call.Any, func(value any) bool { return m.holds(call.Field, value) }) {
			found = append(found, m)
		}
	}
	s.say(w, map[string]any{"members": found})
}

func (m *Member) holds(field string, value any) bool {
	text, _ := value.(string)
	switch field {
	case "id":
		number, is := value.(float64)
		return is && int(number) == m.ID || text == strconv.Itoa(m.ID)
	case "card":
		return text == m.Card
	case "email":
		return m.Email != nil && strings.EqualFold(text, *m.Email)
	case "import_ref":
		return m.ImportRef != nil && text == *m.ImportRef
	}
	return false
}

func (s *server) count(w http.ResponseWriter, _ *http.Request) {
	s.say(w, map[string]any{"total": len(s.members)})
}
