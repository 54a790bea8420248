package run

import (
	"errors"
	"fmt"
	"strings"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/target"
)

// takeOutcomes gives every record what came of its order.
func (r *remoteLanding) takeOutcomes() {
	verified := 0
	for n, i := range r.places {
		u, outcome := &r.l.units[i], &r.states[n]
		ref := r.batch.Items[i].Ref
		u.verified = outcome.Verified && outcome.State == target.Done
		switch {
		case len(outcome.Unwritten) > 0:
			u.unwritten = outcome.Unwritten
			u.rejection = &record.Rejection{
				Ref: ref, Step: record.StepLand, Code: record.CodePartial, Field: strings.Join(outcome.Unwritten, ", "),
				Err: fmt.Errorf("the record was changed in part, and not in these fields: %s; a retry sends the rest", orWord(outcome.Message, "the API refused them")),
			}
		case outcome.State == target.Done:
			if u.verified {
				verified++
			}
			if u.action == target.Create && r.To.NewKey == mapping.KeyIdentity {
				u.rejection = r.l.giveKey(i, u, outcome.Key)
			}
		case outcome.State == target.Refused:
			code := outcome.Code
			if code == "" {
				code = record.CodeRefused
			}
			u.rejection = &record.Rejection{
				Ref: ref, Step: record.StepLand, Code: code, Field: strings.Join(outcome.Columns, ", "),
				Err: errors.New(orWord(outcome.Message, "the API refused the record and gave no reason")),
			}
		case outcome.State == target.Unsent:
			code := outcome.Code
			if code == "" {
				code = record.CodeRefused
			}
			u.rejection = &record.Rejection{
				Ref: ref, Step: record.StepLand, Code: code,
				Err: fmt.Errorf("%s: %s; a retry sends it again", ledger.NotCarriedOut, orWord(outcome.Message, "the API takes no such calls for now")),
			}
		default:
			u.rejection = r.unknown(ref, outcome)
		}
	}
	r.l.heldAll()
	if verified > 0 {
		r.say(EventVerified, fmt.Sprintf("the answers for %d records were lost, and the records were found to be as they must be", verified))
	}
}

// unknown is the end of a record of which nobody knows what became of it.
func (e *entityRun) unknown(ref record.Ref, outcome *target.Outcome) *record.Rejection {
	what := "the API could not be asked what became of it: `landfall retry` asks again"
	if outcome.Unaskable || !e.Remote.Abilities().Settles {
		what = "there is no way to ask the API what became of it: look there by hand; where it is not there, `landfall retry --send-again` sends it once more"
	}
	code := outcome.Code
	if code == "" {
		code = record.CodeNoAnswer
	}
	message := "it was sent, and whether it was carried out is not known"
	if outcome.Message != "" {
		message += " (" + outcome.Message + ")"
	}
	return &record.Rejection{Ref: ref, Step: record.StepLand, Code: code, Unknown: true, Err: errors.New(message + "; " + what)}
}

// giveKey takes the key that the API gave a record.
func (l *landing) giveKey(i int, u *unit, key []record.Value) *record.Rejection {
	if len(key) != len(l.Key) {
		return &record.Rejection{
			Ref: l.batch.Items[i].Ref, Step: record.StepLand, Code: record.CodeNoAnswer, Unknown: true,
			Err: fmt.Errorf("the API took the record and did not say under which key: look where the mapping says that the answer has it"),
		}
	}
	copy(u.row, key)
	u.setKey(key)
	return nil
}

func orWord(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
