package main

import (
	"fmt"
	"testing"

	"landfall/internal/mapping"
)

func TestMappingIsTaken(t *testing.T) {
	t.Parallel()
	for _, table := range []string{indexed, plain} {
		text := fmt.Appendf(nil, mappingText, "postgres://landfall@127.0.0.1:5432/postgres?sslmode=disable", table)
		if _, err := mapping.ParseBytes("landfall.yaml", text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := mapping.ParseBytes("members.yaml", []byte(apiMapping)); err != nil {
		t.Fatal(err)
	}
}
