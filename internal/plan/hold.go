package plan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"landfall/internal/guard"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/target"
)

// moved refuses a run whose plan is not for what is there now.
func moved(format string, args ...any) *guard.Refusal {
	return &guard.Refusal{Code: guard.CodePlan, Text: "the plan does not hold any more: " + fmt.Sprintf(format, args...) + "; put that back, or plan again. Nothing was written"}
}

// Hold makes options of a run that is held to the plan, after making sure that
// mapping, settings, target and source are what they were. What moved is named
// in a *guard.Refusal, which a protected target notes. It reads the source once,
// and writes nothing else.
func (p *Plan) Hold(ctx context.Context, m *migration.Migration, path string, o run.Options) (run.Options, error) {
	held, err := p.hold(ctx, m, path, o)
	var refusal *guard.Refusal
	if errors.As(err, &refusal) {
		return held, run.Refuse(ctx, m, held, false, refusal)
	}
	return held, err
}

func (p *Plan) hold(ctx context.Context, m *migration.Migration, path string, o run.Options) (run.Options, error) {
	if err := p.verifyRecords(path); err != nil {
		return o, err
	}
	o.Mode, o.Records, o.Bytes, o.Inputs = target.Mode(p.Mode), p.Settings.Records, p.Settings.Bytes, p.Settings.Inputs
	o.StartRows = p.Settings.StartRows
	o.PlanHash, o.PlanAuthor, o.PlanFile, o.Plan = p.Hash, p.Author, path, held{path}
	for _, approval := range p.Approvals {
		if approval.PlanHash == p.Hash {
			o.Approvals = append(o.Approvals, approval)
		}
	}
	if err := p.sameMapping(m); err != nil {
		return o, err
	}
	if err := p.sameTarget(ctx, m); err != nil {
		return o, err
	}
	return o, p.sameSource(ctx, m, o)
}

func (p *Plan) sameMapping(m *migration.Migration) error {
	if p.Migration != m.File.Name {
		return moved("it is for the migration %s, and the mapping is %s", p.Migration, m.File.Name)
	}
	if p.MappingHash == m.File.Hash {
		return nil
	}
	var changes []string
	is := m.File.Describe()
	for _, line := range p.Mapping {
		if !slices.Contains(is, line) {
			changes = append(changes, "\n  mapping, was: "+line)
		}
	}
	for _, line := range is {
		if !slices.Contains(p.Mapping, line) {
			changes = append(changes, "\n  mapping, is:  "+line)
		}
	}
	refusal := moved("the mapping is another one")
	refusal.Text += strings.Join(changes, "")
	return refusal
}

func (p *Plan) sameTarget(ctx context.Context, m *migration.Migration) error {
	is, err := targetOf(ctx, m)
	if err != nil {
		return err
	}
	was := p.Target
	switch {
	case was.Connection != is.Connection:
		return moved("it is for the connection %s, and this is %s", was.Connection, is.Connection)
	case was.Environment != is.Environment:
		return moved("the connection's environment was %q, and is %q", was.Environment, is.Environment)
	case !was.Place.Is(is.Place):
		return moved("it is for the %s %s, and this is %s", was.Place.Kind(), was.Place, is.Place)
	case was.ID != "" && was.ID != is.ID:
		return moved("it is for the %s %s, and this is %s", was.Place.Kind(), was.Place.Identity(was.ID), is.Place.Identity(is.ID))
	}
	for i := range p.Entities {
		if e := m.Entity(p.Entities[i].Name); e != nil && tableHash(e) != p.Entities[i].TableHash {
			return moved("the target declares the table %s otherwise", p.Entities[i].Table)
		}
	}
	return nil
}

// sameSource reads the source and holds every record against the plan's.
func (p *Plan) sameSource(ctx context.Context, m *migration.Migration, o run.Options) error {
	for _, e := range m.Entities {
		at := slices.IndexFunc(p.Entities, func(planned Entity) bool { return planned.Name == e.Name })
		if at < 0 {
			return moved("it knows nothing of entity %s", e.Name)
		}
		planned, err := held{o.PlanFile}.Open(e.Name)
		if err != nil {
			return err
		}
		err = p.sameRecords(ctx, e, &p.Entities[at], planned, o)
		if closed := planned.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) sameRecords(ctx context.Context, e *migration.Entity, of *Entity, planned run.PlannedRecords, o run.Options) error {
	err := run.ReadContents(ctx, e, o, func(slice int, rec *record.Record, content record.Hash) error {
		want, err := planned.Next()
		if errors.Is(err, io.EOF) {
			return moved("the source has a new record: %s", place(of, rec.Ref, slice, rec.Number, rec.Line))
		}
		if err != nil {
			return err
		}
		switch {
		case want.Ref != rec.Ref || want.Slice != slice || want.Number != rec.Number:
			return moved("the source has %s, where the plan has %s", place(of, rec.Ref, slice, rec.Number, rec.Line), place(of, want.Ref, want.Slice, want.Number, want.Line))
		case want.Content != content:
			return moved("the source's record is another: %s", place(of, rec.Ref, slice, rec.Number, rec.Line))
		}
		return nil
	})
	if err != nil {
		return err
	}
	want, err := planned.Next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	return moved("the source does not hold a record any more: %s", place(of, want.Ref, want.Slice, want.Number, want.Line))
}

// place names a record and where in its input it stands.
func place(e *Entity, ref record.Ref, slice int, number, line int64) string {
	origin := e.Origin
	for _, s := range e.Slices {
		if len(e.Slices) > 1 && s.Number == slice {
			origin = s.Name
		}
	}
	name := nameOf(ref, number)
	if line > 0 {
		return fmt.Sprintf("%s (%s, line %d)", name, origin, line)
	}
	if number > 0 {
		return fmt.Sprintf("%s (%s, record %d)", name, origin, number)
	}
	return fmt.Sprintf("%s (%s)", name, origin)
}

// Asked refuses settings that are typed beside a plan and are not its own.
func (p *Plan) Asked(mode string, inputs map[string]string) error {
	if mode != "" && mode != p.Mode {
		return moved("its mode is %s, and --mode says %s", p.Mode, mode)
	}
	if len(inputs) > 0 && !maps.Equal(inputs, p.Settings.Inputs) {
		return moved("its --input is %s, and this is %s", inputWords(p.Settings.Inputs), inputWords(inputs))
	}
	return nil
}

func inputWords(inputs map[string]string) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		words = append(words, name+"="+inputs[name])
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
