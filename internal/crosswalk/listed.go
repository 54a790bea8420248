package crosswalk

import (
	"context"
	"fmt"
	"strings"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// Listed is an entry with names in place of numbers.
type Listed struct {
	record.Ref
	Table     string
	TargetKey string
	Role      Role
	State     State
	FirstRun  string // name of the run; empty where the books have lost it
	LastRun   string
	RecordNo  int64
	Survivor  string
}

const listedColumns = "e.name, c.source_key, t.name, c.target_key, c.role, c.state, f.name, l.name, c.record_no, c.survivor"

const listedNames = `JOIN {entity} e ON e.id = c.entity_id JOIN {target_table} t ON t.id = c.table_id
  LEFT JOIN {run} f ON f.id = c.first_run LEFT JOIN {run} l ON l.id = c.last_run`

func scanListed(v []record.Value) Listed {
	return Listed{
		Ref: record.Ref{Entity: v[0].String(), Key: v[1].String()}, Table: v[2].String(), TargetKey: v[3].String(),
		Role: Role(v[4].String()), State: State(v[5].String()), FirstRun: v[6].String(), LastRun: v[7].String(),
		RecordNo: v[8].Int(), Survivor: v[9].String(),
	}
}

// Listing chooses the entries that List hands out.
type Listing struct {
	Migration string
	Entity    string // empty: all
	RunID     int64  // made or last written by this run; 0: all
}

// List hands the entries to each, entity by entity and in the order of source
// keys, as the database sorts them.
func List(ctx context.Context, tx sqldb.Tx, b *books.Books, l Listing, each func(*Listed) error) error {
	where, args := []string{"e.migration = ?"}, []any{l.Migration}
	if l.Entity != "" {
		where, args = append(where, "e.name = ?"), append(args, l.Entity)
	}
	if l.RunID != 0 {
		where, args = append(where, "(c.first_run = ? OR c.last_run = ?)"), append(args, l.RunID, l.RunID)
	}
	return b.Query(ctx, tx, func(row []record.Value) error {
		listed := scanListed(row)
		return each(&listed)
	}, "SELECT "+listedColumns+" FROM {crosswalk} c "+listedNames+" WHERE "+strings.Join(where, " AND ")+" ORDER BY c.entity_id, c.source_key", args...)
}

// ListKeys finds the entries of source keys of an entity, in one query. Those
// that are not known are nil; the list has the order of the keys.
func ListKeys(ctx context.Context, tx sqldb.Tx, b *books.Books, entityID int64, keys []string) ([]*Listed, error) {
	found := make([]*Listed, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	dialect := b.Dialect()
	relation, args := dialect.Relation("k", []sqldb.Column{textColumn("source_key")}, keyRows(keys), 1)
	err := sqldb.Each(ctx, tx, func(row []record.Value) error {
		listed := scanListed(row[1:])
		found[row[0].Int()] = &listed
		return nil
	}, fmt.Sprintf("SELECT k.ord, %s FROM %s %s %s c ON c.source_key = k.c0 AND c.entity_id = %d %s",
		listedColumns, relation, dialect.LookupJoin(), b.Table("crosswalk"), entityID, b.SQL(listedNames)), args...)
	return found, err
}

// Place is where rows are looked for: in the tables of a name, and among the
// rows of an entity of that name.
type Place struct {
	EntityID int64   // 0: there is no such entity
	Tables   []int64 // numbers of the tables that have the name
	all      []int64 // of all tables that the books know
}

// FindPlace finds out what a name stands for: an entity of the migration, a
// target table by its full name, or else one by its name without the schema.
// ambiguous lists the tables where the short name stands for several.
func FindPlace(ctx context.Context, tx sqldb.Tx, b *books.Books, migration, name string) (place Place, ambiguous []string, err error) {
	if place.EntityID, err = EntityID(ctx, tx, b, migration, name, false); err != nil {
		return place, nil, err
	}
	var short []int64
	var names []string
	err = b.Query(ctx, tx, func(row []record.Value) error {
		id, full := row[0].Int(), row[1].String()
		place.all = append(place.all, id)
		if full == name {
			place.Tables = append(place.Tables, id)
		} else if strings.HasSuffix(full, "."+name) {
			short, names = append(short, id), append(names, full)
		}
		return nil
	}, "SELECT id, name FROM {target_table} ORDER BY name")
	switch {
	case err != nil || place.Known():
	case len(short) > 1:
		ambiguous = names
	default:
		place.Tables = short
	}
	return place, ambiguous, err
}

// Known reports whether the books know what was asked for.
func (p *Place) Known() bool { return len(p.Tables) > 0 || p.EntityID != 0 }

// among is the condition that an entry is in the place.
func (p *Place) among() string {
	either := []string{fmt.Sprintf("c.entity_id = %d", p.EntityID)}
	for _, table := range p.Tables {
		either = append(either, fmt.Sprintf("c.table_id = %d", table))
	}
	return "(" + strings.Join(either, " OR ") + ")"
}

// ListRows finds the entries of the migration that name the rows, by the place
// of the key in the list: the one that owns a row, or, where none does, all that
// point at it or did. Owners are found by the reverse index; the rest takes a
// walk over the crosswalk.
func ListRows(ctx context.Context, tx sqldb.Tx, b *books.Books, migration string, place Place, keys []string) ([][]*Listed, error) {
	found := make([][]*Listed, len(keys))
	tables := place.Tables
	if place.EntityID != 0 {
		tables = place.all
	}
	for _, table := range tables {
		store := Store{books: b, TableID: table}
		err := listRows(ctx, tx, b, migration, store.owning("c.")+" AND "+place.among(), keys, func(at int64, l *Listed) { found[at] = append(found[at], l) })
		if err != nil {
			return nil, err
		}
	}
	var rest []string
	var places []int
	for i := range keys {
		if len(found[i]) == 0 {
			rest, places = append(rest, keys[i]), append(places, i)
		}
	}
	err := listRows(ctx, tx, b, migration, place.among(), rest, func(at int64, l *Listed) { found[places[at]] = append(found[places[at]], l) })
	return found, err
}

// ListAllOfRow finds all entries of the migration that name the row.
func ListAllOfRow(ctx context.Context, tx sqldb.Tx, b *books.Books, migration string, place Place, key string) (all []*Listed, err error) {
	err = listRows(ctx, tx, b, migration, place.among(), []string{key}, func(_ int64, l *Listed) { all = append(all, l) })
	return all, err
}

func listRows(ctx context.Context, tx sqldb.Tx, b *books.Books, migration, condition string, keys []string, each func(at int64, l *Listed)) error {
	if len(keys) == 0 {
		return nil
	}
	dialect := b.Dialect()
	relation, args := dialect.Relation("k", []sqldb.Column{textColumn("target_key")}, keyRows(keys), 2)
	query := fmt.Sprintf("SELECT k.ord, %s FROM %s JOIN %s c ON c.target_key = k.c0 AND %s %s WHERE e.migration = %s ORDER BY k.ord, c.entity_id, c.source_key",
		listedColumns, relation, b.Table("crosswalk"), condition, b.SQL(listedNames), dialect.Placeholder(1))
	return sqldb.Each(ctx, tx, func(row []record.Value) error {
		listed := scanListed(row[1:])
		each(row[0].Int(), &listed)
		return nil
	}, query, append([]any{migration}, args...)...)
}

func keyRows(keys []string) [][]record.Value {
	rows := make([][]record.Value, len(keys))
	for i, key := range keys {
		rows[i] = []record.Value{record.Text(key)}
	}
	return rows
}
