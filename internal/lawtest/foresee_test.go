package lawtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"landfall/internal/migration"
	"landfall/internal/run"
)

// foresee tells the ends of records that a run would have, as outcome does.
func (w *world) foresee(o run.Options) (ends []string, err error) {
	w.t.Helper()
	ctx := context.Background()
	m, err := migration.Open(ctx, migration.Options{Path: filepath.Join(w.dir, "landfall.yaml"), Inputs: o.Inputs, Getenv: os.Getenv})
	if err != nil {
		w.t.Fatal(err)
	}
	defer m.Close(ctx)
	ends = []string{}
	foresight, err := run.Foresee(ctx, m, o, func(f *run.Forecast) error {
		end := fmt.Sprintf("%s %s", f.Ref, f.Disposition)
		if f.Code != "" {
			end += ": " + string(f.Code)
		}
		if f.Field != "" {
			end += " in " + f.Field
		}
		ends = append(ends, end)
		return nil
	})
	if err == nil {
		for _, e := range foresight.Entities {
			w.unforeseen = append(w.unforeseen, e.Unforeseen...)
		}
	}
	return ends, err
}

// foreseeAlways foresees every run of these tests where LANDFALL_FORESEE is set:
// all that they think of is what a plan must think of.
func (w *world) foreseeAlways(o run.Options) []string {
	w.t.Helper()
	if os.Getenv("LANDFALL_FORESEE") == "" || w.unplannable != "" || o.RetryOpen || o.Retry != "" || len(o.Only) > 0 || o.Limit > 0 || o.Stop != nil {
		return nil
	}
	planned, err := w.foresee(run.Options{Mode: o.Mode, Inputs: o.Inputs, Records: o.Records, Bytes: o.Bytes, StartRows: o.StartRows})
	var unfinished *run.UnfinishedError
	if errors.As(err, &unfinished) {
		return nil
	}
	if err != nil {
		w.t.Errorf("foreseeing: %v", err)
	}
	if len(w.unforeseen) > 0 {
		return nil // only the target can judge
	}
	return planned
}

// foreseen runs what was foreseen, and nothing else may come of it.
func (w *world) foreseen(what string, o run.Options) *outcome {
	w.t.Helper()
	planned, err := w.foresee(o)
	if err != nil {
		w.t.Fatalf("%s: foreseeing: %v", what, err)
	}
	out := w.run(o)
	same(w.t, what+", foreseen", out.ends, planned)
	return out
}

// TestA02ForeseenIsWhatComes: the first load and a second one.
func TestA02ForeseenIsWhatComes(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE customers (id NUMBER, name varchar(9))",
			"CREATE TABLE phones (id NUMBER, customer_id bigint REFERENCES customers (id), kind varchar(9), number varchar(6), legacy varchar(9))")
		w.mapping(phoneMapping)
		w.file("customers.csv", "No,Name,Phone1,Phone2,Fax", "1,ann,11,12,", "2,bob,, ,", "3,far too long,31,,33", "4,dan,4444444,42,5555555", ",eve,1,2,3", "6/Fax,fay,6,,7", "4,twin,9,,")
		w.foreseen("first", run.Options{Records: 3})
		w.foreseen("second", run.Options{Records: 2})
		w.file("customers.csv", "No,Name,Phone1,Phone2,Fax", "1,anna,11,12,", "3,short,31,,33", "6/Fax,fay,6,,8", "7,gus,9,,")
		w.foreseen("changed", run.Options{Records: 2})
	})
}
