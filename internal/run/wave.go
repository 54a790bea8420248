package run

import (
	"fmt"

	"landfall/internal/mapping"
	"landfall/internal/target"
)

// wave reports whether new rows are all that the run may write.
func (r *runner) wave() bool { return r.o.Mode == target.InsertOnly }

// warnOfPolicies says which of the mapping's policies do not hold in a wave.
func (e *entityRun) warnOfPolicies() {
	if !e.wave() || e.rehearse {
		return
	}
	warn := func(policy, what string) {
		e.tell(Event{Kind: EventWarning, Entity: e.Name, Message: fmt.Sprintf("%s: `%s` does not hold in a wave, which changes no row: %s", e.Name, policy, what)})
	}
	if e.OnMatch == mapping.MatchUpdate {
		warn("on_match: update", "records whose row is there already are rejected")
	}
	if e.Edited == mapping.EditedOverwrite {
		warn("edited: overwrite", "records that landed before and come with other content are rejected")
	}
}

// warnOfCounters says which counters may be behind keys that the wave brought.
func (e *entityRun) warnOfCounters() {
	for i := range e.Columns {
		if column, known := e.Table.Column(e.Columns[i].Name); known && (column.Identity || column.Sequence != "") {
			e.tell(Event{Kind: EventWarning, Entity: e.Name, Message: fmt.Sprintf("%s: the counter behind %s.%s may be behind the highest key, and this user may not move it: the next row that the application inserts may be refused; have the counter's owner move it",
				e.Name, e.Table.Name, column.Name)})
		}
	}
}
