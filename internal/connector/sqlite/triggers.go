package sqlite

import (
	"context"
	"slices"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// readTriggers lists triggers; what fires each stands only in its SQL.
func (db *database) readTriggers(ctx context.Context, found relation, table *sqldb.Table) error {
	return db.each(ctx, "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE ORDER BY name",
		func(row []record.Value) {
			table.Triggers = append(table.Triggers, triggerOf(row[0].Raw(), row[1].Raw()))
		}, found.name)
}

// triggerOf reads CREATE TRIGGER name … {DELETE | INSERT | UPDATE [OF column, …]} ON …
func triggerOf(name, sql string) sqldb.Trigger {
	trigger := sqldb.Trigger{Name: name}
	words := tokenize(sql)
	// The name, with its schema perhaps, may be any word; what fires the trigger
	// comes after it.
	at := slices.IndexFunc(words, func(t token) bool { return t.is("TRIGGER") }) + 1
	if at+2 < len(words) && words[at].is("IF") && words[at+1].is("NOT") {
		at += 3
	}
	if at++; at+1 < len(words) && words[at].is(".") {
		at += 2
	}
	for ; at < len(words); at++ {
		switch {
		case words[at].is("DELETE"):
			trigger.OnDelete = true
			return trigger
		case words[at].is("INSERT"):
			trigger.OnInsert = true
			return trigger
		case words[at].is("UPDATE"):
			trigger.OnUpdate = true
			if at+1 < len(words) && words[at+1].is("OF") {
				for at += 2; at < len(words) && !words[at].is("ON"); at++ {
					if words[at].identifier {
						trigger.Of = append(trigger.Of, words[at].name())
					}
				}
			}
			return trigger
		}
	}
	// It cannot be told: then anything may fire it.
	return sqldb.Trigger{Name: name, OnInsert: true, OnUpdate: true, OnDelete: true}
}
