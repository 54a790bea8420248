package entries

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/crosswalk"
	"landfall/internal/ledger"
	"landfall/internal/record"
)

// refuse notes what is wrong with a line.
func (i *importing) refuse(p *pair, format string, args ...any) {
	i.wrong.add(i.ref(p), "line %d: %s", p.line, fmt.Sprintf(format, args...))
}

func (i *importing) ref(p *pair) record.Ref { return record.Ref{Entity: i.entity.Name, Key: p.source} }

// read judges a line by itself and against the lines before it.
func (i *importing) read(ctx context.Context, p pair) error {
	switch {
	case p.source == "":
		i.refuse(&p, "%s is empty: expected the key of a record", strings.Join(i.o.SourceKey, ", "))
		return nil
	case p.target == "":
		i.refuse(&p, "%s is empty: expected the key of a row of %s", strings.Join(i.o.TargetKey, ", "), i.entity.Table.Name)
		return nil
	}
	p.source = i.entity.From.Fold.Key(p.source)
	key, err := keyOf(i.entity.Key, p.target)
	if err != nil {
		i.refuse(&p, "%s: %v", strings.Join(i.o.TargetKey, ", "), err)
		return nil
	}
	texts := make([]string, len(key))
	for n := range key {
		texts[n] = key[n].String()
	}
	p.key, p.target = key, record.JoinKey(texts...)
	first, claimed, err := i.sources.Claim([]byte(p.source), p.target, p.line)
	switch {
	case err != nil:
		return err
	case !claimed:
		i.refuse(&p, "%s stands in line %d already", i.ref(&p), first.Number)
		return nil
	}
	first, claimed, err = i.targets.Claim([]byte(p.target), p.source, p.line)
	switch {
	case err != nil:
		return err
	case !claimed:
		i.refuse(&p, "row %s of %s is claimed by %s:%s in line %d and by %s", p.target, i.entity.Table.Name, i.entity.Name, first.Key, first.Number, i.ref(&p))
		return nil
	}
	if i.batch = append(i.batch, p); len(i.batch) < chunk {
		return nil
	}
	return i.settle(ctx)
}

// settle holds lines against the crosswalk and the target, and writes those that
// are new.
func (i *importing) settle(ctx context.Context) error {
	if len(i.batch) == 0 {
		return nil
	}
	sources, targets, keys := make([]string, len(i.batch)), make([]string, len(i.batch)), make([][]record.Value, len(i.batch))
	for n := range i.batch {
		sources[n], targets[n], keys[n] = i.batch[n].source, i.batch[n].target, i.batch[n].key
	}
	known, err := i.store.LookupBatch(ctx, i.tx, sources)
	if err != nil {
		return err
	}
	owners, err := i.store.Owners(ctx, i.tx, targets)
	if err != nil {
		return err
	}
	holders, err := i.store.OtherHolders(ctx, i.tx, targets)
	if err != nil {
		return err
	}
	there, err := i.there(ctx, i.tx, keys)
	if err != nil {
		return err
	}
	var rows []crosswalk.Row
	var lines []ledger.Line
	for n := range i.batch {
		p := &i.batch[n]
		entry, isKnown := known[p.source]
		holder, held := owners[p.target]
		if !held {
			holder, held = holders[p.target]
		}
		switch {
		case isKnown && (entry.TargetKey != p.target || entry.TableID != i.store.TableID):
			i.refuse(p, "%s: %s is not %s", i.ref(p), entry.TargetKey, p.target)
		case isKnown && !entry.OnTarget():
			i.refuse(p, "%s was row %s, and is %s: its key is not given out again", i.ref(p), entry.TargetKey, entry.State)
		case !there[n]:
			i.refuse(p, "%s %s of %s is not there", rowWord(i.entity), p.target, i.entity.Table.Name)
		case isKnown:
			i.Known++
		case held:
			i.refuse(p, "row %s of %s is claimed by %s and %s", p.target, i.entity.Table.Name, holder, i.ref(p))
		default:
			rows = append(rows, crosswalk.Row{
				SourceKey: p.source, TargetKey: p.target, Role: i.o.Role, State: crosswalk.StateLive, FirstRun: i.run.ID, LastRun: i.run.ID, RecordNo: p.number,
			})
			lines = append(lines, lineOf(p.source, p.target, p.number, p.line, true))
		}
	}
	i.batch = i.batch[:0]
	if i.o.Told != nil {
		i.o.Told(i.Read, -1)
	}
	if len(rows) == 0 || i.wrong.Count > 0 { // what is wrong is looked for to the end
		return ctx.Err()
	}
	if err := i.store.Insert(ctx, i.tx, rows); err != nil {
		return err
	}
	i.Added += int64(len(rows))
	return i.tell(ctx, i.store.EntityID, 0, lines)
}
