package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/report"
	"landfall/internal/run"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// defaultRuns is where the files of runs go unless told otherwise.
const defaultRuns = "runs"

// runFlags are the flags of the commands that carry records.
type runFlags struct {
	mode   string
	only   []string
	limit  int64
	target string
	inputs []string
	starts []string
	dryRun bool
	json   bool
	batch  int
	zero   bool // a 0 was typed where leaving the flag out means no limit
	lanes  int
	runs   string
	// showPrivate shows what the mapping calls private.
	showPrivate bool
	fingerprint bool
	stopAfter   *mapping.StopAfter
	sendAgain   bool
	plan        string
	modeTyped   bool
}

func (f *front) run() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Move the records, or go on with an unfinished run",
		Long: `Moves the records that the mapping describes. What a record became is remembered: a second run writes nothing
where nothing changed, and a run that was broken off goes on where it stopped.
` + exitCodes,
		Example: `  landfall run
  landfall run --mode delta
  landfall run --mode insert-only
  landfall run --only customer:1042,customer:1043 --dry-run
  landfall run --stop-after 1%
  landfall run --start-row-number account=41
  landfall run --plan plan.json
  landfall run --input customer=runs/acme-0001/customer/retry.csv`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			flags.modeTyped = cmd.Flags().Changed("mode")
			flags.zero = cmd.Flags().Changed("limit") && flags.limit == 0 || cmd.Flags().Changed("batch") && flags.batch == 0
			return f.runRecords(cmd.Context(), flags)
		},
	}
	cmd.Flags().StringVar(&flags.mode, "mode", "full", "full; delta: rows that match are taken over and updated; or insert-only: a wave, which writes new rows and nothing else")
	cmd.Flags().VarP(&onlyValue{&flags.only}, "only", "", "these records alone: ENTITY:KEY, several divided by commas")
	cmd.Flags().Int64Var(&flags.limit, "limit", 0, "the first so many records of each entity")
	cmd.Flags().StringArrayVar(&flags.inputs, "input", nil, "ENTITY=FILE: read another file for an entity, such as a retry file; may be repeated")
	cmd.Flags().StringArrayVar(&flags.starts, "start-row-number", nil, "ENTITY=NUMBER: the first row number of the entity, whose keys are made by new: offset; may be repeated")
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "with --only or --limit: show field by field what would be written, and write nothing")
	cmd.Flags().IntVar(&flags.batch, "batch", 0, fmt.Sprintf("records in a batch at most (default %d)", run.DefaultRecords))
	fingerprintFlag(cmd, &flags)
	stopAfterFlag(cmd, &flags)
	planFlag(cmd, &flags)
	f.carryFlags(cmd, &flags)
	return cmd
}

func planFlag(cmd *cobra.Command, flags *runFlags) {
	cmd.Flags().StringVar(&flags.plan, "plan", "", "hold the run to this plan: what moved since it was made is not written over")
}

func fingerprintFlag(cmd *cobra.Command, flags *runFlags) {
	cmd.Flags().BoolVar(&flags.fingerprint, "fingerprint", false, "show of every table whether rows that this run does not write are as they were")
}

func (f *front) carryFlags(cmd *cobra.Command, flags *runFlags) {
	cmd.Flags().StringVar(&flags.target, "target", "", "land in another connection of the mapping")
	cmd.Flags().BoolVar(&flags.json, "json", false, "tell progress and the result as JSON lines")
	cmd.Flags().IntVar(&flags.lanes, "lanes", 0, "connections that land side by side (default: steered by what the target answers)")
	cmd.Flags().StringVar(&flags.runs, "runs", defaultRuns, "folder for the files of runs")
	cmd.Flags().BoolVar(&flags.showPrivate, "show-private", false, "do not mask what the mapping calls private, here and in the files of rejected records")
}

// onlyValue collects --only over commas and repetitions.
type onlyValue struct{ refs *[]string }

func (v *onlyValue) Set(text string) error {
	*v.refs = append(*v.refs, splitOnly(text)...)
	return nil
}
func (v *onlyValue) String() string { return "" }
func (v *onlyValue) Type() string   { return "REFS" }

func (f *front) runRecords(ctx context.Context, flags runFlags) error {
	if err := knownMode(flags.mode); err != nil {
		return err
	}
	if flags.limit < 0 || flags.batch < 0 || flags.zero {
		return usagef("--limit and --batch take numbers from 1")
	}
	if flags.dryRun && len(flags.only) == 0 && flags.limit == 0 {
		return usagef("--dry-run wants --only or --limit: it holds one transaction open over all that it rehearses")
	}
	if flags.dryRun && flags.stopAfter != nil {
		return usagef("--stop-after: a dry run writes nothing, so nothing ends it early")
	}
	inputs, err := inputsOf(flags.inputs)
	if err != nil {
		return err
	}
	if flags.plan != "" {
		return f.runPlanned(ctx, flags, inputs)
	}
	m, err := f.openToRun(ctx, flags, inputs, run.Options{}, false)
	if err != nil {
		return err
	}
	defer m.Close(ctx)
	only, err := refs(flags.only, m.File)
	if err != nil {
		return err
	}
	starts, err := startsOf(flags.starts, m)
	if err != nil {
		return err
	}
	o := run.Options{Mode: target.Mode(flags.mode), Only: only, StartRows: starts, Limit: flags.limit, Inputs: inputs, Records: flags.batch, Fingerprint: flags.fingerprint}
	if flags.dryRun {
		return f.rehearse(ctx, m, o, flags)
	}
	return f.carry(ctx, m, o, flags, run.Run)
}

// runPlanned carries out a plan.
func (f *front) runPlanned(ctx context.Context, flags runFlags, inputs map[string]string) error {
	if len(flags.only) > 0 || flags.limit > 0 || flags.dryRun || flags.batch > 0 || len(flags.starts) > 0 {
		return usagef("--plan: a plan is carried out as a whole: leave out --only, --limit, --batch, --start-row-number and --dry-run")
	}
	m, o, err := f.heldTo(ctx, flags, flags.plan, inputs)
	if err != nil {
		return err
	}
	defer m.Close(ctx)
	return f.carry(ctx, m, o, flags, run.Run)
}

// knownMode refuses a mode that there is not.
func knownMode(mode string) error {
	if modes := []string{string(target.Full), string(target.Delta), string(target.InsertOnly)}; !slices.Contains(modes, mode) {
		return usagef("--mode %s: expected full, delta or insert-only%s", mode, mapping.Hint(mode, modes))
	}
	return nil
}

// carry shows a run while it goes on, and what came of it.
func (f *front) carry(ctx context.Context, m *migration.Migration, o run.Options, flags runFlags, start func(context.Context, *migration.Migration, run.Options) (*run.Result, error)) error {
	if flags.lanes < 0 {
		return usagef("--lanes takes numbers from 1; leave it out to have them steered")
	}
	progress := f.progress(flags.json)
	stop, end := f.stopOnSignal()
	defer end()
	o.Lanes, o.StopAfter, o.RunsDir = flags.lanes, flags.stopAfter, flags.runs
	o.Observe, o.Stop, o.Points = progress.Observe, stop, f.points
	result, err := start(ctx, m, o)
	progress.Close()
	if result == nil {
		return err
	}
	summary, tellErr := f.tell(ctx, m, result.Run, flags)
	if unreconciled := (*run.UnreconciledError)(nil); errors.As(err, &unreconciled) && tellErr == nil {
		return f.failedReconciliation(unreconciled, flags)
	}
	if err := f.brokenOff(err, tellErr, result.Stopped, flags.json, "what has landed"); err != nil {
		return err
	}
	return f.settle(result, summary.Open())
}

// failedReconciliation ends a wave that came to its end and is no success.
func (f *front) failedReconciliation(err *run.UnreconciledError, flags runFlags) error {
	if !flags.json {
		fmt.Fprintf(f.Err, "run %s FAILED ITS RECONCILIATION; look record by record with: landfall reconcile%s\n", err.Run, f.fileFlag())
	}
	return err
}

// settle ends a run that reached its end.
func (f *front) settle(result *run.Result, open int64) error {
	if result == nil { // a run that had ended, and only wanted its files
		result = &run.Result{}
	}
	for _, ref := range result.NotFound {
		fmt.Fprintf(f.Err, "landfall: %s is not in the source\n", ref)
	}
	for _, beyond := range result.OutOfReach {
		if beyond.NoKey > 0 {
			fmt.Fprintf(f.Err, "landfall: open records of %s without a key: %d; no retry can find them again: mend them and run everything\n", beyond.Entity, beyond.NoKey)
		}
		if beyond.Gone > 0 {
			fmt.Fprintf(f.Err, "landfall: open records of %s that the source does not hold under their key any more: %d; if their keys were mended, run everything\n", beyond.Entity, beyond.Gone)
		}
	}
	if open > 0 || len(result.NotFound) > 0 || len(result.OutOfReach) > 0 {
		return &ended{exitOpen}
	}
	return nil
}

// fileFlag repeats -f in a command that is suggested.
func (f *front) fileFlag() string {
	if f.file == "landfall.yaml" {
		return ""
	}
	return " -f " + f.file
}

// tell writes the run's files and the closing table.
func (f *front) tell(ctx context.Context, m *migration.Migration, r *ledger.Run, flags runFlags) (*report.Summary, error) {
	summary, err := f.tellCarried(ctx, m.OpenTarget, r, flags.json, func(tx sqldb.Tx, l *ledger.Ledger, summary *report.Summary, stored *ledger.Run) (string, error) {
		summary.OpenQuestions = report.OpenQuestions(m)
		return report.Artefacts(ctx, tx, l, m, summary, stored, report.Files{Dir: runsFolder(flags.runs, m.Target.Name, m.File), ShowPrivate: flags.showPrivate})
	})
	if err == nil && !flags.json && summary.Open() > 0 && summary.State.Ended() {
		f.adviseMending(m, summary.Mode)
	}
	return summary, err
}

// adviseMending says how rejected records come again: where nothing gets in but
// what somebody else approved, by a further plan, and not by a retry.
func (f *front) adviseMending(m *migration.Migration, mode string) {
	if !guard.RulesOf(m.File, m.Target, m.Looker()).Approval {
		fmt.Fprintf(f.Out, "Mend what was rejected, then: landfall retry%s\n", f.fileFlag())
		return
	}
	fmt.Fprintf(f.Out, "Mend what was rejected, then plan again, and have that approved: landfall plan --mode %s%s; what has landed stays as it is\n", mode, f.fileFlag())
}

func (f *front) rehearse(ctx context.Context, m *migration.Migration, o run.Options, flags runFlags) error {
	open := int64(0)
	result, err := run.Rehearse(ctx, m, o, func(t run.Trace) error {
		if t.Disposition.NeedsRetry() {
			open++
		}
		if flags.showPrivate {
			report.Unveil(&t)
		}
		if flags.json {
			return report.JSONLine(f.Out, report.TraceJSON(t))
		}
		report.WriteTrace(f.Out, t)
		return nil
	})
	if err != nil {
		return err
	}
	if !flags.json {
		fmt.Fprintln(f.Out, "Dry run: nothing was written.")
	}
	if result.Unreached != nil {
		fmt.Fprintf(f.Err, "landfall: %s; what it holds was not looked at: records may be there already, or have been changed\n", inWords(result.Unreached))
	}
	return f.settle(result, open)
}

func (f *front) resume() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "resume",
		Short: "Go on with the run that was broken off",
		Long: `Goes on with the unfinished run, whatever ended it: a kill, a crash, a lost connection, Ctrl-C. The end is the same
as that of an unbroken run. When the mapping or the input changed meanwhile it is refused, and what changed is said.
` + exitCodes,
		Example: "  landfall resume\n  landfall resume --stop-after none",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := f.findUnfinished(cmd.Context(), flags)
			if err != nil {
				return err
			}
			if found.rollback && flags.stopAfter != nil {
				return usagef("--stop-after: what is unfinished is a rollback, which keeps what it cannot undo and goes on")
			}
			if flags.plan == "" {
				flags.plan = found.plan
			}
			if flags.plan != "" && !found.rollback && found.closed == nil {
				m, o, err := f.heldTo(cmd.Context(), flags, flags.plan, nil)
				if err != nil {
					return err
				}
				defer m.Close(cmd.Context())
				return f.carry(cmd.Context(), m, o, flags, run.Resume)
			}
			if found.rollback {
				return f.resumeRollback(cmd.Context(), found.closed, flags)
			}
			m, err := f.openToRun(cmd.Context(), flags, found.inputs, run.Options{}, true)
			if err != nil {
				return err
			}
			defer m.Close(cmd.Context())
			if found.closed != nil {
				summary, err := f.tell(cmd.Context(), m, found.closed, flags)
				if err != nil {
					return err
				}
				if found.closed.State == ledger.Unreconciled {
					return f.failedReconciliation(&run.UnreconciledError{Run: found.closed.Name, Found: []string{found.closed.Error}}, flags)
				}
				return f.settle(nil, summary.Open())
			}
			return f.carry(cmd.Context(), m, run.Options{Inputs: found.inputs}, flags, run.Resume)
		},
	}
	planFlag(cmd, &flags)
	stopAfterFlag(cmd, &flags)
	f.carryFlags(cmd, &flags)
	return cmd
}

func (f *front) retry() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "retry [RUN]",
		Short: "Run the records that did not land again, and only those",
		Long: `Runs the failed, blocked and unknown records of a run again; without RUN, all that are still open since the last
run over all records. They are read from the source again, so what was mended there is seen.
` + exitCodes,
		Example: "  landfall retry\n  landfall retry acme-0001\n  landfall retry --send-again",
		Args:    atMostOneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := f.openToRun(cmd.Context(), flags, nil, run.Options{RetryOpen: true}, false)
			if err != nil {
				return err
			}
			defer m.Close(cmd.Context())
			o := run.Options{RetryOpen: true, Fingerprint: flags.fingerprint, SendAgain: flags.sendAgain}
			if len(args) > 0 {
				o.Retry = args[0]
			}
			return f.carry(cmd.Context(), m, o, flags, run.Run)
		},
	}
	cmd.Flags().BoolVar(&flags.sendAgain, "send-again", false, "send unknown records to the API once more of which it cannot be asked what became of them; look there first, or they may be there twice")
	fingerprintFlag(cmd, &flags)
	stopAfterFlag(cmd, &flags)
	f.carryFlags(cmd, &flags)
	return cmd
}
