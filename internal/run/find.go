package run

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/crosswalk"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/source"
)

// findBy puts the keys of parents in place of what they are found by.
func (l *landing) findBy(ctx context.Context, ref mapping.RefField, place int, parents []record.Ref) error {
	entity := ref.Entities[0]
	var texts []string
	asked := map[string]bool{}
	l.each(func(i int, _ *unit) *record.Rejection {
		if text := parents[i].Key; parents[i].Entity != "" && !asked[text] {
			asked[text] = true
			texts = append(texts, text)
		}
		return nil
	})
	answers, err := l.parents[entity].Find(ctx, l.tx, ref.Field.AliasName(), texts)
	if err != nil {
		return err
	}
	by := strings.Join(ref.Field.By, ", ")
	l.each(func(i int, u *unit) *record.Rejection {
		if parents[i].Entity == "" {
			return nil
		}
		answer := answers[parents[i].Key]
		parents[i].Key = answer.SourceKey
		switch {
		case answer.Count == 1:
			return nil
		case answer.Count > 1:
			return l.unresolved(i, place, record.CodeAmbiguous, fmt.Errorf("%d records of %s have that %s: refer by what is unique", answer.Count, entity, by))
		}
		parents[i] = record.Ref{}
		if ref.OnOrphan == mapping.OrphanNull {
			u.row[place] = record.Null()
			return nil
		}
		return l.unresolved(i, place, record.CodeMissingParent, fmt.Errorf("no run has read a %s with that %s: mend the reference or what leaves it out, or set `missing: null` to leave it empty", entity, by))
	})
	return nil
}

func (l *landing) unresolved(i, place int, code record.Code, err error) *record.Rejection {
	return &record.Rejection{Ref: l.batch.Items[i].Ref, Step: record.StepResolve, Field: l.Columns[place].Name, Code: code, Err: err}
}

// call notes what the batch's records are found by, whether they landed or not:
// who refers to one that did not is to be told so.
func (l *landing) call(ctx context.Context) error {
	for _, alias := range l.Aliases {
		var called []crosswalk.Called
		taken := map[string]bool{}
		for i := range l.units {
			item := &l.batch.Items[i]
			if item.Ref.Key == "" || taken[item.Ref.Key] || notFirst(item.Rejection) {
				continue
			}
			taken[item.Ref.Key] = true
			text, complete := alias.Text(item.Values)
			// The books index it together with the key.
			if tooLong := len(alias.Name)+len(text)+len(item.Ref.Key) > source.MaxKey; !complete || tooLong || l.storable(i, 0, text, "") != nil {
				text = ""
			}
			called = append(called, crosswalk.Called{SourceKey: item.Ref.Key, Text: text})
		}
		if err := l.store.Call(ctx, l.tx, alias.Name, called, l.uncalled); err != nil {
			return fmt.Errorf("writing what records are found by: %w", err)
		}
	}
	return nil
}

// replaced reports whether another record goes on in place of one that no run has
// landed.
func replaced(u *unit) bool {
	return u.rejection != nil && u.rejection.Code == record.CodeRepeated && !u.inBooks
}

// notFirst reports whether a record was rejected since another has its key.
func notFirst(rejection *record.Rejection) bool {
	return rejection != nil && rejection.Step == record.StepDedupe && rejection.Field == ""
}
