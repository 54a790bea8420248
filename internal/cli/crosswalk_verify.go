package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"landfall/internal/books"
	"landfall/internal/entries"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/report"
	"landfall/internal/sqldb"
)

func (f *front) crosswalkVerify() *cobra.Command {
	var target string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Check the crosswalk, or a backup against it",
		Long: `Without a file it checks that the crosswalk holds: each record and each owned row is there once, each row that an entry names is in
the target, roles and states are right, and counts them.
With a backup it recomputes the file's hash and counts, and compares each entry with the books: the same, missing, or conflicting.

Exit codes: 0 all holds · 2 usage or nothing has been run yet · 3 the target cannot be reached · 6 something does not hold or differs`,
		Example: "  landfall crosswalk verify\n  landfall crosswalk verify acme.crosswalk",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := noBlank(cmd, args); err != nil {
				return err
			}
			end, err := f.openTargetEnd(cmd.Context(), target)
			if err != nil {
				return err
			}
			defer end.Close(cmd.Context())
			if len(args) == 1 {
				if err := f.withoutBooks(cmd.Context(), end, args[0]); err != nil {
					return err
				}
			}
			return f.look(cmd.Context(), target, func(_ *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
				if len(args) == 0 {
					return f.verifyCrosswalk(cmd.Context(), end, tx, l, asJSON)
				}
				return f.verifyBackup(cmd.Context(), end, tx, l, args[0], asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "tell progress and the result as JSON lines")
	cmd.Flags().StringVar(&target, "target", "", "another connection of the mapping")
	return cmd
}

// verifyCrosswalk checks the crosswalk itself.
func (f *front) verifyCrosswalk(ctx context.Context, end *migration.TargetEnd, tx sqldb.Tx, l *ledger.Ledger, asJSON bool) error {
	told, _, done := f.told(asJSON, "verify")
	c, err := entries.Check(ctx, tx, l.Books(), end, told)
	done()
	if err != nil {
		return err
	}
	if asJSON {
		if err := report.JSONLine(f.Out, c); err != nil {
			return err
		}
	} else {
		writeCounts(f.Out, c.Entities)
		writeFindings(f.Out, "flawed", c.Flaws)
		writeFindings(f.Out, "without their row", c.Gone)
		for _, why := range c.NotLooked {
			fmt.Fprintf(f.Out, "Not looked at: %s\n", why)
		}
		if c.Holds() {
			fmt.Fprintf(f.Out, "The crosswalk holds; %d rows that it names are in the target\n", c.Rows)
		}
	}
	if !c.Holds() {
		return &ended{exitDiffers}
	}
	return nil
}

// withoutBooks says whether a backup is whole where there is nothing to compare it
// with: a restore into such a target begins so.
func (f *front) withoutBooks(ctx context.Context, end *migration.TargetEnd, path string) error {
	present, err := books.Present(ctx, end.Looker())
	if err != nil || present > 0 {
		return err
	}
	file, err := openBackup(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return usagef("%s is whole (made %s, SHA-256 %s), and there is nothing to compare it with: %w", path, file.Header.MadeAt, file.SHA256, errNoBooks)
}

type comparedJSON struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	*entries.Compared
}

func (f *front) verifyBackup(ctx context.Context, end *migration.TargetEnd, tx sqldb.Tx, l *ledger.Ledger, path string, asJSON bool) error {
	file, err := openBackup(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if file.Header.Migration != end.File.Name {
		return usagef("%s is of migration %s, and the mapping is of %s: name its mapping with -f", path, file.Header.Migration, end.File.Name)
	}
	told, _, done := f.told(asJSON, "verify")
	c, err := entries.Compare(ctx, tx, l.Books(), end, file, told)
	done()
	if err != nil {
		return err
	}
	if asJSON {
		if err := report.JSONLine(f.Out, comparedJSON{path, file.SHA256, c}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(f.Out, "%s is whole: %d %s, made %s, SHA-256 %s\n", path, c.Entries, entriesWord(c.Entries), file.Header.MadeAt, file.SHA256)
		fmt.Fprintf(f.Out, "In the books %d are the same, %d are missing, %d conflict; %d of the same were written since, and %d came since\n",
			c.Same, c.Missing.Count, c.Conflicts.Count, c.Changed, c.Since)
		writeFindings(f.Out, "missing", c.Missing)
		writeFindings(f.Out, "conflicting", c.Conflicts)
	}
	if !c.Agrees() {
		return &ended{exitDiffers}
	}
	return nil
}
