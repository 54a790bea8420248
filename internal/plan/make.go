package plan

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"os"
	"slices"
	"time"

	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
)

// Options say what is planned.
type Options struct {
	run.Options
	// Out is the plan file; its records go beside it.
	Out string
	// Questions are those of the mapping that nobody has settled.
	Questions []string
}

// mostRejections is how many reasons of an entity a plan tells, unless there are
// more codes; the records' file has all of them.
const mostRejections = 10

// mostReasons bounds the reasons that are counted apart.
const mostReasons = 10_000

// Make foresees a run and writes the plan of it. A plan that was stopped half-way
// is not written; it returns run.ErrStopped then.
func Make(ctx context.Context, m *migration.Migration, o Options) (*Plan, error) {
	if o.Records == 0 {
		o.Records = run.BatchRecords(m)
	}
	if o.Bytes == 0 {
		o.Bytes = run.DefaultBytes
	}
	p := &Plan{
		Format: Format, Migration: m.File.Name, Mode: string(o.Mode), CreatedAt: now(),
		MappingHash: m.File.Hash, Mapping: m.File.Describe(),
		Settings:  Settings{Records: o.Records, Bytes: o.Bytes, Inputs: o.Inputs, StartRows: o.StartRows},
		Questions: o.Questions,
	}
	actor, host := run.HolderName()
	p.Author = actor + "@" + host
	var err error
	if p.Target, err = targetOf(ctx, m); err != nil {
		return nil, err
	}
	var foresight *run.Foresight
	t := &tally{entities: map[string]*counted{}}
	err = atomically(RecordsFile(o.Out), func(file *os.File) error {
		sum := sha256.New()
		w, err := newRecordsWriter(tee{file, sum})
		if err != nil {
			return err
		}
		foresight, err = run.Foresee(ctx, m, o.Options, func(f *run.Forecast) error {
			t.add(f)
			return w.add(f, "")
		})
		if err != nil {
			return err
		}
		if foresight.Stopped {
			return run.ErrStopped
		}
		if err := w.packed.Close(); err != nil {
			return err
		}
		p.Records = hex.EncodeToString(sum.Sum(nil))
		return nil
	})
	if err != nil {
		return nil, err
	}
	p.Run = foresight.Run.Name
	for _, seen := range foresight.Entities {
		p.Entities = append(p.Entities, t.entity(m, seen))
	}
	p.Circles = circles(m)
	p.Rollback = rollbackSteps(p)
	if p.Hash, err = p.ContentHash(); err != nil {
		return nil, err
	}
	return p, p.Write(o.Out)
}

func now() string { return time.Now().UTC().Format("2006-01-02T15:04:05Z") }

// tee writes to a file and to the hash over it.
type tee struct {
	file *os.File
	sum  hash.Hash
}

func (t tee) Write(b []byte) (int, error) {
	t.sum.Write(b) // never fails
	return t.file.Write(b)
}

func targetOf(ctx context.Context, m *migration.Migration) (Target, error) {
	place, id, err := guard.Where(ctx, m.Looker())
	if err != nil {
		return Target{}, fmt.Errorf("asking the target who it is: %w", err)
	}
	return Target{Connection: m.Target.Name, Environment: m.Target.Environment, Place: place, ID: id}, nil
}

// tally counts the records of entities as they are told.
type tally struct{ entities map[string]*counted }

type counted struct {
	records int64
	counts  map[record.Disposition]int64
	slices  map[int]*sliceContent
	reasons map[reason]*Rejection
	erased  map[string]*Erasure // by column
}

type reason struct {
	disposition record.Disposition
	code        record.Code
	field       string
}

type sliceContent struct {
	records int64
	sum     hash.Hash
}

func (t *tally) add(f *run.Forecast) {
	c := t.entities[f.Ref.Entity]
	if c == nil {
		c = &counted{counts: map[record.Disposition]int64{}, slices: map[int]*sliceContent{}, reasons: map[reason]*Rejection{}, erased: map[string]*Erasure{}}
		t.entities[f.Ref.Entity] = c
	}
	c.records++
	c.counts[f.Disposition]++
	s := c.slices[f.Slice]
	if s == nil {
		s = &sliceContent{sum: sha256.New()}
		c.slices[f.Slice] = s
	}
	s.records++
	s.sum.Write(f.Content[:])
	c.erase(f)
	if !f.Disposition.NeedsRetry() {
		return
	}
	why := reason{f.Disposition, f.Code, f.Field}
	known := c.reasons[why]
	if known == nil && len(c.reasons) < mostReasons {
		known = &Rejection{Disposition: f.Disposition, Code: f.Code, Field: f.Field, First: shownRef(f)}
		c.reasons[why] = known
	}
	if known != nil {
		known.Count++
	}
}

// erase counts the values that a record's row loses. Of a private one it is told
// that it is lost, and not what it was.
func (c *counted) erase(f *run.Forecast) {
	for _, change := range f.Changes {
		if !change.Erases {
			continue
		}
		known := c.erased[change.Column]
		if known == nil {
			known = &Erasure{Column: change.Column, First: shownRef(f)}
			c.erased[change.Column] = known
		}
		known.Count++
	}
}

// entity is the plan for an entity whose records are all told.
func (t *tally) entity(m *migration.Migration, seen run.ForeseenEntity) Entity {
	e := m.Entity(seen.Name)
	out := Entity{
		Name: seen.Name, Table: e.Table.Name.String(), TableHash: tableHash(e), Origin: seen.Origin, Input: seen.Input,
		After: afters(m, e), Key: keyWords(e), Counts: map[record.Disposition]int64{}, Unforeseen: seen.Unforeseen,
	}
	c := t.entities[seen.Name]
	for _, slice := range seen.Slices {
		out.Slices = append(out.Slices, c.slice(slice))
	}
	if c == nil {
		return out
	}
	out.Records, out.Counts = c.records, c.counts
	for _, column := range slices.Sorted(maps.Keys(c.erased)) {
		out.Erased = append(out.Erased, *c.erased[column])
	}
	for _, rejection := range c.reasons {
		out.Rejections = append(out.Rejections, *rejection)
	}
	slices.SortFunc(out.Rejections, func(a, b Rejection) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Disposition, b.Disposition), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Field, b.Field))
	})
	out.Rejections, out.MoreRejections = told(out.Rejections)
	return out
}

// told are the reasons that a plan tells of: the most common, and of each code
// the most common, since what is rare may be what matters. more is how many there
// are besides.
func told(all []Rejection) (kept []Rejection, more int) {
	seen := map[record.Code]bool{}
	first := make([]bool, len(all))
	room := mostRejections
	for i := range all {
		if !seen[all[i].Code] {
			seen[all[i].Code], first[i] = true, true
			room--
		}
	}
	for i := range all {
		switch {
		case first[i]:
		case room > 0:
			room--
		default:
			more++
			continue
		}
		kept = append(kept, all[i])
	}
	return kept, more
}

func (c *counted) slice(s ledger.Slice) Slice {
	content := &sliceContent{sum: sha256.New()}
	if c != nil && c.slices[s.Number] != nil {
		content = c.slices[s.Number]
	}
	return Slice{Number: s.Number, Name: s.Name, Records: content.records, Content: hex.EncodeToString(content.sum.Sum(nil))}
}

// tableHash stands for what the catalogue declares of an entity's table.
func tableHash(e *migration.Entity) string {
	declared := *e.Table
	text, _ := json.Marshal(declared) // texts, numbers and lists always marshal
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
