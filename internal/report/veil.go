package report

import (
	"slices"
	"strings"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/record"
)

// Veils knows what is private of the records of runs: what the mapping calls so
// now, what it called so when the run wrote, and both under the names of then.
type Veils struct {
	file    *mapping.File // as it is now; nil where nobody has read it
	runs    []*ledger.Run // newest first
	entries map[string]*entityVeil
}

// NewVeils wants all runs of the migration.
func NewVeils(file *mapping.File, runs []*ledger.Run) *Veils {
	return &Veils{file: file, runs: runs, entries: map[string]*entityVeil{}}
}

// entityVeil is what all mappings say of an entity.
type entityVeil struct {
	now  *mapping.Entity
	then map[string][]*mapping.Entity // by the hash of a run's mapping
	ever mapping.Privacy
}

// Veil says which columns of an entity's records in a run are masked.
type Veil struct {
	now    *mapping.Entity
	then   []*mapping.Entity
	of     mapping.Privacy // what now and then call private
	ever   mapping.Privacy
	hidden bool // all of it
}

// Of is the veil over what a run wrote of an entity, which goes by its name in
// the books. An entity that the mapping does not have any more is masked as a
// whole.
func (v *Veils) Of(entity string, run *ledger.Run) *Veil {
	known := v.entries[entity]
	if known == nil {
		known = v.learn(entity)
		v.entries[entity] = known
	}
	veil := &Veil{now: known.now, ever: known.ever, of: noPrivacy(), hidden: v.file != nil && known.now == nil}
	if known.now != nil {
		widen(&veil.of, known.now)
	}
	for _, other := range v.runs {
		// A rollback wrote what the run had written that it undoes.
		if other.ID == run.ID || other.ID == run.ParentID {
			veil.then = append(veil.then, known.then[other.MappingHash]...)
		}
	}
	for _, e := range veil.then {
		widen(&veil.of, e)
	}
	return veil
}

// OfRun is Of for the name of a run.
func (v *Veils) OfRun(entity, run string) *Veil {
	if at := slices.IndexFunc(v.runs, func(r *ledger.Run) bool { return r.Name == run }); at >= 0 {
		return v.Of(entity, v.runs[at])
	}
	return &Veil{hidden: true}
}

// learn reads all mappings, and follows the entity's names through them.
func (v *Veils) learn(entity string) *entityVeil {
	known := &entityVeil{then: map[string][]*mapping.Entity{}, ever: noPrivacy()}
	names := []string{entity}
	if v.file != nil {
		known.now = v.file.Entity(entity)
		for _, e := range v.file.Entities {
			if known.now == nil && e.RenamedFrom == entity {
				known.now = e
			}
		}
		if known.now != nil && known.now.RenamedFrom != "" {
			names = append(names, known.now.RenamedFrom)
		}
	}
	read := map[string]bool{}
	for _, run := range v.runs {
		if read[run.MappingHash] {
			continue
		}
		read[run.MappingHash] = true
		for _, line := range run.Mapping {
			if to, from, says := strings.Cut(line, ".renamed_from: "); says && slices.Contains(names, to) && !slices.Contains(names, from) {
				names = append(names, from)
			}
		}
		for _, name := range names {
			if e := mapping.Described(run.Mapping, name); e != nil {
				known.then[run.MappingHash] = append(known.then[run.MappingHash], e)
				widen(&known.ever, e)
			}
		}
	}
	return known
}

func noPrivacy() mapping.Privacy {
	return mapping.Privacy{Source: map[string]bool{}, Target: map[string]bool{}}
}

func widen(p *mapping.Privacy, e *mapping.Entity) {
	more := e.Privacy()
	for column, private := range more.Source {
		p.Source[column] = p.Source[column] || private
	}
	for column, private := range more.Target {
		p.Target[column] = p.Target[column] || private
	}
}

// Source reports whether a column of what was read is masked.
func (v *Veil) Source(column string) bool {
	return v.hides(column, v.of.Source, v.ever.Source, (*mapping.Entity).KnowsSource)
}

// Read is Source for a record that ended with the code. Where its cells may stand
// under other columns than their own, any of them may hold what is private.
func (v *Veil) Read(code record.Code) func(column string) bool {
	if code.Misplaced() && v.anyOf(v.of.Source, v.ever.Source) {
		return func(string) bool { return true }
	}
	return v.Source
}

// Target reports whether a column of what was written is masked.
func (v *Veil) Target(column string) bool {
	return v.hides(column, v.of.Target, v.ever.Target, (*mapping.Entity).KnowsTarget)
}

// hides masks a column that the mapping does not have any more when any run
// called it private, and when nobody can tell what the run's mapping said of it.
func (v *Veil) hides(column string, of, ever map[string]bool, knows func(*mapping.Entity, string) bool) bool {
	if v.hidden || of[column] {
		return true
	}
	if v.now != nil && knows(v.now, column) {
		return false
	}
	return ever[column] || len(v.then) == 0
}

// any reports whether anything that was written is masked.
func (v *Veil) any() bool { return v.anyOf(v.of.Target, v.ever.Target) }

func (v *Veil) anyOf(of, ever map[string]bool) bool {
	if v.hidden || len(v.then) == 0 && v.now == nil {
		return true
	}
	for _, columns := range []map[string]bool{of, ever} {
		for _, private := range columns {
			if private {
				return true
			}
		}
	}
	return false
}
