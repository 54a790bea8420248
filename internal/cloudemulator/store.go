package cloudemulator

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// store holds the records of a type. Records stay encoded until they are asked
// for, since a million of them as trees of values would take gigabytes.
type store struct {
	declared Type
	seed     string
	clock    func() time.Time

	mu      sync.RWMutex
	slots   []slot // in the order of their ids: that of slots[i] is i+1
	live    int
	byUUID  map[uuid]uint32 // to a place in slots
	gone    map[uuid]bool   // of deleted records; a uuid is never given twice
	rules   []*uniqueRule
	element int64 // the last id of an element of a plural
}

// slot is a record, or what is left of it: nil attributes.
type slot struct {
	attributes       []byte // JSON, without what is null
	uuid             uuid
	created, changed int64 // microseconds since 1970
}

type uuid [16]byte

func (u uuid) String() string {
	text := hex.EncodeToString(u[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

func parseUUID(text string) (uuid, bool) {
	var parsed uuid
	if !uuidForm.MatchString(text) {
		return parsed, false
	}
	_, err := hex.Decode(parsed[:], []byte(strings.ReplaceAll(text, "-", "")))
	return parsed, err == nil
}

func newStore(t Type, seed string, clock func() time.Time) *store {
	s := &store{declared: t, seed: seed, clock: clock}
	s.clear()
	return s
}

func (s *store) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots, s.live, s.element = nil, 0, 0
	s.byUUID, s.gone = map[uuid]uint32{}, map[uuid]bool{}
	s.rules = uniqueRules(s.declared)
}

// record is a stored record, decoded.
type record struct {
	place            uint32
	uuid             uuid
	created, changed int64
	attributes       values
}

func (r *record) id() int64 { return int64(r.place) + 1 }

// decoded needs the lock only for what it is given: encoded attributes are
// replaced, and never changed.
func (s slot) decoded(place uint32) *record {
	return &record{place: place, uuid: s.uuid, created: s.created, changed: s.changed, attributes: decodeValues(s.attributes)}
}

// decodeValues reads what this package has encoded.
func decodeValues(text []byte) values {
	decoded, err := decodeJSON[values](text)
	if err != nil {
		panic(fmt.Sprintf("a stored record cannot be read: %v", err))
	}
	return decoded
}

// decodeJSON reads JSON with numbers as they are written.
func decodeJSON[T any](text []byte) (T, error) {
	var value T
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return value, err
	}
	if decoder.More() {
		return value, fmt.Errorf("something stands behind the end of it")
	}
	return value, nil
}

// insert stores new records, each on its own, or with together all or none. Of
// those that failed it returns why, at their places.
func (s *store) insert(given []values, together bool) ([]*record, []*failure) {
	records, failures := make([]*record, len(given)), make([]*failure, len(given))
	var inserted []*record
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, attributes := range given {
		records[i], failures[i] = s.insertOne(attributes)
		if failures[i] == nil {
			inserted = append(inserted, records[i])
			continue
		}
		if together {
			for _, r := range inserted {
				s.drop(r)
			}
			s.slots = s.slots[:len(s.slots)-len(inserted)]
			return nil, failures
		}
	}
	return records, failures
}

func (s *store) insertOne(given values) (*record, *failure) {
	r := &record{place: uint32(len(s.slots)), attributes: values{}}
	now := s.clock().UnixMicro()
	r.created, r.changed = now, now
	owned, rest := splitOwn(given)
	for _, name := range []string{"id", "uuid"} {
		if _, is := owned[name]; is {
			return nil, &failure{code: codeIDInNewRecord, attribute: name, description: "a new record must not have the attribute " + name}
		}
	}
	for name, into := range map[string]*int64{"created": &r.created, "lastUpdated": &r.changed} {
		text, isText := owned[name].(string)
		if at, ok := parseTime(text); isText && ok {
			*into = at.UnixMicro()
		} else if owned[name] != nil {
			return nil, badFormat(name, "a time such as 2000-12-31 12:00:00")
		}
	}
	if failed := s.shaping().merge(s.declared.Attributes, r.attributes, rest, ""); failed != nil {
		return nil, failed
	}
	keys, failed := s.admit(r.attributes, nil)
	if failed != nil {
		return nil, failed
	}
	r.uuid = s.newUUID(r, keys)
	s.slots = append(s.slots, slot{attributes: s.encoded(r.attributes), uuid: r.uuid, created: r.created, changed: r.changed})
	s.byUUID[r.uuid] = r.place
	s.enter(r.place, keys)
	s.live++
	return r, nil
}

func (s *store) encoded(attributes values) []byte {
	return bytes.Clone(appendStored(nil, s.declared.Attributes, attributes))
}

// splitOwn takes the service's own attributes out of given ones.
func splitOwn(given values) (owned, rest values) {
	for name := range given {
		if own(name) {
			owned, rest = values{}, values{}
			for name, value := range given {
				if own(name) {
					owned[name] = value
				} else {
					rest[name] = value
				}
			}
			return owned, rest
		}
	}
	return nil, given
}

func (s *store) shaping() shaping {
	return shaping{newElement: func() int64 { s.element++; return s.element }}
}

// newUUID makes a uuid from the seed and the record's first unique value, so
// that equal records get equal uuids whatever the order in which they come.
func (s *store) newUUID(r *record, keys []string) uuid {
	name := strconv.FormatInt(r.id(), 10)
	for _, key := range keys {
		if key != "" {
			name = key
			break
		}
	}
	for again := uint64(0); ; again++ {
		text := s.seed + "\x00" + s.declared.Name + "\x00" + name
		sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(text), again))
		made := uuid(sum[:16])
		made[6], made[8] = made[6]&0x0f|0x40, made[8]&0x3f|0x80
		if _, taken := s.byUUID[made]; !taken && !s.gone[made] {
			return made
		}
	}
}

// change lets edit alter a record's attributes and stores what comes out, when
// that is a whole record.
func (s *store) change(sel selector, edit func(*record) *failure) *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, failed := s.selected(sel)
	if failed != nil {
		return failed
	}
	before := s.keysOf(r.attributes)
	if failed := edit(r); failed != nil {
		return failed
	}
	keys, failed := s.admit(r.attributes, &r.place)
	if failed != nil {
		return failed
	}
	s.leave(before)
	s.enter(r.place, keys)
	at := &s.slots[r.place]
	at.attributes = s.encoded(r.attributes)
	// Two changes are told apart by their times, however quickly they follow.
	at.changed = max(s.clock().UnixMicro(), at.changed+1)
	return nil
}

// delete forgets a record.
func (s *store) delete(sel selector) *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, failed := s.selected(sel)
	if failed != nil {
		return failed
	}
	s.drop(r)
	s.gone[r.uuid] = true
	return nil
}

func (s *store) drop(r *record) {
	s.leave(s.keysOf(r.attributes))
	delete(s.byUUID, r.uuid)
	s.slots[r.place].attributes = nil
	s.live--
}

// one reads a record.
func (s *store) one(sel selector) (*record, *failure) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.selected(sel)
}
