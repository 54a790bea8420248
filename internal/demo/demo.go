package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// DefaultRecords is how many records a demo has when nobody says how many.
const DefaultRecords = 20_000

// ErrOccupied says that the folder already holds files that Build would write.
var ErrOccupied = errors.New("the folder already holds a demo")

// Options says what to build. The zero value is the usual demo.
type Options struct {
	Seed    int64 // equal seeds give equal data
	Records int   // over all entities, at least 50; 0 means DefaultRecords
	// TargetURL is an existing PostgreSQL database to make the CRM's tables in;
	// empty means a SQLite file beside the legacy one.
	TargetURL string
}

// PasswordVariable is where the mapping takes the CRM's password from.
const PasswordVariable = "CRM_PASSWORD"

// The files that Build writes.
const (
	MappingFile    = "landfall.yaml"
	legacyFile     = "legacy.db"
	targetFile     = "crm.db"
	technicianFile = "technicians.csv"
	invoiceFile    = "invoices.csv"
	readmeFile     = "README.md"
)

var files = []string{
	MappingFile, legacyFile, targetFile, technicianFile, invoiceFile, readmeFile, schemaFileSQLite, schemaFilePostgres,
}

// Build makes the demo in dir, which it creates when it is missing. It
// overwrites nothing: it returns ErrOccupied, wrapped, when one of its files is
// there, and refuses a PostgreSQL database whose tables of the CRM hold rows.
func Build(ctx context.Context, dir string, opts Options) (Summary, error) {
	if opts.Records == 0 {
		opts.Records = DefaultRecords
	}
	if opts.Records < fewest {
		return Summary{}, fmt.Errorf("a demo has at least %d records, not %d", fewest, opts.Records)
	}
	crm, err := newTarget(opts.TargetURL)
	if err != nil {
		return Summary{}, err
	}
	if err := occupy(dir); err != nil {
		return Summary{}, err
	}
	summary, err := write(ctx, dir, crm, newWorld(opts.Seed, opts.Records))
	if err != nil {
		for _, name := range files {
			_ = os.Remove(filepath.Join(dir, name)) // half a demo would only stand in the next one's way
		}
		return Summary{}, err
	}
	return summary, nil
}

func write(ctx context.Context, dir string, crm *target, w *world) (Summary, error) {
	summary := Summary{Dir: dir, Mapping: filepath.Join(dir, MappingFile), Seed: int64(w.seed)}
	for _, part := range []struct {
		name  string
		write func(context.Context, string, *world) ([]Entity, error)
	}{
		{legacyFile, writeLegacy},
		{technicianFile, writeTechnicians},
		{invoiceFile, writeInvoices},
	} {
		entities, err := part.write(ctx, filepath.Join(dir, part.name), w)
		if err != nil {
			return Summary{}, fmt.Errorf("write the demo's %s: %w", part.name, err)
		}
		summary.Entities = append(summary.Entities, entities...)
	}
	summary.sort()
	if err := writePapers(dir, crm, summary); err != nil {
		return Summary{}, err
	}
	// The target comes last: tables in somebody's database are not cleared away
	// when something else fails.
	if err := crm.create(ctx, dir, w); err != nil {
		return Summary{}, fmt.Errorf("make the demo's CRM: %w", err)
	}
	return summary, nil
}

// occupy makes sure that dir exists and none of the demo's files are in it.
func occupy(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range files {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%w: %s is there; remove it or choose another folder", ErrOccupied, filepath.Join(dir, name))
		}
	}
	return nil
}
