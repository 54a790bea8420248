package postgres

import "testing"

// TestWantedRightOfASchema: to make tables is asked for by nothing but a CREATE.
func TestWantedRightOfASchema(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT 1 FROM secret.people":            ": it wants USAGE",
		"INSERT INTO secret.people VALUES (1)":   ": it wants USAGE",
		"CREATE TABLE secret.people (id bigint)": ": it wants USAGE and CREATE",
	} {
		if got := wantedRight("permission denied for schema secret", sql); got != want {
			t.Errorf("%s%s, expected %s", sql, got, want)
		}
	}
}
