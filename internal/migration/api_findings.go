package migration

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/mapping"
)

// TryAPI has an API asked once, where it can be asked without changing anything,
// so that wrong credentials and an address that is not reached are told before a
// run needs them.
func (m *Migration) TryAPI(ctx context.Context) error {
	if m.api == nil {
		return nil
	}
	if err := m.api.Ask(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w: connection %q: %w", ErrEnvironment, m.Target.Name, err)
	}
	return nil
}

// refuseKeyOfAPI refuses ways to make keys that want a table to look at and to
// lock.
func (e *Entity) refuseKeyOfAPI(complain func(mapping.Position, string, ...any)) bool {
	switch e.To.NewKey {
	case mapping.KeySequence, mapping.KeyOffset, mapping.KeyInherited:
		complain(e.To.Position, "new: %s wants a database, where keys are reserved and looked for; the target is an API: use `identity` where it gives keys, or `uuid` or `natural`", e.To.NewKey)
		return true
	}
	return false
}

// checkAPI finds what the mapping wants and an API cannot have.
func (m *Migration) checkAPI() {
	wrong := func(entity string, position mapping.Position, format string, args ...any) {
		m.Findings = append(m.Findings, Finding{Severity: Wrong, Entity: entity, Position: position, Text: fmt.Sprintf(format, args...)})
	}
	of := "connections." + m.Target.Name
	if t := m.Target.Throttle; t != nil && t.PauseWhile != "" {
		wrong(of+".throttle", t.PositionOf("pause_while"), "pause_while is a query, and an API answers none: its own `limits` hold back the calls")
	}
	if t := m.Target.Throttle; t != nil && t.PauseOnLag > 0 {
		wrong(of+".throttle", t.PositionOf("pause_on_lag"), "an API has no standbys: its own `limits` hold back the calls")
	}
	if g := m.Target.Guard; g != nil && g.Backup != nil && g.Backup.Query != "" {
		wrong(of+".guard.backup", g.Backup.Position, "query wants a database, and the target is an API: give a `command` that prints the time of the last backup")
	}
	for _, e := range m.Entities {
		at := func(key string, format string, args ...any) { wrong(e.Name, e.PositionOf(key), format, args...) }
		if e.To.Collapse {
			wrong(e.Name, e.To.Position, "collapse wants a table to look at, and the target is an API: let the source say which records are one, by `fold` or by a query")
		}
		if e.To.Verify && e.Remote != nil && !e.Remote.Abilities().Fetch {
			wrong(e.Name, e.To.Position, "verify wants records that can be read, and the API has no request that reads them by key: leave `verify` out")
		}
		if e.RebuildIndexes {
			at("indexes", "an API shows no indexes: leave `indexes` out")
		}
		if e.Analyze {
			at("analyze", "an API has no statistics: leave `analyze` out")
		}
		if len(e.Totals) > 0 {
			at("totals", "an API adds nothing up: leave `totals` out, `landfall reconcile` compares record by record")
		}
		if e.Fingerprint {
			at("fingerprint", "an API shows no checksum over all of its records: leave `fingerprint` out, `landfall reconcile` compares record by record")
		}
		e.checkCircleOfAPI(m, wrong)
		e.checkAbilities(m)
	}
}

// checkCircleOfAPI refuses references that would have to be filled in later.
func (e *Entity) checkCircleOfAPI(m *Migration, wrong func(string, mapping.Position, string, ...any)) {
	circle := m.Circle(e)
	for _, field := range e.Fields {
		for _, parent := range field.Parents() {
			switch {
			case parent == e.Name:
				wrong(e.Name, field.Position, "%s refers to %s itself: references that are filled in when their parents have landed are for databases; through an API, bring them in a second mapping, once all records are there", field.Target, e.Name)
			case slices.ContainsFunc(circle, func(other *Entity) bool { return other.Name == parent }):
				wrong(e.Name, field.Position, "%s refers to %s, which refers back to %s: circles are for databases; through an API, bring one of the two in a second mapping, once all records are there", field.Target, parent, e.Name)
			}
		}
	}
}

// checkAbilities holds what the mapping wants of a type of record against what
// there are requests for.
func (e *Entity) checkAbilities(m *Migration) {
	can := e.Remote.Abilities()
	note := func(severity Severity, format string, args ...any) {
		m.Findings = append(m.Findings, Finding{Severity: severity, Entity: e.Name, Position: e.To.Position, Text: fmt.Sprintf(format, args...)})
	}
	name := e.Table.Name
	if !can.Create {
		note(Wrong, "there is no request that creates records of %s", name)
	}
	if len(e.To.Match) > 0 && !can.Match {
		note(Wrong, "match [%s] wants a request that finds records of %s by it, and there is none", strings.Join(e.To.Match, ", "), name)
	}
	switch {
	case can.Update:
	case e.OnMatch == mapping.MatchUpdate:
		note(Wrong, "on_match: update wants a request that changes records of %s, and there is none", name)
	case e.Edited == mapping.EditedOverwrite:
		note(Wrong, "edited: overwrite wants a request that changes records of %s, and there is none", name)
	default:
		note(Warning, "there is no request that changes records of %s: records that come again with other content fail", name)
	}
	if !can.Fetch {
		note(Warning, "there is no request that reads records of %s: what people change there is not noticed, and neither `reconcile` nor `rollback` can look at them", name)
	}
	if !can.Delete {
		note(Warning, "there is no request that deletes records of %s: a run that creates some cannot be rolled back", name)
	}
	if can.Overwrites && !can.Match {
		note(Warning, "creating a record of %s writes over what stands under its key, and there is no request that reads it first: what somebody else made is lost, and a rollback deletes it; describe a `get` request, or send `If-None-Match: \"*\"` with `create` where the API knows it", name)
	}
	if !can.Settles {
		note(Warning, "what became of a call for %s whose answer is lost cannot be found out, nor can it be sent again without harm: such records end unknown", name)
	}
}
