package report

import (
	"context"
	"encoding/json"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Summary is a run in numbers: the content of report.json.
type Summary struct {
	Run         string                  `json:"run"`
	RollsBack   string                  `json:"rolls_back,omitempty"` // the run that a rollback undoes
	Migration   string                  `json:"migration"`
	Mode        string                  `json:"mode"`
	Kind        string                  `json:"kind"`
	State       ledger.State            `json:"state"`
	Actor       string                  `json:"actor"`
	Host        string                  `json:"host"`
	Target      string                  `json:"target"`
	MappingHash string                  `json:"mapping_hash"`
	StartedAt   string                  `json:"started_at"`
	EndedAt     string                  `json:"ended_at,omitempty"`
	Error       string                  `json:"error,omitempty"`
	Order       []string                `json:"order"`
	Entities    map[string]EntityCounts `json:"entities"`
	// OpenQuestions are what the mapping still asked when the report was written.
	OpenQuestions []OpenQuestion `json:"open_questions,omitempty"`
	Reasons       []Reason       `json:"rejections"`
	// Totals and Fingerprints are what was measured around the run, by entity.
	Totals       map[string][]Total     `json:"totals,omitempty"`
	Fingerprints map[string]Fingerprint `json:"fingerprints,omitempty"`
	// Unjudged are columns of which a rollback cannot tell whether people have
	// edited them.
	Unjudged []ledger.Unjudged `json:"unjudged,omitempty"`
	Seals    map[string]string `json:"seals"`          // entity/slice -> the seal over its hash chain
	Seal     string            `json:"seal,omitempty"` // over the run and all of those; of a completed run
}

// EntityCounts are an entity's numbers in a run. They satisfy the balance:
// read is the sum of all others.
type EntityCounts struct {
	Read      int64 `json:"read"`
	Created   int64 `json:"created"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"`
	Duplicate int64 `json:"duplicate"`
	Skipped   int64 `json:"skipped"`
	Failed    int64 `json:"failed"`
	Blocked   int64 `json:"blocked"`
	Unknown   int64 `json:"unknown"`
	Reversed  int64 `json:"reversed,omitempty"` // of a rollback, whose read records are those that the run had touched
	Kept      int64 `json:"kept,omitempty"`
}

// Of returns the number of one disposition.
func (c *EntityCounts) Of(d record.Disposition) *int64 {
	switch d {
	case record.Created:
		return &c.Created
	case record.Updated:
		return &c.Updated
	case record.Unchanged:
		return &c.Unchanged
	case record.Duplicate:
		return &c.Duplicate
	case record.Skipped:
		return &c.Skipped
	case record.Failed:
		return &c.Failed
	case record.Blocked:
		return &c.Blocked
	case record.Reversed:
		return &c.Reversed
	case record.Kept:
		return &c.Kept
	}
	return &c.Unknown
}

// Open is how many records a retry would run again, or a rollback could not
// reverse.
func (c *EntityCounts) Open() int64 { return c.Failed + c.Blocked + c.Unknown + c.Kept }

// reasonsKept is how many groups of rejections report.json lists.
const reasonsKept = 100

// Summarize adds a run up from its markers.
func Summarize(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run) (*Summary, error) {
	s := &Summary{
		Run: run.Name, Migration: run.Migration, Mode: run.Mode, Kind: run.Kind(), State: run.State,
		Actor: run.Actor, Host: run.Host, Target: run.Options.Target, MappingHash: run.MappingHash,
		StartedAt: run.StartedAt, EndedAt: run.EndedAt, Error: run.Error,
		Entities: map[string]EntityCounts{}, Seals: map[string]string{}, Unjudged: run.Options.Unjudged,
	}
	if len(run.Seal) > 0 {
		s.Seal = hexText(run.Seal)
	}
	var err error
	if run.Mode == ledger.ModeRollback {
		if s.RollsBack, err = l.NameOf(ctx, tx, run.ParentID); err != nil {
			return nil, err
		}
	}
	entities, err := l.Entities(ctx, tx, run.ID)
	if err != nil {
		return nil, err
	}
	for _, entity := range entities {
		s.Order = append(s.Order, entity.Name)
		var counts EntityCounts
		for _, slice := range entity.Sealed() {
			if len(slice.Seal) > 0 {
				s.Seals[entity.Name+"/"+slice.Name] = hexText(slice.Seal)
			}
			err := l.Markers(ctx, tx, run.ID, entity.ID, slice.Number, func(m *ledger.Marker) error {
				counts.Read += m.Records
				for disposition, n := range m.Counts {
					*counts.Of(disposition) += n
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
		s.Entities[entity.Name] = counts
	}
	if err := s.measures(ctx, tx, l, run.ID, entities); err != nil {
		return nil, err
	}
	s.Reasons, err = Reasons(ctx, tx, l, run.ID, reasonsKept, examplesPerReason)
	return s, err
}

// Open is how many of the run's records did not land, or were not reversed.
func (s *Summary) Open() int64 {
	open := int64(0)
	for _, counts := range s.Entities {
		open += counts.Open()
	}
	return open
}

// JSON is the summary as report.json holds it.
func (s *Summary) JSON() ([]byte, error) {
	out, err := json.MarshalIndent(s, "", "  ")
	return append(out, '\n'), err
}

// Reversed is how many records a rollback has reversed.
func (s *Summary) Reversed() int64 {
	reversed := int64(0)
	for _, counts := range s.Entities {
		reversed += counts.Reversed
	}
	return reversed
}
