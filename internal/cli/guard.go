package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"landfall/internal/books"
	"landfall/internal/guard"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// guardFlags are the flags that all commands of the guard have.
type guardFlags struct {
	target string
	runs   string
}

func (f *front) guard() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "guard",
		Short: "Open a production target for a while, and close it",
		Long: `A connection that says environment: production accepts writes only while it is armed: by somebody, for a reason and for
a while. Whoever arms types what the target is.

Exit codes: 0 done · 2 usage or mapping`,
		Example: "  landfall guard status\n  landfall guard arm --for 2h --reason \"wave 7\"\n  landfall guard disarm",
		Args:    cobra.ArbitraryArgs, RunE: noCommand,
	}
	cmd.AddCommand(f.guardArm(), f.guardDisarm(), f.guardRelease(), f.guardStatus())
	return cmd
}

func (g *guardFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&g.target, "target", "", "another connection of the mapping")
	cmd.Flags().StringVar(&g.runs, "runs", defaultRuns, "folder for the files of runs; refusals are noted beside it while the target has no books")
}

// withGate is atGate for what only a production target is asked.
func (f *front) withGate(ctx context.Context, flags guardFlags, command string, within func(*mapping.File, sqldb.DB, *guard.Gate) error) error {
	return f.atGate(ctx, flags, command, func(file *mapping.File, db sqldb.DB, gate *guard.Gate) error {
		if !gate.Protects() {
			return usagef("connection %s does not say environment: production, so it is not guarded", gate.Rules().Connection)
		}
		return within(file, db, gate)
	})
}

// atGate connects to the target and hands over its gate.
func (f *front) atGate(ctx context.Context, flags guardFlags, command string, within func(*mapping.File, sqldb.DB, *guard.Gate) error) error {
	file, db, err := migration.OpenTarget(ctx, migration.Options{Path: f.file, Target: flags.target, Getenv: f.getenv})
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	name := file.Target
	if flags.target != "" {
		name = flags.target
	}
	rules := guard.RulesOf(file, file.Connection(name), db)
	b, err := books.New(db.Dialect())
	if err != nil {
		return err
	}
	actor, host := run.HolderName()
	return within(file, db, guard.NewGate(b, rules, guard.Asking{
		Actor: actor, Host: host, Command: command, Migration: file.Name, Trail: guard.TrailBeside(flags.runs),
	}))
}

func (f *front) guardDisarm() *cobra.Command {
	var flags guardFlags
	var reason string
	cmd := &cobra.Command{
		Use:   "disarm",
		Short: "Close the target before its time",
		Long: `Closes the target. A run that is under way finishes the batches in hand, is interrupted and can be resumed; when this
command returns, it writes nothing more.

Exit codes: 0 it is closed · 2 usage or mapping · 3 the target cannot be reached · 5 it must not be closed yet`,
		Example: "  landfall guard disarm\n  landfall guard disarm --reason \"sales needs the system\"",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.withGate(cmd.Context(), flags, "guard disarm", func(file *mapping.File, db sqldb.DB, gate *guard.Gate) error {
				was, err := gate.Disarm(cmd.Context(), db, reason)
				if err != nil {
					return err
				}
				if was == nil || !was.Armed {
					fmt.Fprintln(f.Out, "it was not armed")
					return nil
				}
				fmt.Fprintf(f.Out, "disarmed %s; it was armed for migration %s by %s\n", was.Phrase(), was.Migration, was.ArmedBy)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	flags.add(cmd)
	return cmd
}

// guardBooks opens a reading transaction on the target's books; able is false where
// they have no guard.
func (f *front) guardBooks(ctx context.Context, db sqldb.DB, within func(tx sqldb.Tx, b *books.Books) error) (able bool, err error) {
	present, err := books.Present(ctx, db)
	if err != nil || present < guard.Since {
		return false, err
	}
	b, err := books.New(db.Dialect())
	if err != nil {
		return false, err
	}
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	defer tx.Rollback(ctx)
	return true, within(tx, b)
}
