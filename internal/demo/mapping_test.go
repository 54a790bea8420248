package demo

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/mapping"
)

func TestMappingIsTakenWithoutRemark(t *testing.T) {
	t.Parallel()
	summary := build(t, Options{Records: 50})
	file, err := mapping.Parse(summary.Mapping)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entity := range file.Entities {
		names = append(names, entity.Name)
	}
	if diff := cmp.Diff(landing, names); diff != "" {
		t.Error(diff)
	}
}
