package cli

import (
	"github.com/spf13/cobra"

	"landfall/internal/mapping"
)

func stopAfterFlag(cmd *cobra.Command, flags *runFlags) {
	cmd.Flags().Var(&stopAfterValue{&flags.stopAfter}, "stop-after", "end the run when so many records fail, whatever the mapping says: 1%, 500, 500/10000 (of so many read in a row), or none")
}

// stopAfterValue reads --stop-after.
type stopAfterValue struct{ limit **mapping.StopAfter }

func (v *stopAfterValue) Set(text string) error {
	limit, err := mapping.ParseStopAfter(text)
	if err == nil {
		*v.limit = &limit
	}
	return err
}
func (v *stopAfterValue) String() string { return "" }
func (v *stopAfterValue) Type() string   { return "LIMIT" }
