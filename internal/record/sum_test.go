package record_test

import (
	"encoding/json"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"landfall/internal/record"
)

func TestSum(t *testing.T) {
	for _, c := range []struct {
		values []record.Value
		scale  int
		want   string
	}{
		{nil, 0, "0"},
		{nil, 2, "0.00"},
		{[]record.Value{record.Null(), record.Int(7)}, 2, "7.00"},
		{[]record.Value{record.Float(0.1), record.Float(0.2)}, 0, "0.3"},
		{[]record.Value{record.Decimal("0.1"), record.Decimal("-0.1")}, 0, "0"},
		{[]record.Value{record.Decimal("-0.05")}, 0, "-0.05"},
		{[]record.Value{record.Decimal("1.005"), record.Int(2)}, 2, "3.005"},
		{[]record.Value{record.Int(math.MaxInt64), record.Int(1)}, 0, "9223372036854775808"},
		{[]record.Value{record.Float(1e21), record.Float(1e-7)}, 0, "1000000000000000000000.0000001"},
		{[]record.Value{record.Text(" 1")}, 0, "NaN"},
		{[]record.Value{record.Float(math.NaN()), record.Int(1)}, 2, "NaN"},
		{[]record.Value{record.Bool(true)}, 0, "NaN"},
	} {
		var sum record.Sum
		for _, v := range c.values {
			sum.Add(v)
		}
		if got := sum.Text(c.scale); got != c.want {
			t.Errorf("the sum of %v is %s instead of %s", c.values, got, c.want)
		}
	}
}

// TestSumIsExact holds sums of decimals, in any order, against fractions.
func TestSumIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOf(rapid.StringMatching(`-?[0-9]{1,25}(\.[0-9]{1,12})?`)).Draw(t, "numbers")
		var sum, back record.Sum
		exact := new(big.Rat)
		for i := range texts {
			sum.Add(record.Decimal(texts[i]))
			back.Add(record.Text(texts[len(texts)-1-i]))
			one, _ := new(big.Rat).SetString(texts[i])
			exact.Add(exact, one)
		}
		if got, _ := new(big.Rat).SetString(sum.String()); got.Cmp(exact) != 0 || back.String() != sum.String() {
			t.Fatalf("the sum is %s, backwards %s, instead of %s", sum.String(), back.String(), exact)
		}
	})
}

// TestFingerprintsAddUp: what is taken away and what is added leaves what
// stayed, in any order.
func TestFingerprintsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hashes := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 16, 16)).Draw(t, "rows")
		cut := rapid.IntRange(0, len(hashes)).Draw(t, "cut")
		var all, first, second record.Fingerprint
		for i := range hashes {
			all.AddRow(record.Hash(hashes[len(hashes)-1-i]))
			part := &first
			if i >= cut {
				part = &second
			}
			part.AddRow(record.Hash(hashes[i]))
		}
		if first.Plus(second) != all || all.Minus(second) != first {
			t.Fatalf("%v and %v are not %v", first, second, all)
		}
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		var read record.Fingerprint
		if err := json.Unmarshal(text, &read); err != nil || read != all {
			t.Fatalf("%s reads as %v: %v", text, read, err)
		}
	})
}

func TestFingerprintFromElsewhere(t *testing.T) {
	for _, text := range []string{`{"rows":1,"sum":"12"}`, `{"rows":1,"sum":"zz"}`, `[]`} {
		var f record.Fingerprint
		if err := json.Unmarshal([]byte(text), &f); err == nil {
			t.Errorf("%s passed for a fingerprint", text)
		}
	}
}
