package lawtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// TestStretches: reading a batch's entries as a stretch of the crosswalk finds
// what looking each of them up finds, wherever the keys stand and however the
// database sorts them.
func TestStretches(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.db = w.fresh(t).db
		if err := run.PrepareBooks(context.Background(), w.db); err != nil {
			t.Fatal(err)
		}
		b, err := books.New(w.db.Dialect())
		if err != nil {
			t.Fatal(err)
		}
		entity := 0
		checks, most := 0, 30
		rapid.Check(t, func(rt *rapid.T) {
			if checks++; checks > most && !t.Failed() {
				return
			}
			entity++
			tx, err := w.db.Begin(context.Background())
			if err != nil {
				rt.Fatal(err)
			}
			defer tx.Rollback(context.Background())
			store, err := crosswalk.Open(context.Background(), tx, b, "m", fmt.Sprintf("e%d", entity), "t")
			if err != nil {
				rt.Fatal(err)
			}
			beside, err := crosswalk.Open(context.Background(), tx, b, "m", fmt.Sprintf("beside%d", entity), "t")
			if err != nil {
				rt.Fatal(err)
			}
			keys := rapid.SliceOfNDistinct(stretchKey(), 0, 300, rapid.ID[string]).Draw(rt, "keys in the crosswalk")
			for _, into := range []*crosswalk.Store{store, beside} {
				rows := make([]crosswalk.Row, len(keys))
				for i, key := range keys {
					rows[i] = crosswalk.Row{
						SourceKey: key, TargetKey: fmt.Sprintf("%d-%d", into.EntityID, i), Role: crosswalk.RoleCreated, State: crosswalk.StateLive,
						Hash: record.Hash{1, byte(i)}, HasHash: true, RecordNo: int64(i),
					}
				}
				if err := into.Insert(context.Background(), tx, rows); err != nil {
					rt.Fatal(err)
				}
			}
			// Several batches: what one finds decides how the next ones are read.
			for range 3 {
				asked := stretchBatch(rt, keys)
				agreeOnEntries(rt, tx, store, asked)
			}
		})
	})
}

// stretchKey draws keys that databases sort in different ways.
func stretchKey() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.Map(rapid.IntRange(90, 1100), func(n int) string { return fmt.Sprint(n) }),
		rapid.Map(rapid.IntRange(0, 500), func(n int) string { return fmt.Sprintf("K-%05d", n) }),
		rapid.StringOfN(rapid.SampledFrom([]rune("aAbBzZ-_ éÉß0")), 1, 4, -1),
	)
}

// stretchBatch draws neighbours, now and then with others between them.
func stretchBatch(rt *rapid.T, keys []string) []string {
	asked := rapid.SliceOfNDistinct(stretchKey(), 0, 40, rapid.ID[string]).Draw(rt, "asked for")
	if len(keys) > 0 && rapid.Bool().Draw(rt, "known ones") {
		from := rapid.IntRange(0, len(keys)-1).Draw(rt, "from")
		asked = keys[from:min(len(keys), from+50)]
	}
	return asked
}

func agreeOnEntries(rt *rapid.T, tx sqldb.Tx, store *crosswalk.Store, keys []string) {
	want, err := store.Lookup(context.Background(), tx, keys)
	if err != nil {
		rt.Fatal(err)
	}
	got, err := store.LookupBatch(context.Background(), tx, keys)
	if err != nil {
		rt.Fatal(err)
	}
	lines := func(found map[string]crosswalk.Row) string {
		var out strings.Builder
		for _, key := range keys {
			row, known := found[key]
			fmt.Fprintf(&out, "%s %v %+v\n", key, known, row)
		}
		return out.String()
	}
	if w, g := lines(want), lines(got); w != g {
		rt.Fatalf("looked up one by one:\n%s\nas a stretch:\n%s", w, g)
	}
}
