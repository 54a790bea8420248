package dataload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/target"
)

// Where nothing is sent nobody need be there, and no credentials are needed.
const (
	nowhere  = "https://dry-run.invalid"
	noSecret = "dry-run"
)

const kindDryRunFail = "dry_run_fail"

// rehearse reads and judges every record as a run does, and makes no call.
func rehearse(ctx context.Context, o *Options, c *Console) (*Summary, error) {
	in, err := openInput(ctx, o)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "landfall-dataload-")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", migration.ErrEnvironment, err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "dry-run.yaml")
	if err := keep(path, o.compose(in, nowhere)); err != nil {
		return nil, fmt.Errorf("%w: %w", migration.ErrEnvironment, err)
	}
	m, err := open(ctx, path, func(string) string { return noSecret })
	if err != nil {
		return nil, err
	}
	defer m.Close(ctx)
	if err := os.MkdirAll(o.OutputDir, 0o755); err != nil {
		return nil, fmt.Errorf("%w: the output folder: %w", migration.ErrEnvironment, err)
	}
	s := &Summary{Type: o.Type, Delta: o.Delta, DryRun: true, Files: []string{}}
	d := &dryRun{o: o, in: in, counts: &s.Counts}
	paths, err := d.sift(ctx, m, c)
	if err != nil {
		return nil, err
	}
	s.Files = append(s.Files, paths...)
	return s, nil
}

// dryRun writes down what would be rejected.
type dryRun struct {
	o      *Options
	in     *input
	counts *Counts
	walk   *walk
	table  *table
}

func (d *dryRun) sift(ctx context.Context, m *migration.Migration, c *Console) (paths []string, err error) {
	if d.walk, err = d.in.walk(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.walk.close()) }()
	if d.table, err = createTable(d.o.OutputDir, kindDryRunFail, "batch", "line", d.o.PrimaryKey, "error"); err != nil {
		return nil, err
	}
	o := run.Options{Mode: target.Full, Records: d.o.Batch, Observe: d.observe(c)}
	if d.o.Delta {
		o.Mode = target.Delta
	}
	err = run.Sift(ctx, m, o, d.take)
	if err != nil || d.table.rows == 0 {
		return nil, errors.Join(err, d.table.discard())
	}
	s, err := claimStamp(d.o.OutputDir, time.Now(), []string{kindDryRunFail})
	if err != nil {
		return nil, errors.Join(err, d.table.discard())
	}
	path := s.path(kindDryRunFail)
	return []string{path}, errors.Join(d.table.finish(path), s.release())
}

// observe shows what is found on the way, and no progress: nothing waits.
func (d *dryRun) observe(c *Console) func(run.Event) {
	return func(e run.Event) {
		switch e.Kind {
		case run.EventWarning:
			fmt.Fprintln(c.Err, "warning: "+e.Message)
		case run.EventRepeat:
			fmt.Fprintln(c.Err, e.Message)
		}
	}
}

func (d *dryRun) take(s run.Sifted) error {
	d.counts.Processed++
	switch {
	case s.Rejection == nil:
		d.counts.Created++
		return nil
	case s.Rejection.Disposition() == record.Duplicate:
		d.counts.Duplicate++
		return nil
	}
	d.counts.Failed++
	if err := d.walk.to(s.Number); err != nil {
		return err
	}
	batch := (s.Number-d.o.StartAt)/int64(d.o.Batch) + 1
	text := plainly(s.Rejection.Message())
	if s.Rejection.Step != record.StepRead {
		text += fmt.Sprintf("%s (line %d, physical line %d)", onAttribute(s.Rejection.Field, text), s.Number+1, s.Line)
	}
	return d.table.write(strconv.FormatInt(batch, 10), strconv.FormatInt(s.Number+1, 10), d.walk.cell(d.in.key), text)
}
