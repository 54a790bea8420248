package run

import (
	"fmt"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/target"
)

var dispositionOf = map[target.Action]record.Disposition{
	target.Create:   record.Created,
	target.Update:   record.Updated,
	target.Adopt:    record.Updated,
	target.Own:      record.Unchanged,
	target.Link:     record.Skipped,
	target.Remember: record.Unchanged,
	target.Leave:    record.Unchanged,
	target.Skip:     record.Skipped,
	target.Keep:     record.Skipped,
	target.Alias:    record.Duplicate,
}

// disposition is the end of a record that was not rejected. A linked one that
// is left alone is no row of ours that stays as it is: it is skipped each time.
func (u *unit) disposition() record.Disposition {
	if u.situation.Linked && u.action == target.Leave {
		return record.Skipped
	}
	return dispositionOf[u.action]
}

// lines tells the end of every record of the batch.
func (l *landing) lines() []ledger.Line {
	// A run over few records tells each of them in full; a run over all keeps
	// entries for what a person will ask about, unless the mapping wants all.
	detail := l.runner.run.Kind() != ledger.KindAll || l.LogFull
	lines := make([]ledger.Line, len(l.units))
	for i := range l.units {
		u, item := &l.units[i], &l.batch.Items[i]
		line := ledger.Line{Key: item.Ref.Key, Number: item.Number, Line: item.Line}
		if u.rejection != nil {
			line.Disposition = u.rejection.Disposition()
			switch {
			case u.entry.OnTarget():
				line.TargetKey = u.entry.TargetKey
			case u.action == target.Adopt:
				line.TargetKey = u.keyText // of the row that was to be taken over
			}
			line.Entry = &ledger.Entry{
				Step: u.rejection.Step, Field: u.rejection.Field, Code: u.rejection.Code,
				Message: u.rejection.Message(), Source: cellsJSON(item.Values),
			}
			if l.LogFull || len(u.unwritten) > 0 {
				line.Entry.Before = imageOf(l.Columns, u.before)
			}
			lines[i] = line
			continue
		}
		line.Disposition, line.TargetKey = u.disposition(), u.keyText
		if detail || tellsMore(u) {
			line.Entry = l.entry(u, item.Values)
		}
		lines[i] = line
	}
	return lines
}

// tellsMore reports whether the record has a story beyond its disposition.
func tellsMore(u *unit) bool {
	if u.verified {
		return true
	}
	switch u.action {
	case target.Update, target.Adopt, target.Link, target.Keep, target.Alias:
		return true
	case target.Create:
		return u.situation.RowGone || u.superseded.Key != ""
	}
	return false
}

func (l *landing) entry(u *unit, source []record.Value) *ledger.Entry {
	entry := &ledger.Entry{Source: l.sourceOf(source)}
	switch u.action {
	case target.Adopt:
		entry.Role, entry.Message = "adopted", "a row of the target matched; it is updated from now on"
	case target.Link:
		entry.Role, entry.Message = "linked", "a row of the target matched; it is pointed at and left alone"
	case target.Alias:
		entry.Role, entry.Message = "alias", fmt.Sprintf("it is the same row as %s, which came first", record.Ref{Entity: l.Name, Key: u.survivor})
	case target.Keep:
		entry.Step, entry.Code, entry.Message = record.StepDecide, record.CodeEdited, "the target row was changed since it was written; it is kept as it is"
	case target.Create:
		if u.situation.RowGone {
			entry.Message = "the row written earlier was gone; it is written again"
		}
	}
	if u.verified {
		entry.Message = joinWords(entry.Message, ledger.FoundCarriedOut)
	}
	if u.superseded.Key != "" {
		entry.Message = fmt.Sprintf("its key was that of %s, whose row is gone", u.superseded)
	}
	if u.action == target.Update || u.action == target.Adopt || l.LogFull {
		entry.Before = imageOf(l.Columns, u.before)
	}
	if u.action == target.Update || u.action == target.Adopt || u.action == target.Create {
		row := u.row
		if len(l.Columns) > len(l.Program.Columns) {
			row = append(append([]record.Value(nil), u.key...), u.row[len(l.Key):]...)
		}
		entry.After = imageOf(l.Columns, row)
	}
	return entry
}

// cellsJSON is the record as it was read.
func cellsJSON(values []record.Value) string {
	cells := make([]*string, len(values))
	for i, value := range values {
		if !value.IsNull() {
			text := value.String()
			cells[i] = &text
		}
	}
	return ledger.EncodeCells(cells)
}

// joinWords puts a further thing that is said behind what was said before.
func joinWords(before, further string) string {
	if before == "" {
		return further
	}
	return before + "; " + further
}
