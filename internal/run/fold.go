package run

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/sqldb"
)

// checkFolds refuses a `fold` that is not the one under which the entity's
// records landed: the crosswalk calls them by keys that would be met no more, and
// every one of them would land a second time. Runs come newest first.
func (r *runner) checkFolds(ctx context.Context, tx sqldb.Tx, runs []*ledger.Run) error {
	for _, e := range r.m.Entities {
		was, known := foldOf(runs, e)
		is := foldLine(e.Describe(), e.Name)
		if !known || was == is {
			continue
		}
		store, err := crosswalk.Open(ctx, tx, r.books, r.m.File.Name, e.Name, e.Table.Name.String())
		if err != nil {
			return err
		}
		landed, err := store.Any(ctx, tx)
		if err != nil {
			return err
		}
		if landed {
			return r.m.File.Problem(e.From.Position, fmt.Sprintf("%s.from: fold was %s when its records landed and is %s: they are known by keys that would not be met any more, and would land twice; put it back",
				e.Name, orNone(was), orNone(is)))
		}
	}
	return nil
}

// foldOf finds the fold of the newest run that knew the entity.
func foldOf(runs []*ledger.Run, e *migration.Entity) (fold string, known bool) {
	for _, run := range runs {
		for _, name := range []string{e.Name, e.RenamedFrom} {
			for _, line := range run.Mapping {
				if name != "" && strings.HasPrefix(line, name+".") {
					return foldLine(run.Mapping, name), true
				}
			}
		}
	}
	return "", false
}

func foldLine(lines []string, entity string) string {
	for _, line := range lines {
		if fold, found := strings.CutPrefix(line, entity+".from.fold: "); found {
			return fold
		}
	}
	return ""
}

func orNone(fold string) string {
	if fold == "" {
		return "none"
	}
	return fold
}
