package sourcetest

import (
	"iter"
	"maps"
	"testing"

	"landfall/internal/source"
)

// wanted is a set of keys.
type wanted map[string]bool

func (w wanted) Has(key string) bool { return w[key] }

func (w wanted) Keys() iter.Seq2[string, error] { return source.KeysOf(maps.Keys(w)) }

func pick(t *testing.T, origin source.Origin, keys ...string) []taken {
	t.Helper()
	set := wanted{}
	for _, key := range keys {
		set[key] = true
	}
	reader, err := origin.Pick(t.Context(), onlySlice(t, origin), set)
	if err != nil {
		t.Fatalf("Pick: %v", err)
	}
	return drain(t, reader)
}

// testPick compares with what Read gives; numbers may be missing.
func testPick(t *testing.T, h Harness) {
	for name, table := range map[string]Table{"numbers": people(5, 3, 12, 1, 7), "composite": pairs(), "messy": messy(h)} {
		t.Run(name, func(t *testing.T) {
			origin := h.open(t, table)
			all := readAll(t, origin, source.Position{})
			// Every other key, one that is not there, and each key but once.
			list := []string{"no such key", "999"}
			set := map[string]bool{}
			for i := 0; i < len(all); i += 2 {
				if key := all[i].rec.Ref.Key; key != "" {
					list = append(list, key)
					set[key] = true
				}
			}
			var want []taken
			for _, r := range all {
				if r.rec.Ref.Key != "" && set[r.rec.Ref.Key] {
					want = append(want, r)
				}
			}
			got := pick(t, origin, list...)
			for i := range got {
				if got[i].rec.Number == 0 && i < len(want) {
					got[i].rec.Number = want[i].rec.Number
				}
			}
			same(t, "picked", got, want)
			if got := pick(t, origin); len(got) != 0 {
				t.Errorf("nothing is wanted, and %s comes", keys(got))
			}
		})
	}
}

// testPickStrangeKeys asks for keys that are no value of the column's type, or
// another spelling of one: they are not found, and keep nothing from being found.
func testPickStrangeKeys(t *testing.T, h Harness) {
	origin := h.open(t, people(7, 8))
	for _, strange := range []string{"abc", "007", "7.0", "+7", " 7", "7|8", "99999999999999999999", "x'; --", "", `\`, `7\`} {
		if got := pick(t, origin, strange); len(got) != 0 {
			t.Errorf("key %q finds %s", strange, keys(got))
		}
		if got := pick(t, origin, strange, "8"); keys(got) != "8" {
			t.Errorf("keys %q and 8 find %q", strange, keys(got))
		}
	}
}
