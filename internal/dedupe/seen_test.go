package dedupe

import (
	"encoding/binary"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func claim(t testing.TB, s *Seen, tuple []byte, number int64) (First, bool) {
	t.Helper()
	first, claimed, err := s.Claim(tuple, "key "+strconv.FormatInt(number, 10), number)
	if err != nil {
		t.Fatal(err)
	}
	return first, claimed
}

func TestClaimTellsTheFirst(t *testing.T) {
	s := NewSeen(t.TempDir(), 1<<20)
	defer s.Close()
	for number, tuple := range []string{"a", "b", "", "a\x00"} {
		if _, claimed := claim(t, s, []byte(tuple), int64(number)); !claimed {
			t.Fatalf("%q is new", tuple)
		}
	}
	first, claimed := claim(t, s, []byte("b"), 17)
	if claimed || first != (First{Key: "key 1", Number: 1}) {
		t.Fatalf("first = %+v, %v", first, claimed)
	}
}

func TestManyKeysInLittleMemory(t *testing.T) {
	keys := int64(2_000_000)
	if testing.Short() {
		keys = 200_000
	}
	dir := t.TempDir()
	const memory = 4 << 20
	s := NewSeen(dir, memory)
	before := heap()
	var tuple [8]byte
	for number := range keys {
		binary.LittleEndian.PutUint64(tuple[:], uint64(number)*7)
		if _, claimed := claim(t, s, tuple[:], number); !claimed {
			t.Fatalf("key %d is new", number)
		}
	}
	if grown := heap() - before; grown > memory+(1<<20) {
		t.Errorf("%d keys take %d bytes of memory", keys, grown)
	}
	if s.runs[0].level < 1 || len(s.runs) > 12 {
		t.Errorf("%d runs, the oldest of level %d: the test wants spilling and merging", len(s.runs), s.runs[0].level)
	}
	for number := int64(0); number < keys; number += 101 {
		binary.LittleEndian.PutUint64(tuple[:], uint64(number)*7)
		first, claimed := claim(t, s, tuple[:], -1)
		if claimed || first.Number != number || first.Key != "key "+strconv.FormatInt(number, 10) {
			t.Fatalf("key %d: first = %+v, %v", number, first, claimed)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("Close left %d files", len(left))
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestLikeAMap compares with a map under the least memory, so that a few
// thousand claims spill.
func TestLikeAMap(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s := NewSeen(dir, 1)
		defer s.Close()
		model := map[string]First{}
		spread := rapid.Uint64Range(1, 20_000).Draw(t, "different keys")
		seed := rapid.Uint64().Draw(t, "seed")
		long := strings.Repeat("k", rapid.IntRange(0, 3000).Draw(t, "length of keys"))
		for number := range rapid.Int64Range(1, 10_000).Draw(t, "claims") {
			seed = seed*6364136223846793005 + 1442695040888963407
			tuple := strconv.FormatUint(seed>>20%spread, 36)
			ref := First{Key: long + tuple, Number: number}
			first, claimed, err := s.Claim([]byte(tuple), ref.Key, number)
			if err != nil {
				t.Fatal(err)
			}
			want, known := model[tuple]
			if claimed == known || known && first != want {
				t.Fatalf("claim %d: %v, %v; want %v, %v", number, first, claimed, want, !known)
			}
			if !known {
				model[tuple] = ref
			}
		}
	})
}

func TestNoFolder(t *testing.T) {
	s := NewSeen(t.TempDir()+"/missing", 1)
	defer s.Close()
	for number := range int64(100_000) {
		if _, _, err := s.Claim(strconv.AppendInt(nil, number, 10), "", number); err != nil {
			if !strings.HasPrefix(err.Error(), "remembering the keys seen: ") {
				t.Fatalf("error %q does not say what failed", err)
			}
			return
		}
	}
	t.Fatal("spilling into a folder that does not exist succeeded")
}

func BenchmarkClaim(b *testing.B) {
	for _, bench := range []struct {
		name   string
		memory int
		keys   uint64
	}{
		{"in memory", 256 << 20, 1_000_000},
		{"spilling", 32 << 20, 10_000_000},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var tuple [8]byte
			for b.Loop() {
				s := NewSeen(b.TempDir(), bench.memory)
				for number := range bench.keys {
					binary.LittleEndian.PutUint64(tuple[:], number)
					if _, _, err := s.Claim(tuple[:], "1234567", int64(number)); err != nil {
						b.Fatal(err)
					}
				}
				s.Close()
			}
			b.ReportMetric(float64(b.N)*float64(bench.keys)/b.Elapsed().Seconds(), "claims/s")
		})
	}
}
