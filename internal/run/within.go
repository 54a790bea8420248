package run

import (
	"context"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/target"
)

// inBatch is a reference to a record of the same batch that is not on the
// target yet: it is filled in when that one has its key.
type inBatch struct {
	ref    mapping.RefField
	place  int
	parent int // its place in the batch
	key    string
}

// places are where the records of the batch stand, by source key. The first of
// a key counts: a later one is a duplicate.
func (l *landing) places() map[string]int {
	if l.at == nil {
		l.at = make(map[string]int, len(l.units))
		for i := range l.units {
			if key := l.batch.Items[i].Ref.Key; key != "" {
				if _, taken := l.at[key]; !taken {
					l.at[key] = i
				}
			}
		}
	}
	return l.at
}

// fillIn gives references within the batch the keys of their parents, and
// decides again where a known record's content was not complete before.
func (l *landing) fillIn() {
	if l.at == nil {
		return
	}
	for again := true; again; {
		again = false
		for _, step := range []func(int, *unit) *record.Rejection{l.withoutParent, l.withParent} {
			l.each(func(i int, u *unit) *record.Rejection {
				rejection := step(i, u)
				again = again || rejection != nil
				return rejection
			})
		}
	}
	l.each(func(i int, u *unit) *record.Rejection {
		if !u.incomplete {
			return nil
		}
		u.hash = l.hasher.Sum(u.row)
		return l.decideAgain(i, u)
	})
}

// withParent fills in the keys of parents that have theirs.
func (l *landing) withParent(i int, u *unit) *record.Rejection {
	for _, within := range u.within {
		parent := &l.units[within.parent]
		if parent.rejection != nil {
			continue
		}
		if rejection := l.refer(i, u, within.place, record.Ref{Entity: l.Name, Key: within.key}, parent.keyText); rejection != nil {
			return rejection
		}
	}
	return nil
}

// withoutParent says what becomes of a record whose parent in the batch was
// rejected.
func (l *landing) withoutParent(i int, u *unit) *record.Rejection {
	for n := 0; n < len(u.within); n++ {
		within := u.within[n]
		parent := l.units[within.parent].rejection
		if parent == nil {
			continue
		}
		cause := ledger.Cause{RunName: l.runner.run.Name, Disposition: parent.Disposition(), Code: parent.Code, Field: parent.Field}
		rejection := l.orphan(i, u, within.ref, within.place, record.Ref{Entity: l.Name, Key: within.key}, map[string]ledger.Cause{within.key: cause})
		if rejection != nil {
			return rejection
		}
		u.within = append(u.within[:n:n], u.within[n+1:]...) // it stays empty
		n--
	}
	return nil
}

// decideAgain decides upon a known record now that its row is complete.
func (l *landing) decideAgain(i int, u *unit) *record.Rejection {
	if !u.situation.Known || u.situation.Linked || u.situation.RowGone {
		return nil
	}
	u.situation.SameSource = u.entry.HasHash && u.entry.ShapeID == l.shapeID && u.entry.Hash == u.hash
	u.situation.SameRow = u.before != nil && l.hasher.Sum(u.before) == u.hash
	action, rejection := target.Decide(u.situation, l.policy)
	u.action = action
	if rejection != nil {
		rejection.Ref = l.batch.Items[i].Ref
	}
	return rejection
}

const batchSavepoint = "landfall_batch"

// writeAll lands the batch. Where a record is refused that others of the batch
// refer to, all goes back, they are told, and the rest lands again.
func (l *landing) writeAll(ctx context.Context, careful bool) (refused bool, err error) {
	if l.at == nil && !l.To.Collapse {
		return l.write(ctx, careful)
	}
	for {
		if _, err := l.tx.Exec(ctx, "SAVEPOINT "+batchSavepoint); err != nil {
			return false, err
		}
		before := make([]*record.Rejection, len(l.units))
		for i := range l.units {
			before[i] = l.units[i].rejection
		}
		if w, measures := l.rows.(watched); measures {
			w.seen().forget()
		}
		now, err := l.write(ctx, careful)
		if err != nil {
			return false, err
		}
		refused = refused || now
		roots := l.roots(before)
		if !l.strands(roots) {
			_, err := l.tx.Exec(ctx, "RELEASE SAVEPOINT "+batchSavepoint)
			return refused, err
		}
		if _, err := l.tx.Exec(ctx, "ROLLBACK TO SAVEPOINT "+batchSavepoint); err != nil {
			return false, err
		}
		for i := range l.units {
			if !roots[i] {
				l.units[i].rejection = before[i]
			}
		}
		l.fillIn()
		if err := l.collapse(ctx); err != nil {
			return false, err
		}
		careful = true
	}
}

// roots are the records that the target refused for reasons of their own, not
// because one that they refer to was refused.
func (l *landing) roots(before []*record.Rejection) map[int]bool {
	roots := map[int]bool{}
	for i := range l.units {
		u := &l.units[i]
		if u.rejection == nil || before[i] != nil {
			continue
		}
		follows := false
		for _, within := range u.within {
			follows = follows || within.parent != i && l.units[within.parent].rejection != nil
		}
		if !follows || u.rejection.Code != record.CodeForeignKey {
			roots[i] = true
		}
	}
	return roots
}

// strands reports whether a record refers to one of those or became the same
// row, and is not among them itself.
func (l *landing) strands(roots map[int]bool) bool {
	for i := range l.units {
		u := &l.units[i]
		for _, within := range u.within {
			if roots[within.parent] && !roots[i] {
				return true
			}
		}
		if u.copyOf != nil && u.copyOf.rejection != nil {
			return true
		}
	}
	return false
}
