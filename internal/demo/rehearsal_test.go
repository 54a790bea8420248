package demo

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/connector/csv"
	"landfall/internal/connector/postgres"
	"landfall/internal/connector/sqlite"
	"landfall/internal/connector/table"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/servertest"
	"landfall/internal/source"
	"landfall/internal/sqldb"
)

// The rehearsal reads and shapes every record with the product's own parts and
// judges the rest by the simplest means, with everything in memory. What it
// counts is what the summary promises, whichever database the CRM is in.

func TestRehearsalOnSQLite(t *testing.T) {
	t.Parallel()
	for _, opts := range []Options{{}, {Seed: 11, Records: 50}, {Seed: 12, Records: 333}, {Seed: -13, Records: 7000}} {
		summary := build(t, opts)
		crm, err := sqlite.Open(t.Context(), targetFile, summary.Dir, false)
		if err != nil {
			t.Fatal(err)
		}
		rehearse(t, summary, crm)
	}
}

func TestRehearsalOnPostgres(t *testing.T) {
	t.Parallel()
	address := servertest.Database(t)
	summary := build(t, Options{TargetURL: address})
	crm, err := postgres.Open(t.Context(), address, "")
	if err != nil {
		t.Fatal(err)
	}
	rehearse(t, summary, crm)
}

type rehearsal struct {
	crm     sqldb.DB
	landed  map[record.Ref]bool // false: read, but did not land
	claimed map[string]bool     // unique values of this entity
}

func rehearse(t *testing.T, summary Summary, crm sqldb.DB) {
	t.Helper()
	t.Cleanup(func() { _ = crm.Close(context.Background()) })
	file, err := mapping.Parse(summary.Mapping)
	if err != nil {
		t.Fatal(err)
	}
	r := &rehearsal{crm: crm, landed: map[record.Ref]bool{}}
	for i, entity := range file.Entities {
		promised := map[record.Code]int{}
		for _, f := range summary.Entities[i].Faults {
			promised[f.Code] += f.Count
		}
		read, found := r.entity(t, file, entity)
		if diff := cmp.Diff(promised, found); diff != "" {
			t.Errorf("%s, promised and found:\n%s", entity.Name, diff)
		}
		if read != summary.Entities[i].Records {
			t.Errorf("%s: %d read, %d promised", entity.Name, read, summary.Entities[i].Records)
		}
	}
}

func (r *rehearsal) entity(t *testing.T, file *mapping.File, entity *mapping.Entity) (read int, found map[record.Code]int) {
	t.Helper()
	origin := openOrigin(t, file, entity)
	program := r.compile(t, entity, origin)
	slices, err := origin.Slices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found = map[record.Code]int{}
	r.claimed = map[string]bool{}
	for _, slice := range slices {
		reader, err := origin.Read(t.Context(), slice, source.Position{})
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		for {
			rec, rejection, err := reader.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			read++
			code := r.judge(program, rec, rejection)
			if code != "" {
				found[code]++
			}
			if !r.landed[rec.Ref] { // the first of two with one key goes on
				r.landed[rec.Ref] = code == ""
			}
		}
	}
	return read, found
}

// judge gives the code of what is wrong with a record, or nothing.
func (r *rehearsal) judge(program *mapping.Program, rec *record.Record, rejection *record.Rejection) record.Code {
	row := make([]record.Value, len(program.Columns))
	if rejection == nil {
		rejection = program.Shape(rec, row)
	}
	if rejection != nil {
		return rejection.Code
	}
	duplicate := r.claim("key " + rec.Ref.Key)
	for i, column := range program.Columns {
		unique := column == "email" || column == "number" || column == "badge" || column == "code"
		if unique && !row[i].IsNull() && r.claim(column+" "+row[i].String()) {
			duplicate = true
		}
	}
	if duplicate {
		return record.CodeDuplicateKey
	}
	code := record.Code("")
	for _, ref := range program.Refs {
		if row[ref.Slot].IsNull() {
			continue
		}
		landed, known := r.landed[record.Ref{Entity: ref.Entities[0], Key: row[ref.Slot].String()}]
		switch {
		case !known && ref.OnOrphan != mapping.OrphanNull:
			return record.CodeMissingParent
		case known && !landed:
			code = record.CodeParentFailed
		}
	}
	for i, column := range program.Columns {
		checked := column == "credit_limit" || column == "hours" || column == "amount"
		if text := row[i].String(); code == "" && checked && text != "" && text[0] == '-' {
			return record.CodeCheck
		}
	}
	return code
}

func (r *rehearsal) claim(value string) (taken bool) {
	taken = r.claimed[value]
	r.claimed[value] = true
	return taken
}

func (r *rehearsal) compile(t *testing.T, entity *mapping.Entity, origin source.Origin) *mapping.Program {
	t.Helper()
	about, err := r.crm.Table(t.Context(), entity.To.Table)
	if err != nil {
		t.Fatal(err)
	}
	var fields []record.Field
	for _, column := range about.Columns {
		fields = append(fields, record.Field{Name: column.Name, Type: column.Type, Nullable: column.Nullable, HasDefault: column.HasDefault, Generated: column.Generated})
	}
	program, problems := mapping.Compile(entity, origin.Columns(), fields)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if unused := entity.Coverage(origin.Columns()); len(unused) > 0 {
		t.Errorf("%s: columns that the mapping does not speak of: %v", entity.Name, unused)
	}
	return program
}

func openOrigin(t *testing.T, file *mapping.File, entity *mapping.Entity) source.Origin {
	t.Helper()
	from := source.From{
		Entity: entity.Name, Table: entity.From.Table, Query: entity.From.Query, Where: entity.From.Where, Key: entity.From.Key,
	}
	driver := csv.New()
	if entity.From.File != "" {
		from.File = filepath.Join(file.Dir, entity.From.File)
	} else {
		legacy, err := table.NewSource(t.Context(), func(ctx context.Context) (sqldb.DB, error) {
			return sqlite.Open(ctx, legacyFile, file.Dir, true)
		})
		if err != nil {
			t.Fatal(err)
		}
		driver = legacy
	}
	t.Cleanup(func() { _ = driver.Close(context.Background()) })
	origin, err := driver.Open(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	return origin
}
