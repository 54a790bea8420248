package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"landfall/internal/books"
	"landfall/internal/guard"
	"landfall/internal/indexwork"
	"landfall/internal/mapping"
	"landfall/internal/report"
	"landfall/internal/sqldb"
)

// guardTold is what guard status tells.
type guardTold struct {
	Connection  string              `json:"connection"`
	Protected   bool                `json:"protected"` // the connection says that it is production
	Identity    string              `json:"identity"`  // what is typed to arm
	Place       guard.Place         `json:"place"`
	Recorded    *guard.Place        `json:"recorded,omitempty"` // where a copy's identity was recorded
	Carries     bool                `json:"carries"`            // the identity of a production target
	Clone       bool                `json:"clone"`
	Armed       bool                `json:"armed"`
	Migration   string              `json:"migration,omitempty"`
	PlanHash    string              `json:"plan_hash,omitempty"`
	Reason      string              `json:"reason,omitempty"`
	ArmedBy     string              `json:"armed_by,omitempty"`
	ArmedAt     string              `json:"armed_at,omitempty"`
	Expires     string              `json:"expires,omitempty"`
	DisarmedBy  string              `json:"disarmed_by,omitempty"`
	DisarmedAt  string              `json:"disarmed_at,omitempty"`
	DisarmedWhy string              `json:"disarmed_why,omitempty"`
	Now         string              `json:"now"`
	Hours       *guard.Hours        `json:"hours,omitempty"`        // windows and blackouts
	Backup      string              `json:"backup,omitempty"`       // no older than
	Approval    bool                `json:"approval,omitempty"`     // of a plan, by somebody other than its author
	IndexesAway []indexwork.Dropped `json:"indexes_away,omitempty"` // of all migrations that land here
	Audit       []guard.Event       `json:"audit"`
	Entries     int64               `json:"entries,omitempty"` // of the audit, where it was verified
	Head        string              `json:"head,omitempty"`    // the last entry's link, in hexadecimal
	Flaws       []string            `json:"flaws,omitempty"`   // that were found in it
}

func (f *front) guardStatus() *cobra.Command {
	var flags guardFlags
	var asJSON, verify bool
	var head string
	var last int
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell what the target is, whether it is armed, and what the audit says",
		Long: `Tells what the target is, whether it is armed, by whom and until when, and the last entries of the audit. It writes nothing.

--verify follows the audit's chain from its first entry, and that of the refusals noted beside the folder for runs, and names
what was changed. It tells the last entry's link; with --head, one that was told earlier must still be in the chain.

Exit codes: 0 told · 2 usage or mapping · 3 the target cannot be reached · 6 the audit does not hold`,
		Example: "  landfall guard status\n  landfall guard status --verify --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if last < 0 {
				return usagef("--last %d: expected a number of entries, or 0 for none", last)
			}
			kept, err := hex.DecodeString(head)
			if err != nil || head != "" && (!verify || len(kept) != sha256.Size) {
				return usagef("--head %s: expected the link that an earlier --verify told, beside --verify", head)
			}
			return f.atGate(cmd.Context(), flags, "guard status", func(file *mapping.File, db sqldb.DB, gate *guard.Gate) error {
				mode, err := gate.Look(cmd.Context(), db)
				if err != nil {
					return err
				}
				told := guardToldOf(gate, mode)
				_, err = f.guardBooks(cmd.Context(), db, func(tx sqldb.Tx, b *books.Books) (err error) {
					if verify {
						if err := told.verify(func() (*guard.Chain, error) { return guard.VerifyAudit(cmd.Context(), tx, b, kept) }, theAudit); err != nil {
							return err
						}
					}
					if told.IndexesAway, err = indexwork.Left(cmd.Context(), tx, b, ""); err != nil {
						return err
					}
					told.Audit, err = guard.Last(cmd.Context(), tx, b, last)
					return err
				})
				if err == nil && verify {
					trail := guard.TrailBeside(flags.runs)
					err = told.verify(func() (*guard.Chain, error) { return guard.VerifyTrail(trail) }, trail)
				}
				if err != nil {
					return err
				}
				if asJSON {
					err = report.JSONLine(f.Out, told)
				} else {
					told.write(f.Out, verify)
					report.IndexesAway(f.Out, told.IndexesAway)
				}
				if err == nil && len(told.Flaws) > 0 {
					err = &ended{exitDiffers}
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	cmd.Flags().BoolVar(&verify, "verify", false, "check the audit's chain")
	cmd.Flags().StringVar(&head, "head", "", "with --verify: a link that the audit had at its end once")
	cmd.Flags().IntVar(&last, "last", 10, "how many entries of the audit, 0 for none")
	flags.add(cmd)
	return cmd
}

const theAudit = "the audit"

func guardToldOf(gate *guard.Gate, m *guard.Mode) *guardTold {
	rules := gate.Rules()
	told := &guardTold{
		Connection: rules.Connection, Protected: rules.Protected, Carries: m.Identity != "", Approval: rules.Approval, Identity: m.Phrase(), Place: m.Here, Clone: m.Clone(), Armed: m.Open(), Migration: m.Migration, PlanHash: m.PlanHash,
		Reason: m.Reason, ArmedBy: m.ArmedBy, ArmedAt: m.ArmedAt, DisarmedBy: m.DisarmedBy, DisarmedAt: m.DisarmedAt, DisarmedWhy: m.DisarmReason,
		Now: m.Now.Format(time.RFC3339),
	}
	if hours := gate.Hours(m.Now); hours.Bounded {
		told.Hours = &hours
	}
	if rules.Backup != nil {
		told.Backup = rules.Backup.Age
	}
	if m.Armed {
		told.Expires = m.Expires.Format(time.RFC3339)
	}
	if m.Clone() {
		told.Recorded = &m.Recorded
	}
	return told
}

func (t *guardTold) verify(follow func() (*guard.Chain, error), what string) error {
	chain, err := follow()
	if err != nil {
		return err
	}
	if what == theAudit {
		t.Head = hex.EncodeToString(chain.Head)
	}
	t.Entries += chain.Entries
	for _, flaw := range chain.Flaws {
		t.Flaws = append(t.Flaws, what+": "+flaw)
	}
	return nil
}

func (t *guardTold) write(w io.Writer, verified bool) {
	fmt.Fprintf(w, "%s is %s\n", t.Connection, t.Identity)
	switch {
	case !t.Protected && t.Clone:
		fmt.Fprintf(w, "not written to: it carries the identity of the production target %s, and the connection does not say environment: production\n", t.Recorded)
	case !t.Protected && t.Carries:
		fmt.Fprintln(w, "not written to: it is a production target, and the connection does not say environment: production")
	case !t.Protected:
		fmt.Fprintln(w, "not guarded: the connection does not say environment: production")
	case t.Clone:
		fmt.Fprintf(w, "not armed: it carries the identity of %s, so it is a copy or was moved\n", t.Recorded)
	case t.Armed:
		fmt.Fprintf(w, "armed until %s by %s since %s for migration %s: %s\n", t.Expires, t.ArmedBy, t.ArmedAt, t.Migration, t.Reason)
		if t.PlanHash != "" {
			fmt.Fprintf(w, "  only for runs held to the plan %s\n", t.PlanHash)
		}
	case t.Expires != "":
		fmt.Fprintf(w, "not armed: what %s armed ended at %s\n", t.ArmedBy, t.Expires)
	case t.DisarmedBy != "":
		fmt.Fprintf(w, "not armed: disarmed by %s at %s", t.DisarmedBy, t.DisarmedAt)
		if t.DisarmedWhy != "" {
			fmt.Fprintf(w, ": %s", t.DisarmedWhy)
		}
		fmt.Fprintln(w)
	default:
		fmt.Fprintln(w, "not armed: it never was")
	}
	t.writeRules(w)
	if len(t.Audit) > 0 {
		fmt.Fprintln(w, "\nAudit")
	}
	for _, e := range t.Audit {
		fmt.Fprintf(w, "  %d %s %s@%s %s: %s", e.Seq, e.At, e.Actor, e.Host, e.Command, e.Event)
		for _, part := range []string{e.Run, e.Reason, e.Message} {
			if part != "" {
				fmt.Fprintf(w, ", %s", strings.ReplaceAll(part, "\n", "\n    "))
			}
		}
		fmt.Fprintln(w)
	}
	if !verified {
		return
	}
	for _, flaw := range t.Flaws {
		fmt.Fprintf(w, "\n%s\n", flaw)
	}
	if len(t.Flaws) == 0 {
		fmt.Fprintf(w, "\nThe audit holds: %d entries", t.Entries)
		if t.Head != "" {
			fmt.Fprintf(w, "; its head is %s", t.Head)
		}
		fmt.Fprintln(w)
	}
}

func (t *guardTold) writeRules(w io.Writer) {
	if h := t.Hours; h != nil {
		switch {
		case h.Blackout:
			fmt.Fprintf(w, "window: closed, a blackout until %s", h.Until)
		case !h.Open:
			fmt.Fprint(w, "window: closed now")
		case h.Until != "":
			fmt.Fprintf(w, "window: open until %s", h.Until)
		default:
			fmt.Fprint(w, "window: open now")
		}
		if h.Next != "" {
			fmt.Fprintf(w, "; opens next at %s", h.Next)
		}
		fmt.Fprintln(w)
	} else if t.Protected {
		fmt.Fprintln(w, "no windows: whenever it is armed")
	}
	if t.Backup != "" {
		fmt.Fprintf(w, "wants a backup no older than %s\n", t.Backup)
	}
	if t.Approval {
		fmt.Fprintln(w, "wants a plan that somebody other than its author approved")
	}
}
