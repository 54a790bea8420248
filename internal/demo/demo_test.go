package demo

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func build(t *testing.T, opts Options) Summary {
	t.Helper()
	summary, err := Build(t.Context(), filepath.Join(t.TempDir(), "demo"), opts)
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	first, second := build(t, Options{Seed: 7, Records: 3000}), build(t, Options{Seed: 7, Records: 3000})
	if diff := cmp.Diff(first.Entities, second.Entities); diff != "" {
		t.Error(diff)
	}
	files, err := os.ReadDir(first.Dir)
	if err != nil || len(files) != 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	other := build(t, Options{Seed: 8, Records: 3000})
	for _, file := range files {
		a := read(t, first.Dir, file.Name())
		if !bytes.Equal(a, read(t, second.Dir, file.Name())) {
			t.Errorf("%s differs between two builds", file.Name())
		}
		if file.Name() == invoiceFile && bytes.Equal(a, read(t, other.Dir, file.Name())) {
			t.Errorf("%s is the same for another seed", file.Name())
		}
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestAnySizeAddsUp(t *testing.T) {
	t.Parallel()
	for _, records := range []int{50, 51, 77, 100, 999, 5000} {
		summary := build(t, Options{Seed: int64(records), Records: records})
		if got := summary.Records(); got != records {
			t.Errorf("%d records were asked for, %d made", records, got)
		}
		for _, entity := range summary.Entities {
			if entity.Created() < 0 || entity.Records == 0 {
				t.Errorf("%d records: %+v", records, entity)
			}
		}
	}
	if _, err := Build(t.Context(), t.TempDir(), Options{Records: 49}); err == nil {
		t.Error("49 records were taken")
	}
}

func TestDefaultIsMessyAndHasEveryFault(t *testing.T) {
	t.Parallel()
	summary := build(t, Options{})
	want := map[string][]fault{
		"branch": nil, "customer": customerFaults, "site": append([]fault{parentFailed}, siteFaults...),
		"technician": technicianFaults, "job": append([]fault{parentFailed}, jobFaults...),
		"invoice": append([]fault{parentFailed}, invoiceFaults...),
	}
	for i, entity := range summary.Entities {
		if entity.Name != landing[i] {
			t.Errorf("entity %d is %s, want %s", i, entity.Name, landing[i])
		}
		if len(entity.Faults) != len(want[entity.Name]) {
			t.Errorf("%s has %d kinds of faults, want %d: %+v", entity.Name, len(entity.Faults), len(want[entity.Name]), entity.Faults)
		}
		share := float64(entity.Faulty()) / float64(entity.Records)
		if entity.Name != "branch" && (share < 0.015 || share > 0.06) {
			t.Errorf("%s: %.1f %% are faulty", entity.Name, 100*share)
		}
	}
}

// TestFilesHoldWhatTheSummarySays counts in the files what can be counted there
// without migrating.
func TestFilesHoldWhatTheSummarySays(t *testing.T) {
	t.Parallel()
	summary := build(t, Options{Seed: 3, Records: 8000})
	legacy := open(t, filepath.Join(summary.Dir, legacyFile))
	for _, c := range []struct {
		entity int
		query  string
	}{
		{0, "SELECT count(*) FROM Branch"},
		{1, "SELECT count(*) FROM Customer WHERE Deleted = 0"},
		{2, "SELECT count(*) FROM Site"},
		{4, "SELECT count(*) FROM Job j LEFT JOIN JobNote n ON n.JobNo = j.JobNo"},
	} {
		if got := number(t, legacy, c.query); got != summary.Entities[c.entity].Records {
			t.Errorf("%s: %d, want %d", c.query, got, summary.Entities[c.entity].Records)
		}
	}
	counts := map[string]int{
		faults[duplicateEmail].kind: number(t, legacy, `SELECT sum(n - 1) FROM (SELECT count(*) AS n FROM Customer
			WHERE trim(Email) <> '' GROUP BY lower(trim(Email)))`),
		faults[wrongType].kind: number(t, legacy, "SELECT count(*) FROM Customer WHERE typeof(CreditLimit) = 'text' AND Deleted = 0"),
		faults[negative].kind:  number(t, legacy, "SELECT count(*) FROM Customer WHERE CreditLimit < 0"),
	}
	for _, f := range summary.Entities[1].Faults {
		if want, counted := counts[f.Kind]; counted && want != f.Count {
			t.Errorf("customers with %s: %d in the file, %d in the summary", f.Kind, want, f.Count)
		}
	}
	crm := open(t, filepath.Join(summary.Dir, targetFile))
	if got := number(t, crm, "SELECT count(*) FROM customers"); got != summary.Entities[1].Linked || got == 0 {
		t.Errorf("%d customers in the CRM, want %d", got, summary.Entities[1].Linked)
	}
}

func TestSpreadsheetExportHasMarkAndRaggedRows(t *testing.T) {
	t.Parallel()
	summary := build(t, Options{})
	content := read(t, summary.Dir, technicianFile)
	if !bytes.HasPrefix(content, []byte("\ufeffBadge,")) || !bytes.Contains(content, []byte("\r\n")) {
		t.Errorf("the file begins %q", content[:40])
	}
	for place, name := range map[int]string{3: technicianFile, 5: invoiceFile} {
		reader := csv.NewReader(bytes.NewReader(read(t, summary.Dir, name)))
		reader.FieldsPerRecord = -1
		header, err := reader.Read()
		rows, raggedRows := 0, 0
		for err == nil {
			var row []string
			if row, err = reader.Read(); err == nil {
				rows++
				if len(row) != len(header) {
					raggedRows++
				}
			}
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		entity := summary.Entities[place]
		want := 0
		for _, f := range entity.Faults {
			if f.Kind == faults[raggedRow].kind {
				want = f.Count
			}
		}
		if rows != entity.Records || raggedRows != want || want == 0 {
			t.Errorf("%s: %d rows, %d ragged; want %d and %d", name, rows, raggedRows, entity.Records, want)
		}
	}
}

func TestBuildOverwritesNothing(t *testing.T) {
	t.Parallel()
	summary := build(t, Options{Records: 50})
	if _, err := Build(t.Context(), summary.Dir, Options{Records: 50}); !errors.Is(err, ErrOccupied) {
		t.Errorf("a second build in the same folder: %v", err)
	}
}

func TestRefusedTargetLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	// Port 1 is nobody's.
	if _, err := Build(ctx, dir, Options{Records: 50, TargetURL: "postgres://nobody@127.0.0.1:1/none"}); err == nil {
		t.Fatal("a server that is not there was taken")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func open(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func number(t *testing.T, db *sql.DB, query string) int {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
