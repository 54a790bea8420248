package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"landfall/internal/guard"
	"landfall/internal/mapping"
	"landfall/internal/sqldb"
)

func (f *front) guardRelease() *cobra.Command {
	var flags guardFlags
	var reason, identity string
	cmd := &cobra.Command{
		Use:   "release",
		Short: "Say of a database that carries a production target's identity that it is none",
		Long: `A restored backup and a clone carry the identity of the production target that they are copies of, and so no connection
writes to them that does not say environment: production. This takes the identity out of the database. It shows what the
database is and wants that typed; scripts give it as --identity. It wants a connection that does not say
environment: production.

Exit codes: 0 released, or there was nothing to release · 2 usage or mapping · 3 the target cannot be reached · 5 refused:
what was typed is not what the target is, or it is armed`,
		Example: `  landfall guard release --target sandbox --reason "restored from last night's backup"`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if reason = strings.TrimSpace(reason); reason == "" {
				return usagef("guard release wants --reason: why this is no production target, for the audit")
			}
			return f.atGate(cmd.Context(), flags, "guard release", func(_ *mapping.File, db sqldb.DB, gate *guard.Gate) error {
				if gate.Protects() {
					return usagef("connection %s says environment: production, so its target is one: release it through a connection that does not say so", gate.Rules().Connection)
				}
				return f.release(cmd.Context(), db, gate, identity, reason, cmd.Flags().Changed("identity"))
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why it is no production target, for the audit")
	cmd.Flags().StringVar(&identity, "identity", "", "what the database is, for scripts; else it is typed")
	flags.add(cmd)
	return cmd
}

// release asks for the identity, unless it was given, and takes it out.
func (f *front) release(ctx context.Context, db sqldb.DB, gate *guard.Gate, typed, reason string, given bool) error {
	mode, err := gate.Look(ctx, db)
	if err != nil {
		return err
	}
	if mode.Identity != "" && !given {
		what := "This database, reached as %s, carries"
		if mode.Here.API != "" {
			what = "This API, reached as %s, has books that carry"
		}
		fmt.Fprintf(f.Err, what+" the identity of the production target %s. It is\n  %s\nType that to say that it is no production target: ", db.Identity(), mode.Recorded.Identity(mode.Identity), mode.Phrase())
		if f.In != nil {
			typed, _ = bufio.NewReader(f.In).ReadString('\n') // what was not typed is not right either
		}
	}
	was, err := gate.Release(ctx, db, typed, reason)
	if err != nil {
		return err
	}
	if was.Identity == "" {
		fmt.Fprintln(f.Out, "it carries no identity")
		return nil
	}
	fmt.Fprintf(f.Out, "released %s; it carried the identity of %s\n", was.Here, was.Recorded.Identity(was.Identity))
	return nil
}
