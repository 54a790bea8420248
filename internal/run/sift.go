package run

import (
	"context"
	"fmt"

	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/target"
)

// Sifted is a record, as far as its source and the mapping alone tell what would
// become of it.
type Sifted struct {
	Entity    string
	Number    int64
	Line      int64
	Rejection *record.Rejection // nil: it would go on to the target
}

// Sift reads every record and shapes it as a run does, and stops where a run
// would turn to the target or to its books: it needs neither. Every record is
// told, in the order of reading.
func Sift(ctx context.Context, m *migration.Migration, o Options, tell func(Sifted) error) error {
	if o.Records == 0 {
		o.Records = DefaultRecords
	}
	if o.Bytes == 0 {
		o.Bytes = DefaultBytes
	}
	if o.Mode == "" {
		o.Mode = target.Full
	}
	r := newRunner(m, o, nil)
	_, entities, err := r.wants(ctx)
	if err != nil {
		return err
	}
	for i := range entities {
		e := &entityRun{runner: r, Entity: m.Entity(entities[i].Name), stored: &entities[i], counts: ledger.Counts{}}
		err := e.eachBatch(ctx, func(batch *shaped) error {
			for _, item := range batch.Items {
				if err := tell(Sifted{Entity: e.Name, Number: item.Number, Line: item.Line, Rejection: item.Rejection}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
	}
	return nil
}
