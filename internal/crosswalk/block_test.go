package crosswalk

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestBlocksReadBack: what the books keep of a batch's keys reads back the same,
// and what is cut off does not read back at all.
func TestBlocksReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		places := rapid.SliceOfNDistinct(rapid.IntRange(0, 40), 0, 20, rapid.ID[int]).Draw(t, "places")
		var in Block
		asKeys := rapid.Bool().Draw(t, "keys")
		if asKeys {
			in.Keys = []string{}
		}
		number := int64(0)
		for place := range 41 {
			at := false
			for _, p := range places {
				at = at || p == place
			}
			if !at {
				continue
			}
			in.Places = append(in.Places, place)
			if asKeys {
				in.Keys = append(in.Keys, rapid.StringN(0, 6, -1).Draw(t, "key"))
				continue
			}
			number = rapid.OneOf(rapid.Just(number+1), rapid.Int64Range(0, 1<<62)).Draw(t, "number")
			in.Numbers = append(in.Numbers, number)
		}
		payload := in.encode()
		var out Block
		if err := out.decode(payload); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(in, out); diff != "" {
			t.Error(diff)
		}
		if len(in.Places) > 0 {
			var torn Block
			if err := torn.decode(payload[:len(payload)-1]); err == nil && (len(in.Keys) == 0 || in.Keys[len(in.Keys)-1] != "") {
				t.Errorf("a torn payload reads back as %v", torn)
			}
		}
	})
}

// TestHeirsSplitWhatTheyMake: a key tells its parent and its number.
func TestHeirsSplitWhatTheyMake(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &Heirs{Digits: rapid.IntRange(1, 6).Draw(t, "digits")}
		parent := rapid.StringN(1, 8, -1).Draw(t, "parent")
		n := rapid.Int64Range(0, h.Most()).Draw(t, "number")
		gotParent, gotNumber, ok := h.Split(h.Key(parent, n))
		if !ok || gotParent != parent || gotNumber != n {
			t.Errorf("%q and %d make %q, which is taken apart as %q and %d", parent, n, h.Key(parent, n), gotParent, gotNumber)
		}
	})
}
