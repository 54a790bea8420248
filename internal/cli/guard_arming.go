package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"landfall/internal/books"
	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/plan"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// How long a target may be armed. Whoever arms for longer has forgotten it by then.
const (
	shortestArming = time.Second
	longestArming  = 7 * 24 * time.Hour
)

type armFlags struct {
	guardFlags
	howLong  string
	reason   string
	plan     string
	identity string
}

func (f *front) guardArm() *cobra.Command {
	var flags armFlags
	cmd := &cobra.Command{
		Use:   "arm",
		Short: "Open the target for a while",
		Long: `Opens the target for runs of this migration, by the target's own clock. It shows what the target is and wants that typed:
host, port and database as the server tells them, or the base URL of an API, and an id that is kept in Landfall's own tables
from the first arming on. Scripts give it as --identity. Landfall's own tables are made where there are none.

With --plan, only runs that are held to that plan are let in. A plan that was carried out is refused.

What would refuse a run all the same is told: a window that is closed, a backup that is too old.

The target is closed again when a run completes, when it breaks, when the time has run out, and by guard disarm. After a run
that was interrupted it stays open until its time.

Exit codes: 0 armed · 2 usage or mapping · 3 the target cannot be reached · 5 refused: what was typed is not what the target
is, it is armed for another migration, or the plan was changed or carried out`,
		Example: `  landfall guard arm --for 2h --reason "wave 7, change 4711"
  landfall guard arm --target crm --for 90m --reason "wave 7" --plan plan.json
  landfall guard arm --for 2h --reason nightly --identity db1:5432/crm#7f3c2a1b`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			arming, err := flags.arming()
			if err != nil {
				return err
			}
			return f.withGate(cmd.Context(), flags.guardFlags, "guard arm", func(file *mapping.File, db sqldb.DB, gate *guard.Gate) error {
				if flags.plan != "" {
					held, err := plan.Read(flags.plan)
					var refusal *guard.Refusal
					if errors.As(err, &refusal) { // somebody has changed the file
						return gate.Refuse(cmd.Context(), db, refusal.Code, refusal.Text)
					}
					if err != nil {
						return err
					}
					if refusal, err := f.carriedOut(cmd.Context(), db, file.Name, held.Hash); err != nil {
						return err
					} else if refusal != nil {
						return gate.Refuse(cmd.Context(), db, refusal.Code, refusal.Text)
					}
					arming.PlanHash = held.Hash
				}
				return f.arm(cmd.Context(), file, db, gate, arming, cmd.Flags().Changed("identity"))
			})
		},
	}
	cmd.Flags().StringVar(&flags.howLong, "for", "", "how long, such as 90m or 2h; at most 168h")
	cmd.Flags().StringVar(&flags.reason, "reason", "", "why, for the audit")
	cmd.Flags().StringVar(&flags.plan, "plan", "", "the plan that runs must be held to")
	cmd.Flags().StringVar(&flags.identity, "identity", "", "what the target is, for scripts; else it is typed")
	flags.add(cmd)
	return cmd
}

func (flags *armFlags) arming() (guard.Arming, error) {
	a := guard.Arming{Reason: strings.TrimSpace(flags.reason), Typed: flags.identity}
	if a.Reason == "" {
		return a, usagef("guard arm wants --reason: why the target is opened, for the audit")
	}
	if flags.howLong == "" {
		return a, usagef("guard arm wants --for: how long the target is open, such as 2h")
	}
	var err error
	if a.For, err = time.ParseDuration(flags.howLong); err != nil || a.For < shortestArming || a.For > longestArming {
		return a, usagef("--for %s: expected a duration from %s to %.0fh such as 90m or 2h", flags.howLong, shortestArming, longestArming.Hours())
	}
	return a, nil
}

// arm asks for the identity, unless it was given, and opens the target.
func (f *front) arm(ctx context.Context, file *mapping.File, db sqldb.DB, gate *guard.Gate, a guard.Arming, given bool) error {
	mode, err := gate.Look(ctx, db)
	if err != nil {
		return err
	}
	if mode.Clone() {
		what := "This database carries"
		if mode.Here.API != "" {
			what = "The books of this API carry"
		}
		fmt.Fprintf(f.Err, "%s the identity of %s, and it is %s: a copy, or it was moved.\nArming it gives it an identity of its own.\n", what, mode.Recorded.Identity(mode.Identity), mode.Here)
	}
	if !given {
		fmt.Fprintf(f.Err, "This is the production target of migration %s, reached as %s:\n  %s\nType that to arm it for %s: ", file.Name, db.Identity(), mode.Phrase(), a.For)
		if f.In != nil {
			a.Typed, _ = bufio.NewReader(f.In).ReadString('\n') // what was not typed is not right either
		}
	}
	mode, err = gate.Arm(ctx, db, a)
	if err != nil {
		return err
	}
	only := ""
	if mode.PlanHash != "" {
		only = " held to the plan " + mode.PlanHash
	}
	fmt.Fprintf(f.Out, "armed until %s for runs of migration %s%s; it is %s from now on\n", mode.Expires.Format(time.RFC3339), mode.Migration, only, mode.Phrase())
	for _, what := range gate.Hindrances(ctx, db, mode) {
		fmt.Fprintf(f.Out, "warning: a run would be refused now: %s\n", what)
	}
	return nil
}

// carriedOut tells, by a refusal, which run has carried a plan out.
func (f *front) carriedOut(ctx context.Context, db sqldb.DB, migration, hash string) (refusal *guard.Refusal, err error) {
	_, err = f.guardBooks(ctx, db, func(tx sqldb.Tx, b *books.Books) error {
		runs, err := ledger.New(b).Runs(ctx, tx, migration)
		refusal = run.CarriedOut(runs, hash)
		return err
	})
	return refusal, err
}
