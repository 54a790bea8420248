package ledger

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"landfall/internal/record"
)

func decoded(payload []byte) ([]Line, error) {
	var lines []Line
	err := decodeSegment(payload, func(line *Line) error {
		lines = append(lines, *line)
		return nil
	})
	return lines, err
}

// FuzzSegmentRoundTrip makes lines of the bytes and reads back what it wrote.
func FuzzSegmentRoundTrip(f *testing.F) {
	f.Add("1|2\n1|3\n\n\xff", int64(7), int64(-1))
	f.Add(strings.Repeat("customer\n", 300), int64(1)<<62, int64(0))
	f.Fuzz(func(t *testing.T, text string, number, step int64) {
		var lines []Line
		for i, key := range strings.Split(text, "\n") {
			lines = append(lines, Line{
				Key: key, Number: number + int64(i)*step, Line: number - int64(i), TargetKey: key[len(key)/2:],
				Disposition: record.Dispositions[(i+len(key))%len(record.Dispositions)],
			})
		}
		got, err := decoded(encodeSegment(lines))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(lines, got) {
			t.Errorf("%v became %v", lines, got)
		}
	})
}

// FuzzDamagedSegment: whatever stands in the books, reading it ends, with the
// lines or with errSegment.
func FuzzDamagedSegment(f *testing.F) {
	whole := encodeSegment([]Line{{Key: "1", TargetKey: "10", Disposition: record.Created}, {Key: "12", TargetKey: "11", Disposition: record.Failed}})
	f.Add(whole, false)
	f.Add(whole[:len(whole)-3], false)
	f.Add([]byte{segmentVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, true)
	f.Add([]byte{segmentVersion, 1, 0, 2, 2, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 'a'}, true)
	f.Fuzz(func(t *testing.T, payload []byte, inside bool) {
		if inside { // the damage is older than the compression
			payload = zstdEncoder.EncodeAll(payload, nil)
		}
		lines, err := decoded(payload)
		if err != nil {
			if !errors.Is(err, errSegment) {
				t.Errorf("not told as damage: %v", err)
			}
			return
		}
		again, err := decoded(encodeSegment(lines))
		if err != nil || !slices.Equal(lines, again) {
			t.Errorf("%v became %v, %v", lines, again, err)
		}
	})
}

func TestDamageAnywhereIsFound(t *testing.T) {
	var lines []Line
	for i := range 200 {
		key := record.Int(int64(i * 37)).String()
		lines = append(lines, Line{Key: key, TargetKey: key, Number: int64(i + 1), Disposition: record.Created})
	}
	whole := encodeSegment(lines)
	for at := range whole {
		if got, err := decoded(whole[:at]); err == nil && len(got) != 0 {
			t.Errorf("cut at %d: %d lines and no complaint", at, len(got))
		}
		damaged := slices.Clone(whole)
		damaged[at] ^= 0x10
		if got, err := decoded(damaged); err == nil && !slices.Equal(lines, got) {
			t.Errorf("flipped at %d: other lines and no complaint", at)
		}
	}
}
