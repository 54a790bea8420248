package verdict

import (
	"fmt"
	"strings"
)

// namedAtMost is how many records a bound names; more are counted.
const namedAtMost = 3

// Bounds say in words to what a comparison was narrowed: empty when all records
// of all entities were compared.
func (o *Options) Bounds() []string {
	var bounds []string
	switch n := len(o.Only); {
	case n > namedAtMost:
		bounds = append(bounds, fmt.Sprintf("%d named records alone", n))
	case n > 0:
		bounds = append(bounds, strings.Join(o.Only, ", ")+" alone")
	case len(o.Entities) > 0:
		bounds = append(bounds, strings.Join(o.Entities, ", ")+" alone")
	}
	if o.Limit > 0 {
		bounds = append(bounds, fmt.Sprintf("the run's first %d records of each entity", o.Limit))
	}
	if len(o.Inputs) > 0 {
		bounds = append(bounds, "the files that the run read")
	}
	switch {
	case o.Sample == "":
	case strings.HasSuffix(o.Sample, "%"):
		bounds = append(bounds, "a sample of "+o.Sample)
	default:
		bounds = append(bounds, "a sample of "+o.Sample+" records of each entity")
	}
	return bounds
}
