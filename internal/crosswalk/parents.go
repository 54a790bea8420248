package crosswalk

import (
	"context"
	"sync"

	"landfall/internal/sqldb"
)

// Parents answers "which target row did this parent become?" for one parent
// entity, one query per batch behind a bounded cache. It holds only parents
// that are on the target and committed: a child's entity starts when its
// parents' entities have ended.
type Parents struct {
	store *Store
	mu    sync.Mutex // several lanes ask at a time
	// Two generations: when the young one is full it becomes the old one, so the
	// cache is bounded by twice its limit and what is in use stays in it.
	young, old map[string]string
	limit      int
}

// parentLimit bounds a generation; a key costs around a hundred bytes.
const parentLimit = 100_000

// NewParents makes the look-up over a parent entity's crosswalk.
func NewParents(store *Store) *Parents {
	return &Parents{store: store, young: map[string]string{}, limit: parentLimit}
}

// Resolve returns the target keys of those source keys whose records are on
// the target.
func (p *Parents) Resolve(ctx context.Context, tx sqldb.Tx, keys []string) (map[string]string, error) {
	resolved, missing := p.recall(keys)
	rows, err := p.store.Lookup(ctx, tx, missing)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, row := range rows {
		if row.OnTarget() {
			resolved[key] = row.TargetKey
			p.remember(key, row.TargetKey)
		}
	}
	return resolved, nil
}

// WrittenBy finds those of the keys whose entries a run has written.
func (p *Parents) WrittenBy(ctx context.Context, tx sqldb.Tx, run int64, keys []string) (map[string]bool, error) {
	rows, err := p.store.Lookup(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	written := map[string]bool{}
	for key := range rows {
		if row := rows[key]; row.LastRun == run || row.FirstRun == run {
			written[key] = true
		}
	}
	return written, nil
}

// RolledBack finds those of the keys whose records a rollback took from the
// target, with the runs that it undid.
func (p *Parents) RolledBack(ctx context.Context, tx sqldb.Tx, keys []string) (map[string]int64, error) {
	return p.store.RolledBack(ctx, tx, keys)
}

// recall answers from the cache, and lists the keys that are not in it.
func (p *Parents) recall(keys []string) (resolved map[string]string, missing []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	resolved = make(map[string]string, min(len(keys), 1024))
	asked := map[string]bool{}
	for _, key := range keys {
		if target, ok := p.young[key]; ok {
			resolved[key] = target
		} else if target, ok := p.old[key]; ok {
			resolved[key] = target
			p.remember(key, target)
		} else if !asked[key] {
			asked[key] = true
			missing = append(missing, key)
		}
	}
	return resolved, missing
}

func (p *Parents) remember(key, target string) {
	if len(p.young) >= p.limit {
		p.old, p.young = p.young, make(map[string]string, p.limit)
	}
	p.young[key] = target
}
