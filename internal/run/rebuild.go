package run

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/guard"
	"landfall/internal/indexwork"
	"landfall/internal/migration"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// RebuildIndexes makes the indexes again that runs of the migration took and
// did not give back, while no run of it goes on. It returns those that were
// away, even beside an *IndexesError.
func RebuildIndexes(ctx context.Context, end *migration.TargetEnd, o Options) ([]indexwork.Dropped, error) {
	return overLeft(ctx, end, o, "indexes rebuild", func(ctx context.Context, s *Session, b *books.Books, _ []indexwork.Dropped) error {
		return s.rebuildLeft(ctx, b, end.File.Name, nil)
	})
}

// ForgetIndexes gives up indexes that are away, by their names: nobody makes
// them again. It returns those that it gave up.
func ForgetIndexes(ctx context.Context, end *migration.TargetEnd, o Options, names []string, reason string) ([]indexwork.Dropped, error) {
	var given []indexwork.Dropped
	_, err := overLeft(ctx, end, o, "indexes forget", func(ctx context.Context, s *Session, b *books.Books, left []indexwork.Dropped) error {
		for _, name := range names {
			found := false
			for _, d := range left {
				if d.Index == name {
					found, given = true, append(given, d)
				}
			}
			if !found {
				given = nil
				return notAway(name)
			}
		}
		return s.Loader.Land(ctx, func(ctx context.Context, a target.Attempt) error {
			if err := s.Check(ctx, a.Tx); err != nil {
				return err
			}
			for i := range given {
				if err := indexwork.Forget(ctx, a.Tx, b, &given[i], reason); err != nil {
					return err
				}
			}
			return nil
		}, s.Again)
	})
	if err == nil && len(given) == 0 {
		err = notAway(names[0])
	}
	return given, err
}

func notAway(name string) error {
	return fmt.Errorf("%w: no index %s is away: `landfall indexes` lists those that are", ErrUnknownRun, name)
}

// overLeft does work under the migration's lease.
func overLeft(ctx context.Context, end *migration.TargetEnd, o Options, command string, work func(context.Context, *Session, *books.Books, []indexwork.Dropped) error) ([]indexwork.Dropped, error) {
	b, err := books.New(end.Looker().Dialect())
	if err != nil {
		return nil, err
	}
	left, err := indexwork.LeftIn(ctx, end.Looker(), b, end.File.Name)
	if err != nil || len(left) == 0 {
		return nil, err
	}
	asking := o.asking(end.File.Name, false)
	asking.Command, asking.Unplanned, asking.Mending = command, true, true
	r := &runner{Session: &Session{Target: end}, o: o} // for what it tells and the points it passes
	r.Tell, r.Point = r.tell, r.point
	s := r.Session
	loader := &target.Loader{Open: end.OpenTarget, Dialect: b.Dialect(), Patience: o.Patience, Waiting: r.waiting}
	defer loader.Close(context.WithoutCancel(ctx))
	s.Loader, s.Gate = loader, guard.NewGate(b, guard.RulesOf(end.File, end.Target, end.Looker()), asking)
	if err := s.Gate.Open(ctx, end.Looker()); err != nil {
		return nil, err
	}
	defer s.Release()
	if err := s.Begin(ctx, b, end.File.Name, func(context.Context, sqldb.Tx) (string, error) { return command, nil }); err != nil {
		return nil, err
	}
	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	keeper := KeepLease(end.OpenTarget, s.Lease, command, func(err error) { lost(err) }, func(error) {})
	defer keeper.End()
	return left, work(ctx, s, b, left)
}
