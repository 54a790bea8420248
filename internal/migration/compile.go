package migration

import (
	"fmt"
	"slices"

	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// compile binds the entity's fields to the columns of both ends.
func (e *Entity) compile(m *Migration) error {
	var problems mapping.Problems
	program, found := mapping.Compile(e.Entity, e.Origin.Columns(), targetFields(e.Table))
	problems = append(problems, found...)
	complain := func(position mapping.Position, format string, args ...any) {
		problems = append(problems, m.File.Problem(position, e.Name+": "+fmt.Sprintf(format, args...)))
	}
	for _, name := range e.To.KeyColumns {
		column, ok := e.Table.Column(name)
		if !ok {
			complain(e.To.Position, "target table %s has no key column %q%s", e.Table.Name, name, mapping.Hint(name, e.Table.ColumnNames()))
			continue
		}
		e.Key = append(e.Key, *column)
	}
	if e.Table.View {
		complain(e.To.Position, "%s is a view: views cannot be written, name the table behind it", e.Table.Name)
	} else if m.api == nil || !e.refuseKeyOfAPI(complain) {
		e.judgeKey(complain)
	}
	if len(problems) > 0 {
		for _, problem := range problems {
			m.File.Locate(problem)
		}
		return problems
	}
	e.Program = program
	if e.To.NewKey != mapping.KeyNatural {
		e.Columns = append(e.Columns, e.Key...)
	}
	for _, name := range program.Columns {
		column, _ := e.Table.Column(name)
		e.Columns = append(e.Columns, *column)
	}
	for _, name := range e.To.Match {
		column, _ := e.Table.Column(name)
		e.Match = append(e.Match, *column)
	}
	return nil
}

// judgeKey holds the key strategy against what the target declares.
func (e *Entity) judgeKey(complain func(mapping.Position, string, ...any)) {
	if len(e.Key) == 0 {
		return
	}
	key := e.Key[0]
	single := len(e.To.KeyColumns) == 1
	switch e.To.NewKey {
	case mapping.KeyIdentity:
		if !single || !key.Identity {
			complain(e.To.Position, "new: identity needs one key column that %s numbers by itself; %s is not such a column: use sequence with a name, uuid or natural", e.Table.Name, key.Name)
		}
	case mapping.KeySequence:
		if !single || (key.Sequence == "" && e.To.Sequence == "" && !key.Identity) {
			complain(e.To.Position, "new: sequence needs one key column and a sequence; %s has none of its own: give `sequence: NAME`", key.Name)
		}
	case mapping.KeyNatural:
		if _, unique := e.Table.UniqueOn(e.To.KeyColumns); !unique {
			complain(e.To.Position, "new: natural needs key columns that %s keeps unique, or two records could become one row: declare them so in the target", e.Table.Name)
		}
	case mapping.KeyOffset, mapping.KeyInherited:
		e.judgeMadeKey(complain)
	case mapping.KeyUUID:
		if !single || key.Type.Kind != record.KindText || (key.Type.Length > 0 && key.Type.Length < 36) {
			complain(e.To.Position, "new: uuid needs one key column of type uuid or of text with 36 characters; %s is %s", key.Name, key.Type.Native)
		}
	}
}

func targetFields(table *sqldb.Table) []record.Field {
	fields := make([]record.Field, len(table.Columns))
	for i := range table.Columns {
		c := &table.Columns[i]
		fields[i] = record.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable, HasDefault: c.HasDefault, Generated: c.Generated, Hidden: c.Hidden, KeepsNull: c.KeepsNull}
	}
	return fields
}

// UniqueTuples lists the sets of written columns in which no two records of an
// input may agree: what the target declares unique, and the match. The places
// are those of the program's columns.
func (e *Entity) UniqueTuples() [][]int {
	var tuples [][]int
	seen := map[string]bool{}
	add := func(names []string) {
		var places []int
		for _, name := range names {
			place := slices.Index(e.Program.Columns, name)
			if place < 0 {
				return
			}
			places = append(places, place)
		}
		slices.Sort(places)
		if key := fmt.Sprint(places); len(places) > 0 && !seen[key] {
			seen[key] = true
			tuples = append(tuples, places)
		}
	}
	own, _ := e.Table.UniqueOn(e.To.KeyColumns)
	for i, unique := range e.Table.Uniques {
		if e.To.Collapse && own != nil && own == &e.Table.Uniques[i] {
			continue // those that agree in it are one row
		}
		if (unique.Plain || e.Folds(&unique)) && !unique.NullsEqual {
			add(unique.Columns)
		}
	}
	add(e.To.Match)
	return tuples
}

// Folds reports whether an API judges a unique rule regardless of case: then its
// tuples are claimed so, too. Of a database only that itself knows how it folds.
func (e *Entity) Folds(unique *sqldb.Unique) bool {
	return e.Remote != nil && slices.ContainsFunc(unique.Columns, e.FoldsCase)
}

// FoldsCase reports whether an API compares a column regardless of case.
func (e *Entity) FoldsCase(name string) bool {
	column, known := e.Table.Column(name)
	return known && e.Remote != nil && column.Type.FoldCase
}
