package demo

import (
	"slices"

	"landfall/internal/record"
)

// Summary says what Build made, and what it made wrong.
type Summary struct {
	Dir      string
	Mapping  string // path of the mapping file
	Seed     int64
	Entities []Entity // in the order in which they land
}

// Entity counts one entity's records. All that neither have a fault nor are
// linked are created by a first run.
type Entity struct {
	Name    string
	Records int
	Linked  int     // sound records whose row is already in the CRM
	Faults  []Fault // those that occur, in a fixed order
}

// Fault counts one kind of thing that is wrong on purpose. A record has at most
// one.
type Fault struct {
	Kind        string // "the same e-mail address twice"
	Code        record.Code
	Disposition record.Disposition
	Count       int
	Example     record.Ref // the first such record; its Key is empty when the source gives it none
}

// Faulty is how many of the entity's records do not land.
func (e Entity) Faulty() int {
	sum := 0
	for _, fault := range e.Faults {
		sum += fault.Count
	}
	return sum
}

// Created is how many rows a first run writes.
func (e Entity) Created() int { return e.Records - e.Linked - e.Faulty() }

// Records is how many records there are in all.
func (s Summary) Records() int {
	sum := 0
	for _, entity := range s.Entities {
		sum += entity.Records
	}
	return sum
}

// sort puts the entities in the order in which they land.
func (s *Summary) sort() {
	slices.SortFunc(s.Entities, func(a, b Entity) int {
		return slices.Index(landing, a.Name) - slices.Index(landing, b.Name)
	})
}

// tally counts an entity's records while they are written.
type tally struct {
	entity Entity
	counts [faultKinds]int
	first  [faultKinds]string
}

func newTally(name string) *tally { return &tally{entity: Entity{Name: name}} }

func (t *tally) add(f fault, key string) {
	t.entity.Records++
	if t.counts[f] == 0 {
		t.first[f] = key
	}
	t.counts[f]++
}

func (t *tally) result() Entity {
	for f := sound + 1; f < faultKinds; f++ {
		if t.counts[f] > 0 {
			about := faults[f]
			t.entity.Faults = append(t.entity.Faults, Fault{
				Kind: about.kind, Code: about.code, Disposition: about.disposition(),
				Count: t.counts[f], Example: record.Ref{Entity: t.entity.Name, Key: t.first[f]},
			})
		}
	}
	return t.entity
}
