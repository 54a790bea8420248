package cloudemulator

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// Import puts records into a type without a call: users who are there
// beforehand. The attributes are what JSON holds; created and lastUpdated may be
// among them. It returns the first failure, after all others have been stored.
func (e *Emulator) Import(typeName string, records []map[string]any) error {
	s := e.stores[typeName]
	if s == nil {
		return fmt.Errorf("unknown type %q", typeName)
	}
	text, err := json.Marshal(records) // so that numbers and lists are what they are in calls
	if err != nil {
		return err
	}
	given, err := decodeJSON[[]values](text)
	if err != nil {
		return err
	}
	_, failures := s.insert(given, false)
	for i, failed := range failures {
		if failed != nil {
			return fmt.Errorf("record %d of %d: %w", i+1, len(records), failed)
		}
	}
	return nil
}

// ImportJSON is Import from a JSON array or from lines of JSON. It stores them
// by the thousand, so that a million need not be in memory twice, and ends at
// the first failure.
func (e *Emulator) ImportJSON(typeName string, from io.Reader) error {
	s := e.stores[typeName]
	if s == nil {
		return fmt.Errorf("unknown type %q, expected one of %v", typeName, e.names)
	}
	in := bufio.NewReader(from)
	decoder := json.NewDecoder(in)
	decoder.UseNumber()
	start, err := in.Peek(1)
	list := err == nil && start[0] == '['
	if list {
		if _, err := decoder.Token(); err != nil {
			return err
		}
	}
	var batch []values
	stored := 0
	store := func() error {
		_, failures := s.insert(batch, false)
		for i, failed := range failures {
			if failed != nil {
				return fmt.Errorf("record %d: %w", stored+i+1, failed)
			}
		}
		stored += len(batch)
		batch = batch[:0]
		return nil
	}
	for decoder.More() {
		var record values
		if err := decoder.Decode(&record); err != nil {
			return fmt.Errorf("record %d: %w", stored+len(batch)+1, err)
		}
		if batch = append(batch, record); len(batch) == 1000 {
			if err := store(); err != nil {
				return err
			}
		}
	}
	if list {
		if _, err := decoder.Token(); err != nil {
			return fmt.Errorf("behind record %d: %w", stored+len(batch), err)
		}
	}
	return store()
}

// Count is the number of records of a type.
func (e *Emulator) Count(typeName string) int {
	if s := e.stores[typeName]; s != nil {
		return s.count(nil)
	}
	return 0
}

// Records are all records of a type as the API shows them, by their ids.
func (e *Emulator) Records(typeName string) []map[string]any {
	s := e.stores[typeName]
	if s == nil {
		return nil
	}
	found, _ := s.find(search{max: int(^uint(0) >> 1)})
	shown := make([]map[string]any, len(found))
	for i, c := range found {
		shown[i] = s.shown(c.record())
	}
	return shown
}

// Find is the record in which a unique attribute has a value, as the API shows
// it; nil when there is none.
func (e *Emulator) Find(typeName, attribute string, value any) map[string]any {
	s := e.stores[typeName]
	if s == nil {
		return nil
	}
	r, failed := s.one(selector{attribute: attribute, value: value})
	if failed != nil {
		return nil
	}
	return s.shown(r)
}

func (s *store) shown(r *record) map[string]any { return decodeValues(s.appendRecord(nil, r)) }

// Reset forgets all records, faults, calls and what counts towards limits.
func (e *Emulator) Reset() {
	for _, s := range e.stores {
		s.clear()
	}
	e.faults.clear()
	e.journal.clear()
	e.limits.clear()
}
