package report

import "testing"

func TestKeyFilter(t *testing.T) {
	for _, c := range []struct {
		filter   string
		yes, not []string
	}{
		{"1042", []string{"1042"}, []string{"10420", "01042", ""}},
		{"A-*", []string{"A-", "A-1", "A-ü|2\n"}, []string{"a-1", "BA-1"}},
		{"10??", []string{"1012", "10äö"}, []string{"101", "10123"}},
		{`1\*`, []string{"1*"}, []string{"12", `1\`}},
		{"(.+)[a]", []string{"(.+)[a]"}, []string{"a", "x"}},
		{"1000..1999", []string{"1000", "1999", "1500.5", "01500"}, []string{"999", "2000", "1x", "15 00", ""}},
		{"9..", []string{"9", "10", "9.0"}, []string{"8", "a"}},
		{"..-1", []string{"-1", "-2.5"}, []string{"0", "1"}},
		{"A..B", []string{"A", "AZ", "B"}, []string{"BA", "C", "a"}},
		{"007..9a", []string{"007", "9"}, []string{"006", "9b"}},
	} {
		k, err := ParseKeyFilter(c.filter)
		if err != nil {
			t.Fatalf("%s: %v", c.filter, err)
		}
		for _, key := range c.yes {
			if !k.Takes(key) {
				t.Errorf("%s leaves %q out", c.filter, key)
			}
		}
		for _, key := range c.not {
			if k.Takes(key) {
				t.Errorf("%s takes %q", c.filter, key)
			}
		}
	}
	if _, err := ParseKeyFilter(".."); err == nil {
		t.Error("a range without ends passes")
	}
}
