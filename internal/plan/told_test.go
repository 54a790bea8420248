package plan

import (
	"fmt"
	"testing"

	"landfall/internal/record"
)

// What is rare is told of too, where nothing else has its code.
func TestPlanTellsOfEveryCode(t *testing.T) {
	t.Parallel()
	var all []Rejection
	for i := range 15 {
		all = append(all, Rejection{Code: record.CodeNotNull, Field: fmt.Sprint(i), Count: int64(100 - i)})
	}
	all = append(all, Rejection{Code: record.CodeEdited, Count: 1})
	kept, more := told(all)
	if len(kept) != mostRejections || more != len(all)-mostRejections || kept[len(kept)-1].Code != record.CodeEdited || kept[8].Field != "8" {
		t.Errorf("told are %v and %d more", kept, more)
	}
	if kept, more = told(all[:3]); len(kept) != 3 || more != 0 {
		t.Errorf("of three are told %d and %d more", len(kept), more)
	}
}
