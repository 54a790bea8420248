package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"landfall/internal/plan"
)

func (f *front) approve() *cobra.Command {
	var by, reason string
	cmd := &cobra.Command{
		Use:   "approve PLAN",
		Short: "Add your word to a plan that it may be run",
		Long: `Adds an approval to a plan file. It names the hash of the plan: once the plan is another one, the approval is void. A file
that was changed after the plan was made is refused. A connection with ` + "`guard: {approval: other}`" + ` demands one by somebody other
than the plan's author, typed under another user's name. The hash is no signature: keep approved plans where others cannot write.

Exit codes: 0 approved · 1 the file cannot be written · 2 usage, or the file is no plan or cannot be read · 5 the file was changed`,
		Example: `  landfall approve plan.json --by "Ann Smith" --reason "counts agreed with billing"`,
		Args:    oneArg("a plan file", "plan.json"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := plan.Approve(args[0], by, reason)
			if errors.Is(err, plan.ErrNoWord) {
				return usagef("%w: name them with --by and --reason", err)
			}
			if err != nil {
				return err
			}
			a := p.Approvals[len(p.Approvals)-1]
			fmt.Fprintf(f.Out, "%s approves the plan %s: %s\n", a.By, p.Hash[:12], a.Reason)
			return nil
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "who approves it")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}
