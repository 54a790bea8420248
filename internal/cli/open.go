package cli

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"

	"landfall/internal/books"
	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/record"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// open opens the mapping with both its ends.
func (f *front) open(ctx context.Context, target string, inputs map[string]string) (*migration.Migration, error) {
	return migration.Open(ctx, migration.Options{Path: f.file, Target: target, Inputs: inputs, Getenv: f.getenv})
}

// openFit opens the mapping and refuses one that cannot be run.
func (f *front) openFit(ctx context.Context, target string, inputs map[string]string) (*migration.Migration, error) {
	m, err := f.open(ctx, target, inputs)
	if err != nil {
		return nil, err
	}
	if problems, _ := wrongs(m); len(problems) > 0 {
		defer m.Close(ctx)
		return nil, problems
	}
	return m, nil
}

// openToRun is openFit for a command that writes. Where nothing is wrong but
// open questions about a production target, the guard refuses, which is noted.
func (f *front) openToRun(ctx context.Context, flags runFlags, inputs map[string]string, o run.Options, resume bool) (*migration.Migration, error) {
	m, err := f.open(ctx, flags.target, inputs)
	if err != nil {
		return nil, err
	}
	problems, questions := wrongs(m)
	switch {
	case len(problems) == 0:
		return m, nil
	case questions && !flags.dryRun:
		defer m.Close(ctx)
		o.RunsDir = flags.runs
		var told []string
		for _, problem := range problems {
			line, _, _ := strings.Cut(problem.Error(), "\n")
			told = append(told, line)
		}
		return nil, run.Refuse(ctx, m, o, resume, &guard.Refusal{Code: guard.CodeQuestions, Text: strings.Join(told, "; ")})
	}
	defer m.Close(ctx)
	return nil, problems
}

// wrongs are what keeps a run from starting, and whether all of it is open
// questions.
func wrongs(m *migration.Migration) (problems mapping.Problems, questions bool) {
	questions = true
	for _, finding := range m.Wrong() {
		problems = append(problems, m.File.Problem(finding.Position, finding.Entity+": "+finding.Text))
		questions = questions && finding.Question
	}
	return problems, questions
}

// look opens the target's books for reading.
func (f *front) look(ctx context.Context, target string, within func(*mapping.File, sqldb.Tx, *ledger.Ledger) error) error {
	return f.withTarget(ctx, target, func(file *mapping.File, db sqldb.DB, l *ledger.Ledger) error {
		tx, err := db.Snapshot(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(ctx)
		return within(file, tx, l)
	})
}

// connectionOf is the target's connection.
func connectionOf(file *mapping.File, target string) *mapping.Connection {
	if target == "" {
		target = file.Target
	}
	return file.Connection(target)
}

// withTarget connects to the target alone: commands that only look at the
// books need no source.
func (f *front) withTarget(ctx context.Context, target string, within func(*mapping.File, sqldb.DB, *ledger.Ledger) error) error {
	file, db, err := migration.OpenTarget(ctx, migration.Options{Path: f.file, Target: target, Getenv: f.getenv})
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	present, err := books.Present(ctx, db)
	if err != nil {
		return err
	}
	if present == 0 {
		return usagef("%w", errNoBooks)
	}
	if present > books.Version {
		return books.NewerError(present)
	}
	b, err := books.New(db.Dialect())
	if err != nil {
		return err
	}
	return within(file, db, ledger.New(b))
}

// inputsOf parses --input E=FILE.
func inputsOf(texts []string) (map[string]string, error) {
	inputs := map[string]string{}
	for _, text := range texts {
		entity, file, found := strings.Cut(text, "=")
		if !found || entity == "" || file == "" {
			return nil, usagef("--input %s: expected ENTITY=FILE, such as customer=runs/acme-0001/customer/retry.csv", text)
		}
		if _, err := os.Stat(file); err != nil {
			return nil, usagef("--input %s: %s: %w", text, file, errors.Unwrap(err))
		}
		inputs[entity] = file
	}
	return inputs, nil
}

// startsOf parses --start-row-number account=41.
func startsOf(texts []string, m *migration.Migration) (map[string]int64, error) {
	var starts map[string]int64
	for _, text := range texts {
		name, number, found := strings.Cut(text, "=")
		row, err := strconv.ParseInt(number, 10, 64)
		if !found || err != nil || row < 1 {
			return nil, usagef("--start-row-number %s: expected ENTITY=NUMBER with a number from 1, such as account=41", text)
		}
		e := m.Entity(name)
		if e == nil {
			return nil, usagef("--start-row-number %s: the mapping has no entity %q%s", text, name, mapping.Hint(name, m.File.EntityNames()))
		}
		if e.To.Offset == nil {
			return nil, usagef("--start-row-number %s: the keys of %s are not made of row numbers: that is `new: offset`", text, name)
		}
		if starts == nil {
			starts = map[string]int64{}
		}
		starts[name] = row
	}
	return starts, nil
}

// refs parses --only customer:1042,customer:1043. A comma inside a key is
// written as \, .
func refs(texts []string, file *mapping.File) ([]record.Ref, error) {
	var only []record.Ref
	for _, text := range texts {
		ref, ok := record.ParseRef(strings.TrimLeft(text, " ")) // blanks behind belong to the key
		if !ok {
			return nil, usagef("%q names no record: expected ENTITY:KEY, such as customer:1042", text)
		}
		if file.Entity(ref.Entity) == nil {
			return nil, usagef("%s: the mapping has no entity %q%s", text, ref.Entity, mapping.Hint(ref.Entity, file.EntityNames()))
		}
		ref.Key = file.Entity(ref.Entity).From.Fold.Key(ref.Key)
		only = append(only, ref)
	}
	return only, nil
}

// splitOnly takes a list apart at its commas; \, is a comma inside a key.
func splitOnly(list string) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(list); i++ {
		switch {
		case list[i] == '\\' && i+1 < len(list) && list[i+1] == ',':
			part.WriteByte(',')
			i++
		case list[i] == ',':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(list[i])
		}
	}
	parts = append(parts, part.String())
	return parts
}

// findRun finds a run by its name, or the newest when the name is empty.
func findRun(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, migration, name string) (*ledger.Run, error) {
	runs, err := l.Runs(ctx, tx, migration)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range runs {
		if name == "" || r.Name == name {
			return r, nil
		}
		names = append(names, r.Name)
	}
	if name == "" {
		return nil, usagef("migration %s has not been run yet", migration)
	}
	return nil, usagef("no run %s of migration %s%s", name, migration, mapping.Hint(name, names))
}

// runExists refuses a name that no run has, with one that is near.
func runExists(ctx context.Context, db sqldb.DB, l *ledger.Ledger, migration, name string) error {
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	_, err = findRun(ctx, tx, l, migration, name)
	return err
}
