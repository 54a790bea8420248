package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"landfall/internal/crosswalk"
	"landfall/internal/entries"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/report"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// told shows how far something with entries is. end ends the showing.
func (f *front) told(asJSON bool, mode string) (told entries.Told, warn func(string), end func()) {
	progress := f.progress(asJSON)
	tell := func(e run.Event) {
		e.Time, e.Mode, e.Entity, e.Found, e.Percent = time.Now(), mode, "crosswalk", "entries", -1
		progress.Observe(e)
	}
	tell(run.Event{Kind: run.EventEntityStarted, Total: -1})
	return func(done, all int64) { tell(run.Event{Kind: run.EventBatch, Read: done, Total: all}) },
		func(text string) { tell(run.Event{Kind: run.EventWarning, Message: text}) }, progress.Close
}

func (f *front) crosswalkBackup() *cobra.Command {
	var target, out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "backup -o FILE",
		Short: "Write the whole crosswalk to one file that can be restored",
		Long: `Writes all entries of the migration, as one moment shows them, with what they need to be restored: entities, tables, runs,
shapes of hashes, highest keys. The file is new, appears when it is whole, and ends with a hash over all of it. Only its owner may
read it, since it holds keys. ` + "`landfall crosswalk verify FILE`" + ` checks it.

Exit codes: 0 written · 1 broken · 2 usage, the file is there already, or nothing has been run yet · 3 the target cannot be reached`,
		Example: "  landfall crosswalk backup -o acme-2026-11-27.crosswalk",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usagef("landfall crosswalk backup: name the file to write: -o acme.crosswalk")
			}
			return f.withTarget(cmd.Context(), target, func(file *mapping.File, db sqldb.DB, l *ledger.Ledger) error {
				told, _, end := f.told(asJSON, "backup")
				header, err := entries.Backup(cmd.Context(), db, l.Books(), file.Name, out, told)
				end()
				if err != nil {
					return err
				}
				written, err := crosswalk.OpenBackup(out)
				if err != nil {
					return fmt.Errorf("reading the backup again: %w", err)
				}
				defer written.Close()
				if asJSON {
					return report.JSONLine(f.Out, backupJSON{out, written.SHA256, header})
				}
				fmt.Fprintf(f.Out, "%s: %d %s, SHA-256 %s\n", out, header.Entries, entriesWord(header.Entries), written.SHA256)
				writeCounts(f.Out, header.Entities)
				return nil
			})
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "the file to write; it must not be there yet")
	cmd.Flags().BoolVar(&asJSON, "json", false, "tell progress and the result as JSON lines")
	cmd.Flags().StringVar(&target, "target", "", "another connection of the mapping")
	return cmd
}

type backupJSON struct {
	File   string                  `json:"file"`
	SHA256 string                  `json:"sha256"`
	Header *crosswalk.BackupHeader `json:"header"`
}

func entriesWord(n int64) string {
	if n == 1 {
		return "entry"
	}
	return "entries"
}

// writeCounts tells of each entity how many entries it has.
func writeCounts(w io.Writer, found []crosswalk.BackupEntity) {
	for _, e := range found {
		var parts []string
		for words, n := range e.Counts {
			parts = append(parts, fmt.Sprintf("%d %s", n, words))
		}
		slices.Sort(parts)
		fmt.Fprintf(w, "  %s: %d", e.Name, e.Entries)
		if len(parts) > 0 {
			fmt.Fprintf(w, " (%s)", strings.Join(parts, ", "))
		}
		fmt.Fprintln(w)
	}
}

func (f *front) crosswalkRestore() *cobra.Command {
	var target, movedFrom string
	var asJSON, verifyOnly bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Add the entries of a backup that the crosswalk does not have",
		Long: `Adds what the crosswalk does not have of a backup, all of it or nothing, and tells of it as a run of its own. It changes no entry and
takes none away, so that doing it twice does nothing. A file that is cut off or was changed is refused, and so is one with an
entry that conflicts: another row for the same record, or a row that another record has. There is no way to overwrite.

A backup of another database is refused: its entries name rows of that one. Where that database was moved or restored to the place of
this one, --moved-from takes the identity of the one that the backup is of; the refusal shows it.

--verify-only checks the file and says what would be added, and writes nothing.

Exit codes: 0 all of the backup is in the crosswalk · 1 broken · 2 usage or mapping, or a run is not finished · 3 environment ·
5 refused by the guard, or the backup is of another database · 6 the file was changed or conflicts with the crosswalk; nothing was written`,
		Example: "  landfall crosswalk restore acme.crosswalk --verify-only\n  landfall crosswalk restore acme.crosswalk\n  landfall crosswalk restore acme.crosswalk --moved-from db1:5432/crm#7f3c2a1b",
		Args:    oneArg("a backup", "acme.crosswalk"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := openBackup(args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			end, err := f.openTargetEnd(cmd.Context(), target)
			if err != nil {
				return err
			}
			defer end.Close(cmd.Context())
			told, warn, done := f.told(asJSON, ledger.ModeRestore)
			o := entries.Options{Told: told, Warn: warn, Points: f.points, MovedFrom: movedFrom}
			if verifyOnly {
				compared, err := entries.Rehearse(cmd.Context(), end, file, o)
				done()
				if err != nil {
					return err
				}
				return f.toldRehearsed(file, compared, asJSON)
			}
			restored, err := entries.Restore(cmd.Context(), end, file, o)
			done()
			if err != nil {
				return err
			}
			if asJSON {
				return report.JSONLine(f.Out, restored)
			}
			fmt.Fprintf(f.Out, "%s: %d of %d entries added, %d were there\n", args[0], restored.Added, restored.Entries, restored.Same)
			if restored.Run != "" {
				fmt.Fprintf(f.Out, "Run %s tells of it\n", restored.Run)
			}
			if restored.Foreign > 0 {
				fmt.Fprintf(f.Out, "%d were made by runs that these books do not know: they are told as the restore's\n", restored.Foreign)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&movedFrom, "moved-from", "", "the identity of the database that the backup is of, where that one is here now")
	cmd.Flags().BoolVar(&verifyOnly, "verify-only", false, "check the file and say what would be added; write nothing")
	cmd.Flags().BoolVar(&asJSON, "json", false, "tell progress and the result as JSON lines")
	cmd.Flags().StringVar(&target, "target", "", "another connection of the mapping")
	return cmd
}

// openBackup opens a backup; what the system says of the file is a matter of
// how the command was called.
func openBackup(path string) (*crosswalk.BackupFile, error) {
	file, err := crosswalk.OpenBackup(path)
	return file, entries.Unreadable(err)
}

func (f *front) toldRehearsed(file *crosswalk.BackupFile, c *entries.Compared, asJSON bool) error {
	if asJSON {
		if err := report.JSONLine(f.Out, c); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(f.Out, "%s: %d of %d entries would be added, %d are there\n", file.Path, c.Missing.Count, c.Entries, c.Same)
		writeFindings(f.Out, "conflict", c.Conflicts)
	}
	if c.Conflicts.Count > 0 {
		return &ended{exitDiffers}
	}
	return nil
}

func writeFindings(w io.Writer, what string, found entries.Findings) {
	if found.Count == 0 {
		return
	}
	fmt.Fprintf(w, "%d %s:\n", found.Count, what)
	for _, example := range found.Examples {
		fmt.Fprintf(w, "  %s\n", example.Text)
	}
	if more := found.Count - int64(len(found.Examples)); more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
}
