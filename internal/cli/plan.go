package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"landfall/internal/guard"
	"landfall/internal/migration"
	"landfall/internal/plan"
	"landfall/internal/record"
	"landfall/internal/report"
	"landfall/internal/run"
	"landfall/internal/target"
)

type planFlags struct {
	out    string
	mode   string
	target string
	inputs []string
	starts []string
	batch  int
	json   bool
}

func (f *front) plan() *cobra.Command {
	var flags planFlags
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Tell what a run would make of every record, and write nothing to the target",
		Long: `Reads source and target and tells what a run would do: what becomes of every record, why records would be rejected, and
what would change in rows that are there. It writes nothing to the target and needs no right to. The plan goes into a
file, and what is planned for each record into a second one beside it; ` + "`landfall run --plan`" + ` holds a run to them.

Exit codes: 0 planned, all would land · 1 broken · 2 usage or mapping · 3 environment (cannot connect, missing
permission) · 4 planned, some records would fail or be blocked · 130 interrupted (nothing is written)`,
		Example: `  landfall plan
  landfall plan --mode delta -o monday.json
  landfall plan show plan.json --only customer:1042`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return noCommand(cmd, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.makePlan(cmd.Context(), flags)
		},
	}
	cmd.Flags().StringVarP(&flags.out, "output", "o", "plan.json", "the plan file; what is planned for each record goes beside it, into ….records.zst")
	cmd.Flags().StringVar(&flags.mode, "mode", string(target.Full), "the mode of the run that is planned")
	cmd.Flags().StringVar(&flags.target, "target", "", "plan for another connection of the mapping")
	cmd.Flags().StringArrayVar(&flags.inputs, "input", nil, "ENTITY=FILE: read another file for an entity; may be repeated")
	cmd.Flags().StringArrayVar(&flags.starts, "start-row-number", nil, "ENTITY=NUMBER: the first row number of the entity, whose keys are made by new: offset; may be repeated")
	cmd.Flags().IntVar(&flags.batch, "batch", 0, fmt.Sprintf("records in a batch at most (default %d)", run.DefaultRecords))
	cmd.Flags().BoolVar(&flags.json, "json", false, "tell progress and the plan as JSON lines")
	cmd.AddCommand(f.planShow())
	return cmd
}

func (f *front) makePlan(ctx context.Context, flags planFlags) error {
	if err := knownMode(flags.mode); err != nil {
		return err
	}
	if flags.batch < 0 {
		return usagef("--batch takes numbers from 1")
	}
	if filepath.Ext(flags.out) != ".json" {
		return usagef("--output %s: expected a name that ends in .json", flags.out)
	}
	if err := report.Writable(flags.out); err != nil {
		return usagef("--output %s: expected a file that can be written: %w", flags.out, err)
	}
	inputs, err := inputsOf(flags.inputs)
	if err != nil {
		return err
	}
	m, err := f.openFit(ctx, flags.target, inputs)
	if err != nil {
		return err
	}
	defer m.Close(ctx)
	starts, err := startsOf(flags.starts, m)
	if err != nil {
		return err
	}
	boundPlanMemory()
	progress := f.progress(flags.json)
	stop, end := f.stopOnSignal()
	defer end()
	o := plan.Options{Out: flags.out, Questions: questionsOf(m), Options: run.Options{
		Mode: target.Mode(flags.mode), Inputs: inputs, StartRows: starts, Records: flags.batch, Observe: progress.Observe, Stop: stop, Points: f.points,
	}}
	p, err := plan.Make(ctx, m, o)
	progress.Close()
	if errors.Is(err, run.ErrStopped) {
		fmt.Fprintln(f.Err, "landfall: stopped; no plan was written")
		return &ended{exitInterrupted}
	}
	if err != nil {
		return err
	}
	if flags.json {
		err = report.JSONLine(f.Out, p)
	} else {
		p.Tell(f.Out)
		fmt.Fprintf(f.Out, "\nThe plan: %s, its records: %s\nCarry it out: landfall run --plan %s%s\n", flags.out, plan.RecordsFile(flags.out), flags.out, f.fileFlag())
	}
	if err != nil {
		return err
	}
	return planned(p)
}

// planned ends a command with whether all would land.
func planned(p *plan.Plan) error {
	for i := range p.Entities {
		for d, n := range p.Entities[i].Counts {
			if n > 0 && d.NeedsRetry() {
				return &ended{exitOpen}
			}
		}
	}
	return nil
}

func questionsOf(m *migration.Migration) []string {
	var texts []string
	for _, q := range report.OpenQuestions(m) {
		texts = append(texts, fmt.Sprintf("%s.%s: %s", q.Entity, q.Column, q.Question))
	}
	return texts
}

func (f *front) planShow() *cobra.Command {
	var only []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show PLAN",
		Short: "Show a plan, or what is planned for some records",
		Long: `Shows what a plan file says, or with --only what is planned for records: how they end and why, and field by field what
changes in rows that are there. Neither source nor target is asked.

Exit codes: 0 shown · 2 usage, or the file is no plan · 4 the plan does not know one of the records · 5 the file was changed`,
		Example: "  landfall plan show plan.json\n  landfall plan show plan.json --only customer:1042",
		Args:    oneArg("a plan file", "plan.json"),
		RunE: func(_ *cobra.Command, args []string) error {
			return f.showPlan(args[0], only, asJSON)
		},
	}
	cmd.Flags().VarP(&onlyValue{&only}, "only", "", "these records: ENTITY:KEY, several divided by commas")
	cmd.Flags().BoolVar(&asJSON, "json", false, "tell it as JSON lines")
	return cmd
}

func (f *front) showPlan(path string, only []string, asJSON bool) error {
	p, err := plan.Read(path)
	if err != nil {
		return err
	}
	if len(only) == 0 {
		if asJSON {
			return report.JSONLine(f.Out, p)
		}
		p.Tell(f.Out)
		return nil
	}
	unknown := false
	for _, text := range only {
		ref, ok := record.ParseRef(text)
		if !ok {
			return usagef("%q names no record: expected ENTITY:KEY, such as customer:1042", text)
		}
		found, err := plan.Find(path, ref)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			unknown = true
			fmt.Fprintf(f.Err, "landfall: the plan does not know %s\n", ref)
		}
		for _, forecast := range found {
			if asJSON {
				if err := report.JSONLine(f.Out, plan.RecordJSON(forecast)); err != nil {
					return err
				}
				continue
			}
			plan.TellRecord(f.Out, forecast)
		}
	}
	if unknown {
		return &ended{exitOpen}
	}
	return nil
}

// heldTo opens the mapping for a run that is held to a plan and makes sure that
// the plan still holds.
func (f *front) heldTo(ctx context.Context, flags runFlags, path string, inputs map[string]string) (*migration.Migration, run.Options, error) {
	p, err := plan.Read(path)
	if err != nil {
		return nil, run.Options{}, f.refusedPlan(ctx, flags.target, run.Options{RunsDir: flags.runs}, err)
	}
	mode, name := "", flags.target
	if flags.modeTyped {
		mode = flags.mode
	}
	if name == "" {
		name = p.Target.Connection
	}
	if err := p.Asked(mode, inputs); err != nil {
		return nil, run.Options{}, f.refusedPlan(ctx, name, run.Options{RunsDir: flags.runs, PlanHash: p.Hash}, err)
	}
	for entity, file := range p.Settings.Inputs {
		if _, err := os.Stat(file); err != nil {
			return nil, run.Options{}, usagef("%s: the plan reads %s for %s: %w", path, file, entity, errors.Unwrap(err))
		}
	}
	flags.target = name
	m, err := f.openToRun(ctx, flags, p.Settings.Inputs, run.Options{PlanHash: p.Hash}, false)
	if err != nil {
		return nil, run.Options{}, err
	}
	absolute, err := filepath.Abs(path)
	if err == nil {
		progress := f.progress(flags.json)
		stop, end := f.stopOnSignal()
		o := run.Options{Fingerprint: flags.fingerprint, RunsDir: flags.runs, Stop: stop, Observe: progress.Observe}
		o, err = p.Hold(ctx, m, absolute, o)
		progress.Close()
		end()
		if err == nil {
			return m, o, nil
		}
	}
	m.Close(ctx)
	if errors.Is(err, run.ErrStopped) {
		err = &ended{exitInterrupted}
	}
	return nil, run.Options{}, err
}

// refusedPlan notes, in the audit of a protected target, that a plan was refused
// before the target was opened: that it was changed by hand, or that something
// else is asked for beside it.
func (f *front) refusedPlan(ctx context.Context, connection string, o run.Options, err error) error {
	var refusal *guard.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	m, unopened := f.open(ctx, connection, nil)
	if unopened != nil {
		return fmt.Errorf("%w; the refusal could not be noted in the audit: %v", err, unopened) //nolint:errorlint // the refusal decides
	}
	defer m.Close(ctx)
	return run.Refuse(ctx, m, o, false, refusal)
}
