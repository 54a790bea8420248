package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/report"
	"landfall/internal/sqldb"
)

// recordsFlags are what `records` is asked.
type recordsFlags struct {
	target, run, entity, field, key, since, out, format string
	dispositions, codes                                 []string
	json, values, showPrivate                           bool
}

func (f *front) records() *cobra.Command {
	var flags recordsFlags
	cmd := &cobra.Command{
		Use:   "records",
		Short: "List or export a run's records by their end",
		Long: `Lists the records of a run, the newest unless --run names one, one a line and in the order in which they were read:
Ref, record number, line, disposition, target key, and of those that did not land code, field, step and reason.
--since without --run goes over all runs. It shows no values, unless --values asks for them; private ones are masked.

Exit codes: 0 done · 2 usage · 3 the target cannot be reached`,
		Example: "  landfall records --disposition failed,blocked\n  landfall records --entity customer --code too-long --json\n" +
			"  landfall records --entity job --key 'J00*' --out jobs.csv\n  landfall records --since 2h --disposition failed --format csv",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter, err := flags.filter()
			if err != nil {
				return err
			}
			return f.look(cmd.Context(), flags.target, func(file *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
				if flags.entity != "" && file.Entity(flags.entity) == nil {
					return usagef("--entity %s: the mapping has no such entity%s", flags.entity, mapping.Hint(flags.entity, file.EntityNames()))
				}
				runs, err := f.recordsRuns(cmd.Context(), tx, l, file.Name, &flags, &filter)
				if err != nil {
					return err
				}
				return f.writeRecords(cmd.Context(), file, tx, l, runs, flags, filter)
			})
		},
	}
	cmd.Flags().StringVar(&flags.target, "target", "", "another connection of the mapping")
	cmd.Flags().StringSliceVar(&flags.dispositions, "disposition", nil, strings.Join(dispositionNames(), ", ")+"; several divided by commas")
	cmd.Flags().StringVar(&flags.run, "run", "", "the run (default: the newest)")
	cmd.Flags().StringVar(&flags.entity, "entity", "", "records of this entity alone")
	cmd.Flags().StringSliceVar(&flags.codes, "code", nil, "records with these codes alone, such as too-long")
	cmd.Flags().StringVar(&flags.field, "field", "", "records rejected for this field alone")
	cmd.Flags().StringVar(&flags.key, "key", "", "records with this key, a pattern (A-*), or a range (1000..1999)")
	cmd.Flags().StringVar(&flags.since, "since", "", "what was committed since: a time (2026-11-27, 2026-11-27T08:00:00Z) or a while ago (90m, 2h, 7d)")
	cmd.Flags().StringVar(&flags.out, "out", "", "write a file: FILE.csv or FILE.jsonl")
	cmd.Flags().StringVar(&flags.format, "format", "", strings.Join(report.RecordsFormats, ", ")+" (default: table, or by the name of the file)")
	cmd.Flags().BoolVar(&flags.json, "json", false, "one JSON object a line: --format jsonl")
	cmd.Flags().BoolVar(&flags.values, "values", false, "with what was read and written, as far as the books keep it (csv, jsonl)")
	cmd.Flags().BoolVar(&flags.showPrivate, "show-private", false, "do not mask what the mapping calls private")
	return cmd
}

// filter checks the flags that need no books.
func (r *recordsFlags) filter() (filter report.Filter, err error) {
	filter = report.Filter{Entity: r.entity, Field: r.field, Values: r.values}
	for _, name := range r.dispositions {
		if !slices.Contains(dispositionNames(), name) {
			return filter, usagef("--disposition %s: expected one of %s%s", name, strings.Join(dispositionNames(), ", "), mapping.Hint(name, dispositionNames()))
		}
		filter.Dispositions = append(filter.Dispositions, record.Disposition(name))
	}
	for _, code := range r.codes {
		if !slices.Contains(codeNames(), code) {
			return filter, usagef("--code %s: there is no such code, see docs/codes.md%s", code, mapping.Hint(code, codeNames()))
		}
		filter.Codes = append(filter.Codes, record.Code(code))
	}
	if r.key != "" {
		if filter.Keys, err = report.ParseKeyFilter(r.key); err != nil {
			return filter, usagef("--key %s: %w", r.key, err)
		}
	}
	return filter, r.shape()
}

// shape finds the format out.
func (r *recordsFlags) shape() error {
	byName := strings.TrimPrefix(filepath.Ext(r.out), ".")
	switch {
	case r.json && r.format != "" && r.format != string(report.RecordsJSON):
		return usagef("--json and --format %s: one of them", r.format)
	case r.json:
		r.format = string(report.RecordsJSON)
	case r.format == "" && r.out != "":
		if byName != string(report.RecordsCSV) && byName != string(report.RecordsJSON) {
			return usagef("--out %s: expected a file that ends in .csv or .jsonl, or --format", r.out)
		}
		r.format = byName
	case r.format == "":
		r.format = string(report.RecordsTable)
	}
	if !slices.Contains(report.RecordsFormats, r.format) {
		return usagef("--format %s: expected %s%s", r.format, strings.Join(report.RecordsFormats, ", "), mapping.Hint(r.format, report.RecordsFormats))
	}
	if r.values && r.format == string(report.RecordsTable) {
		return usagef("--values: expected --format csv or jsonl; `landfall explain` shows one record's values")
	}
	return nil
}

// recordsRuns finds the runs, oldest first, and the moment that --since means.
func (f *front) recordsRuns(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, migration string, flags *recordsFlags, filter *report.Filter) ([]*ledger.Run, error) {
	newest, err := findRun(ctx, tx, l, migration, flags.run)
	if err != nil || flags.since == "" {
		return []*ledger.Run{newest}, err
	}
	ago, moment, err := sinceWhen(flags.since)
	if err != nil {
		return nil, err
	}
	if moment == "" {
		row, _, err := l.Books().One(ctx, tx, "SELECT "+l.Books().Now(-int(ago.Seconds())))
		if err != nil {
			return nil, err
		}
		moment = row[0].String()
	}
	filter.Since = moment
	if flags.run != "" {
		return []*ledger.Run{newest}, nil
	}
	all, err := l.Runs(ctx, tx, migration)
	slices.Reverse(all)
	return slices.DeleteFunc(all, func(r *ledger.Run) bool { return r.EndedAt != "" && r.EndedAt < moment }), err
}

// sinceWhen reads a moment, or how long ago it was by the target's clock.
func sinceWhen(text string) (ago time.Duration, moment string, err error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if at, err := time.Parse(layout, text); err == nil {
			return 0, at.UTC().Format("2006-01-02T15:04:05.000Z"), nil
		}
	}
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		if n, err := strconv.ParseFloat(days, 64); err == nil && n > 0 {
			return time.Duration(n * 24 * float64(time.Hour)), "", nil
		}
	}
	if ago, err = time.ParseDuration(text); err == nil && ago > 0 {
		return ago, "", nil
	}
	return 0, "", usagef("--since %s: expected a time in UTC such as 2026-11-27 or 2026-11-27T08:00:00Z, or a while such as 90m, 2h or 7d", text)
}

func (f *front) writeRecords(ctx context.Context, file *mapping.File, tx sqldb.Tx, l *ledger.Ledger, runs []*ledger.Run, flags recordsFlags, filter report.Filter) error {
	all, err := l.Runs(ctx, tx, file.Name)
	if err != nil {
		return err
	}
	veils := report.NewVeils(file, all)
	shown := int64(0)
	write := func(w io.Writer) error {
		out, err := report.NewRecordWriter(w, report.RecordsFormat(flags.format), flags.values, len(runs) > 1)
		if err != nil {
			return err
		}
		for _, run := range runs {
			veil, of := (*report.Veil)(nil), ""
			err := report.Records(ctx, tx, l, run, filter, func(r *report.Listed) error {
				shown++
				if flags.values && !flags.showPrivate {
					if veil == nil || of != r.Entity {
						veil, of = veils.Of(r.Entity, run), r.Entity
					}
					r.Veil(veil)
				}
				return out.Write(r)
			})
			if err != nil {
				return err
			}
		}
		return out.Flush()
	}
	if flags.out != "" {
		if err := report.ExportRecords(flags.out, flags.values && flags.showPrivate, write); err != nil {
			return err
		}
		fmt.Fprintf(f.Err, "%s: %d records\n", flags.out, shown)
		return nil
	}
	err = write(f.Out)
	if err == nil && shown == 0 && flags.format == string(report.RecordsTable) {
		whose := "runs since then have"
		if flags.since == "" || flags.run != "" {
			whose = "run " + runs[0].Name + " has"
		}
		fmt.Fprintln(f.Err, whose+" no such records")
	}
	return err
}

func codeNames() []string {
	var names []string
	for _, code := range record.Codes {
		names = append(names, string(code))
	}
	return names
}

func dispositionNames() []string {
	var names []string
	for _, disposition := range record.Dispositions {
		names = append(names, string(disposition))
	}
	return names
}
