package report

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/proof"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// AccountOptions say what of a run is told.
type AccountOptions struct {
	Program     string        // name and version of the program
	File        *mapping.File // what is private; as it is now
	ShowPrivate bool

	// asOf is an earlier report of the run: what is told is what it could tell.
	asOf *Account
}

const (
	reasonsTold   = 200 // groups of rejections
	examplesTold  = 3   // records of each
	onlyTold      = 20  // Refs of a run over few
	followersTold = 50
)

// Tell gathers what the books know of a run, and takes its digests.
func Tell(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, o AccountOptions) (*Account, error) {
	a, err := gather(ctx, tx, l, run, o)
	if err != nil || !proof.Final(run.State) {
		return a, err
	}
	if a.Books, err = proof.Take(ctx, tx, l, run, a.reconciliations); err != nil {
		return nil, fmt.Errorf("the digests of %s: %w", run.Name, err)
	}
	return a, nil
}

func gather(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, o AccountOptions) (*Account, error) {
	a := &Account{Format: accountFormat, Program: o.Program, Layout: layout, ShowsPrivate: o.ShowPrivate, Mapping: run.Mapping}
	now, _, err := l.Books().One(ctx, tx, "SELECT "+l.Books().Now(0))
	if err != nil {
		return nil, err
	}
	a.MadeAt = now[0].String()
	runs, err := l.Runs(ctx, tx, run.Migration)
	if err != nil {
		return nil, err
	}
	a.Run, a.veils = accountRun(run, runs), NewVeils(o.File, runs)
	for _, part := range []func() error{
		func() error { return a.tellEntities(ctx, tx, l, run, o) },
		func() error { return a.tellPace(ctx, tx, l, run) },
		func() error { return a.tellRejections(ctx, tx, l, run) },
		func() error { return a.tellFollowers(ctx, tx, l, run, runs) },
		func() error { return a.tellMeasures(ctx, tx, l, run, o) },
		func() error { return a.tellReconciliation(ctx, tx, l, run, o) },
	} {
		if err := part(); err != nil {
			return nil, fmt.Errorf("the report of %s: %w", run.Name, err)
		}
	}
	return a, nil
}

func accountRun(run *ledger.Run, runs []*ledger.Run) AccountRun {
	told := AccountRun{
		ID: run.ID, Name: run.Name, Migration: run.Migration, Mode: run.Mode, Over: run.Kind(), State: run.State, Actor: run.Actor, Host: run.Host,
		Target: run.Options.Target, StartedAt: run.StartedAt, EndedAt: run.EndedAt, Error: run.Error, MappingHash: run.MappingHash,
		Limit: run.Options.Limit, Inputs: run.Options.Inputs, BatchRecords: run.Options.Records, BatchBytes: run.Options.Bytes,
		Only: run.Options.Only,
	}
	if len(run.Seal) > 0 {
		told.Seal = hexText(run.Seal)
	}
	if more := len(told.Only) - onlyTold; more > 0 {
		told.Only, told.OnlyMore = told.Only[:onlyTold], more
	}
	for _, other := range runs {
		if other.ID == run.ParentID {
			told.Parent = other.Name
		}
	}
	return told
}

func (a *Account) tellEntities(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, o AccountOptions) error {
	entities, err := l.Entities(ctx, tx, run.ID)
	if err != nil {
		return err
	}
	a.Entities = []AccountEntity{}
	place := map[int64]int{}
	for i := range entities {
		stored := &entities[i]
		place[stored.ID] = i
		told := AccountEntity{
			Name: stored.Name, Done: stored.Done, Origin: stored.Origin, Input: stored.Input, Counts: map[record.Disposition]int64{},
			SourceCount: sourceCount(stored.Slices), Slices: []AccountSlice{},
		}
		for _, slice := range stored.Sealed() {
			part := AccountSlice{Name: slice.Name, Count: slice.Count}
			if len(slice.Seal) > 0 {
				part.Seal = hexText(slice.Seal)
			}
			told.Slices = append(told.Slices, part)
		}
		a.Entities = append(a.Entities, told)
	}
	if err := a.tellBatches(ctx, tx, l, run, entities, place); err != nil {
		return err
	}
	if err := a.tellRoles(ctx, tx, l, run, o, place); err != nil {
		return err
	}
	for i := range a.Entities {
		a.Entities[i].Balance = balance(run, &a.Entities[i])
	}
	return nil
}

func sourceCount(slices []ledger.Slice) int64 {
	total := int64(0)
	for _, slice := range slices {
		if slice.Count < 0 {
			return -1
		}
		total += slice.Count
	}
	return total
}

// tellBatches adds up the markers.
func (a *Account) tellBatches(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, entities []ledger.Entity, place map[int64]int) error {
	return l.Books().Query(ctx, tx, func(row []record.Value) error {
		i, known := place[row[0].Int()]
		if !known {
			return nil
		}
		entity := &a.Entities[i]
		entity.Read += row[2].Int()
		var counts ledger.Counts
		if err := json.Unmarshal([]byte(row[3].String()), &counts); err != nil {
			return fmt.Errorf("a marker of %s: %w", entity.Name, err)
		}
		ledger.Counts(entity.Counts).Add(counts)
		for s, slice := range entities[i].Sealed() {
			if int64(slice.Number) == row[1].Int() {
				part := &entity.Slices[s]
				part.Batches++
				part.Read += row[2].Int()
				part.LastAt = max(part.LastAt, row[4].String())
			}
		}
		return nil
	}, "SELECT entity_id, slice_no, records, counts, committed_at FROM {marker} WHERE run_id = ? ORDER BY entity_id, slice_no, ordinal", run.ID)
}

// tellRoles counts the rows that were there before, and names target tables.
func (a *Account) tellRoles(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, o AccountOptions, place map[int64]int) error {
	err := l.Books().Query(ctx, tx, func(row []record.Value) error {
		if i, known := place[row[0].Int()]; known {
			switch row[1].String() {
			case "adopted":
				a.Entities[i].Adopted = row[2].Int()
			case "linked":
				a.Entities[i].Linked = row[2].Int()
			}
		}
		return nil
	}, "SELECT entity_id, role, count(*) FROM {entry} WHERE run_id = ? AND role IS NOT NULL GROUP BY entity_id, role", run.ID)
	if err != nil {
		return err
	}
	newest := int64(math.MaxInt64)
	if o.asOf != nil && o.asOf.Books != nil {
		newest = o.asOf.Books.Bounds.Shape
	}
	return l.Books().Query(ctx, tx, func(row []record.Value) error {
		if i, known := place[row[0].Int()]; known {
			a.Entities[i].Table = row[1].String()
		}
		return nil
	}, "SELECT s.entity_id, t.name FROM {shape} s JOIN {target_table} t ON t.id = s.table_id WHERE s.id <= ? ORDER BY s.id", newest)
}

// The balances that accuse nobody.
const (
	balanceHolds = "holds"
	balanceOpen  = "open" // the entity has not ended
)

// balance says whether every record that was read has its one end.
func balance(run *ledger.Run, e *AccountEntity) string {
	ends := ledger.Counts(e.Counts).Total()
	switch {
	case ends != e.Read:
		return fmt.Sprintf("%s read, %s have an end", grouped(e.Read), grouped(ends))
	case !e.Done:
		return balanceOpen
	case run.Kind() == ledger.KindAll && e.SourceCount >= 0 && e.SourceCount != e.Read:
		return fmt.Sprintf("the source counted %s", grouped(e.SourceCount))
	}
	return balanceHolds
}

func (a *Account) tellRejections(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run) error {
	reasons, err := Reasons(ctx, tx, l, run.ID, reasonsTold, examplesTold)
	if err != nil {
		return err
	}
	slices.SortStableFunc(reasons, func(a, b Reason) int { return cmp.Compare(b.Count, a.Count) })
	a.Rejections = reasons
	a.OtherRejections = a.Open()
	for _, reason := range reasons {
		a.OtherRejections -= reason.Count
	}
	// An entry that was superseded is counted with its group and ended well.
	a.OtherRejections = max(0, a.OtherRejections)
	return nil
}

func (a *Account) tellFollowers(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, run *ledger.Run, runs []*ledger.Run) error {
	for i := len(runs) - 1; i >= 0 && len(a.Followers) < followersTold; i-- {
		later := runs[i]
		if later.ParentID != run.ID {
			continue
		}
		told := AccountFollower{
			Name: later.Name, Mode: later.Mode, Over: later.Kind(), State: later.State, Actor: later.Actor, StartedAt: later.StartedAt,
			Counts: map[record.Disposition]int64{}, id: later.ID, endedAt: later.EndedAt,
		}
		err := l.Books().Query(ctx, tx, func(row []record.Value) error {
			var counts ledger.Counts
			err := json.Unmarshal([]byte(row[0].String()), &counts)
			ledger.Counts(told.Counts).Add(counts)
			return err
		}, "SELECT counts FROM {marker} WHERE run_id = ?", later.ID)
		if err != nil {
			return err
		}
		a.Followers = append(a.Followers, told)
	}
	return nil
}
