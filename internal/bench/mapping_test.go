package main

import (
	"fmt"
	"testing"

	"landfall/internal/mapping"
)

func TestMappingIsTaken(t *testing.T) {
	t.Parallel()
	text := fmt.Appendf(nil, mappingText, "postgres://landfall@127.0.0.1:5432/postgres?sslmode=disable", indexed)
	if _, err := mapping.ParseBytes("landfall.yaml", text); err != nil {
		t.Fatal(err)
	}
}
