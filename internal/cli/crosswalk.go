package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"landfall/internal/crosswalk"
	"landfall/internal/entries"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/report"
	"landfall/internal/sqldb"
)

func (f *front) crosswalk() *cobra.Command {
	cmd := &cobra.Command{
		Use: "crosswalk", Short: "Source key ↔ target key: look up, hand over, keep safe",
		Long:    "The crosswalk knows which row of the target each record of the source became, for ever.\nKeys are shown as they are, even where the mapping calls a column private: they are what everything is found by.\n\nExit codes: 0 done · 2 usage or mapping",
		Example: "  landfall crosswalk get customer:1042\n  landfall crosswalk export --out crosswalk.csv",
		Args:    cobra.ArbitraryArgs, RunE: noCommand,
	}
	cmd.AddCommand(f.crosswalkGet(), f.crosswalkExport(), f.crosswalkBackup(), f.crosswalkVerify(), f.crosswalkRestore(), f.crosswalkImport())
	return cmd
}

// entriesForm is how entries are written.
type entriesForm struct {
	out, format string
	json, exact bool
}

func (e *entriesForm) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&e.out, "out", "", "write a file: FILE.csv or FILE.jsonl")
	cmd.Flags().StringVar(&e.format, "format", "", strings.Join(report.RecordsFormats, ", ")+" (default: table, or by the name of the file)")
	cmd.Flags().BoolVar(&e.json, "json", false, "one JSON object a line: --format jsonl")
	cmd.Flags().BoolVar(&e.exact, "exact", false, "CSV without the apostrophe that keeps spreadsheets from taking a cell for a formula")
}

// write opens what entries go to, whole or not at all where it is a file.
func (e *entriesForm) write(f *front, rows bool, write func(report.EntryWriter) error) error {
	shape := recordsFlags{out: e.out, format: e.format, json: e.json}
	if err := shape.shape(); err != nil {
		return err
	}
	within := func(w io.Writer) error {
		out, err := report.NewEntryWriter(w, report.EntryOptions{Format: report.RecordsFormat(shape.format), Rows: rows, Exact: e.exact})
		if err != nil {
			return err
		}
		if err := write(out); err != nil {
			return err
		}
		return out.Flush()
	}
	if e.out != "" {
		return report.ExportRecords(e.out, false, within)
	}
	return within(f.Out)
}

// getFlags are what `crosswalk get` is asked.
type getFlags struct {
	entriesForm
	target, input, entity, column, delimiter string
	row                                      bool
}

func (f *front) crosswalkGet() *cobra.Command {
	var flags getFlags
	cmd := &cobra.Command{
		Use:   "get ENTITY:KEY...",
		Short: "Look up which row a record became, or which record a row was",
		Long: `Looks records up in the crosswalk: ENTITY:KEY gives the row of each. With --row the arguments name rows, TABLE:KEY or
ENTITY:KEY, and the records that they were are given; of a row that nobody owns, all that point at it or did.
--input reads keys from a file, one a line or in a column of a CSV file, for --entity (with --row: an entity or a table).
What is not known is listed as not found, in its place.

Exit codes: 0 all found · 2 usage or nothing has been run yet · 3 the target cannot be reached · 4 some were not found`,
		Example: "  landfall crosswalk get customer:1042 customer:1043\n  landfall crosswalk get --row customers:77\n" +
			"  landfall crosswalk get --input keys.txt --entity customer --out rows.csv\n  landfall crosswalk get --input orders.csv --column customer_no --entity customer --json",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.check(cmd, args); err != nil {
				return err
			}
			return f.look(cmd.Context(), flags.target, func(file *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
				return f.get(cmd.Context(), file, tx, l, flags, args)
			})
		},
	}
	flags.flags(cmd)
	cmd.Flags().BoolVar(&flags.row, "row", false, "the arguments, or the keys of --input, are those of rows in the target")
	cmd.Flags().StringVar(&flags.input, "input", "", "read keys from this file: one a line")
	cmd.Flags().StringVar(&flags.entity, "entity", "", "whose keys --input holds; with --row also a target table")
	cmd.Flags().StringVar(&flags.column, "column", "", "the column of a CSV file that holds the key; several, divided by commas, hold its parts")
	cmd.Flags().StringVar(&flags.delimiter, "delimiter", "", "of a CSV file (default: a comma)")
	cmd.Flags().StringVar(&flags.target, "target", "", "another connection of the mapping")
	return cmd
}

func (g *getFlags) check(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0 && g.input == "":
		return usagef("landfall crosswalk get: name records, or a file of keys with --input: landfall crosswalk get customer:1042")
	case g.input != "" && g.entity == "":
		return usagef("--input %s: say with --entity whose keys these are", g.input)
	case g.input == "" && (g.entity != "" || g.column != ""):
		return usagef("--entity and --column go with --input")
	}
	if _, err := delimiterOf(g.delimiter); err != nil {
		return err
	}
	return noBlank(cmd, args)
}

// delimiterOf reads --delimiter.
func delimiterOf(text string) (rune, error) {
	switch text {
	case "":
		return 0, nil
	case `\t`, "tab":
		return '\t', nil
	}
	r, size := utf8.DecodeRuneInString(text)
	if size != len(text) || strings.ContainsRune("\"\r\n\ufffd", r) {
		return 0, usagef("--delimiter %q: expected one character, or tab", text)
	}
	return r, nil
}

// place finds the table or entity that a row is named by.
func (f *front) place(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, file *mapping.File, name string) (crosswalk.Place, error) {
	place, ambiguous, err := crosswalk.FindPlace(ctx, tx, l.Books(), file.Name, name)
	if len(ambiguous) > 0 {
		err = usagef("%s is the name of several target tables: say which one is meant: %s", name, strings.Join(ambiguous, ", "))
	}
	return place, err
}

func (f *front) get(ctx context.Context, file *mapping.File, tx sqldb.Tx, l *ledger.Ledger, flags getFlags, args []string) error {
	asked, missing := int64(0), int64(0)
	err := flags.write(f, flags.row, func(out report.EntryWriter) error {
		found := entries.Found{
			Entry: out.Entry,
			Missing: func(ref record.Ref) error {
				missing++
				return out.Missing(ref, flags.row)
			},
		}
		finder := func(name string) (*entries.Finder, error) {
			if flags.row {
				place, err := f.place(ctx, tx, l, file, name)
				return entries.FindRows(ctx, tx, l.Books(), file.Name, name, place, found), err
			}
			if file.Entity(name) == nil {
				return nil, usagef("%s: the mapping has no such entity%s", name, mapping.Hint(name, file.EntityNames()))
			}
			return entries.FindRecords(ctx, tx, l.Books(), file.Name, name, found)
		}
		groups, err := f.asked(file, flags.row, args)
		if err != nil {
			return err
		}
		for _, group := range groups {
			finding, err := finder(group[0].Entity)
			if err != nil {
				return err
			}
			for _, ref := range group {
				asked++
				if err := finding.Ask(ref.Key); err != nil {
					return err
				}
			}
			if err := finding.End(); err != nil {
				return err
			}
		}
		if flags.input == "" {
			return nil
		}
		finding, err := finder(flags.entity)
		if err != nil {
			return err
		}
		if err := flags.keys().Each(func(_ int64, key string) error {
			asked++
			if entity := file.Entity(flags.entity); !flags.row && entity != nil {
				key = entity.From.Fold.Key(key)
			}
			return finding.Ask(key)
		}); err != nil {
			return err
		}
		return finding.End()
	})
	if err != nil {
		return err
	}
	if flags.out != "" {
		fmt.Fprintf(f.Err, "%s: %d asked for, %d not found\n", flags.out, asked, missing)
	}
	if missing > 0 {
		if flags.out == "" {
			fmt.Fprintf(f.Err, "landfall: %d of %d were not found\n", missing, asked)
		}
		return &ended{exitOpen}
	}
	return nil
}

func (g *getFlags) keys() entries.KeyFile {
	keys := entries.KeyFile{Path: g.input}
	if g.column != "" {
		keys.Columns = splitOnly(g.column)
	}
	keys.Delimiter, _ = delimiterOf(g.delimiter) // was checked
	return keys
}

// asked reads the arguments, those of one entity or table together as long as
// they stand side by side.
func (f *front) asked(file *mapping.File, rows bool, args []string) (groups [][]record.Ref, err error) {
	var named []record.Ref
	if rows {
		for _, text := range args {
			ref, ok := record.ParseRef(text)
			if !ok {
				return nil, usagef("%q names no row: expected TABLE:KEY or ENTITY:KEY, such as customers:3017", text)
			}
			named = append(named, ref)
		}
	} else if named, err = refs(args, file); err != nil {
		return nil, err
	}
	for len(named) > 0 {
		end := slices.IndexFunc(named, func(r record.Ref) bool { return r.Entity != named[0].Entity })
		if end < 0 {
			end = len(named)
		}
		groups, named = append(groups, named[:end]), named[end:]
	}
	return groups, nil
}

func (f *front) crosswalkExport() *cobra.Command {
	var form entriesForm
	var target, entity, run string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write all entries of the crosswalk, for people and other tools",
		Long: `Writes the entries of the crosswalk, entity by entity: source key, target table and key, role, state, and the runs that
made and last wrote them. --run keeps to entries that the run made or wrote last. In CSV a cell that a spreadsheet would take for a
formula gets an apostrophe in front, unless --exact; keys are not masked. It is no backup: ` + "`landfall crosswalk backup`" + ` makes one.

Exit codes: 0 done · 2 usage or nothing has been run yet · 3 the target cannot be reached`,
		Example: "  landfall crosswalk export --out crosswalk.csv\n  landfall crosswalk export --entity customer --run acme-0003 --format csv",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if form.format == "" && form.out == "" && !form.json {
				form.format = string(report.RecordsCSV)
			}
			return f.look(cmd.Context(), target, func(file *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
				listing := crosswalk.Listing{Migration: file.Name, Entity: entity}
				if entity != "" && file.Entity(entity) == nil {
					return usagef("--entity %s: the mapping has no such entity%s", entity, mapping.Hint(entity, file.EntityNames()))
				}
				if run != "" {
					found, err := findRun(cmd.Context(), tx, l, file.Name, run)
					if err != nil {
						return err
					}
					listing.RunID = found.ID
				}
				written := int64(0)
				err := form.write(f, false, func(out report.EntryWriter) error {
					return crosswalk.List(cmd.Context(), tx, l.Books(), listing, func(entry *crosswalk.Listed) error {
						written++
						return out.Entry(entry)
					})
				})
				if err == nil && form.out != "" {
					fmt.Fprintf(f.Err, "%s: %d entries\n", form.out, written)
				}
				return err
			})
		},
	}
	form.flags(cmd)
	cmd.Flags().StringVar(&entity, "entity", "", "entries of this entity alone")
	cmd.Flags().StringVar(&run, "run", "", "entries that this run made or wrote last")
	cmd.Flags().StringVar(&target, "target", "", "another connection of the mapping")
	return cmd
}
