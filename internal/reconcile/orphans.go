package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"landfall/internal/dedupe"
	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/verdict"
)

// findOrphans finds rows of the entity's records that refer to rows that are not
// there, whether the target declares the reference or not.
func (c *comparison) findOrphans(ctx context.Context) error {
	return c.spooling(ctx, "orphans", "", func(found *dedupe.Spool) error {
		for i := range c.Program.Refs {
			if err := c.findOrphansOf(ctx, &c.Program.Refs[i], found); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *comparison) findOrphansOf(ctx context.Context, ref *mapping.RefField, found *dedupe.Spool) error {
	column, ok := c.Table.Column(ref.Field.Target)
	if !ok {
		return nil
	}
	suspects, err := dedupe.NewSpool(c.x.Spill())
	if err != nil {
		return err
	}
	defer suspects.Close()
	key := len(c.Key)
	list := append(slices.Clone(c.Key), *column)
	err = c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		query := fmt.Sprintf("SELECT %s FROM %s t WHERE %s", c.list("t", list), c.dialect().QuoteName(c.Table.Name), c.dangling(ref, column))
		return sqldb.Each(ctx, tx, func(values []record.Value) error {
			return suspects.Append([]byte(c.KeyText(fitted(c.Key, values[:key]))))
		}, query)
	})
	if err != nil {
		return err
	}
	return c.chunks(suspects, func(texts []string) error {
		keys := make([][]record.Value, 0, len(texts))
		for _, text := range texts {
			values, err := c.KeyOf(text)
			if err != nil {
				return err
			}
			keys = append(keys, values)
		}
		still := map[string]string{}
		var owners map[string]record.Ref
		err := c.x.Look(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
			clear(still)
			relation, args := c.dialect().Relation("k", c.Key, keys, 1)
			query := fmt.Sprintf("SELECT %s FROM %s %s %s t ON %s WHERE %s", c.list("t", list), relation, c.dialect().LookupJoin(),
				c.dialect().QuoteName(c.Table.Name), c.sameKey(), c.dangling(ref, column))
			err = sqldb.Each(ctx, tx, func(values []record.Value) error {
				row := fitted(list, values)
				still[c.KeyText(row[:key])] = row[key].String()
				return nil
			}, query, args...)
			if err != nil {
				return err
			}
			owners, err = c.Store().Owners(ctx, tx, texts)
			return err
		})
		if err != nil {
			return err
		}
		for _, text := range texts {
			value, dangles := still[text]
			owner, owned := owners[text]
			if !dangles || !owned || !c.isOurs(owner) {
				continue // rows of others are not ours to judge
			}
			c.stored.Counts[string(verdict.Orphan)]++
			err := appendDifference(found, &verdict.Difference{
				Entity: c.Name, Key: owner.Key, TargetKey: text, Verdict: verdict.Orphan, Field: column.Name, Found: &value,
				Rule:    c.rules[column.Name],
				Message: fmt.Sprintf("no row of %s has that key", strings.Join(c.parentTables(ref), " or ")),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// dangling is the condition that none of the tables that a field may refer to
// has a row of the key that it holds.
func (c *comparison) dangling(ref *mapping.RefField, column *sqldb.Column) string {
	held := c.quote("t", column.Name)
	condition := held + " IS NOT NULL"
	for _, name := range ref.Entities {
		parent := c.m.Entity(name)
		key := c.quote("p", parent.Key[0].Name)
		same := key + " = " + held
		if parent.Key[0].Type.Kind != column.Type.Kind || parent.Key[0].Type.UUID != column.Type.UUID {
			same = c.dialect().AsText(key) + " = " + c.dialect().AsText(held)
		}
		condition += fmt.Sprintf(" AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s)", c.dialect().QuoteName(parent.Table.Name), same)
	}
	return condition
}

func (c *comparison) parentTables(ref *mapping.RefField) []string {
	var names []string
	for _, name := range ref.Entities {
		names = append(names, c.m.Entity(name).Table.Name.String())
	}
	return names
}

func (c *comparison) list(alias string, columns []sqldb.Column) string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = c.quote(alias, columns[i].Name)
	}
	return strings.Join(names, ", ")
}

func (c *comparison) sameKey() string { return c.keyFrom("t", 0) }
