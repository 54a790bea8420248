package crosswalk

import (
	"context"
	"slices"

	"landfall/internal/books"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// What a backup says of itself in its first line.
const (
	backupFormat  = "landfall crosswalk"
	backupVersion = 1
)

// BackupHeader is the first line of a backup: all that its entries name by
// numbers, and how many of them there must be.
type BackupHeader struct {
	Format    string `json:"format"`
	Version   int    `json:"version"`
	Migration string `json:"migration"`
	BackupOrigin
	MadeAt   string         `json:"made_at"`
	Books    int64          `json:"books_version"`
	Entries  int64          `json:"entries"`
	Entities []BackupEntity `json:"entities"`
	Tables   []BackupTable  `json:"tables"`
	Shapes   []BackupShape  `json:"shapes,omitempty"`
	Runs     []BackupRun    `json:"runs"`
	Spaces   []BackupSpace  `json:"key_spaces,omitempty"`
}

// BackupOrigin says of which target a backup is.
type BackupOrigin struct {
	Target   string      `json:"target"`             // as it was reached, without user and password
	Place    BackupPlace `json:"place"`              // in its own words
	Identity string      `json:"identity,omitempty"` // the id that is kept in it; empty where none is
}

// BackupPlace is where a target is, as the guard knows it.
type BackupPlace struct {
	Host     string `json:"host,omitempty"`
	Port     string `json:"port,omitempty"`
	Database string `json:"database,omitempty"`
	System   string `json:"system,omitempty"`
	API      string `json:"api,omitempty"`
}

// BackupEntity is an entity with its entries, counted by role and state.
type BackupEntity struct {
	Name    string           `json:"name"`
	Entries int64            `json:"entries"`
	Counts  map[string]int64 `json:"counts"`         // "created live": so many
	Runs    []int            `json:"runs,omitempty"` // that made entries, in the order of the file; as First of Saved
	id      int64
}

// BackupTable is a target table; KeyHigh is the highest number that was given
// out as a key of it.
type BackupTable struct {
	Name    string `json:"name"`
	KeyHigh int64  `json:"key_high,omitempty"`
	id      int64
}

// BackupShape is a list of columns that hashes of entries cover; Entity and
// Table are places in the header's lists.
type BackupShape struct {
	Entity   int    `json:"entity"`
	Table    int    `json:"table"`
	Encoding int64  `json:"encoding"`
	Columns  string `json:"columns"`
	id       int64
}

// BackupRun is a run that made or wrote entries.
type BackupRun struct {
	Name        string `json:"name"`
	Mode        string `json:"mode"`
	State       string `json:"state"`
	StartedAt   string `json:"started_at"`
	EndedAt     string `json:"ended_at,omitempty"`
	MappingHash string `json:"mapping_hash"`
	id          int64
}

// BackupSpace is a row of numbers from which keys are made.
type BackupSpace struct {
	Name     string `json:"name"`
	UsedHigh int64  `json:"used_high"` // the highest number that was used
}

// describe fills in what the books hold of the migration.
func (h *BackupHeader) describe(ctx context.Context, tx sqldb.Tx, b *books.Books) error {
	row, _, err := b.One(ctx, tx, "SELECT coalesce(max(version), 0), "+b.Now(0)+" FROM {version}")
	if err != nil {
		return err
	}
	h.Books, h.MadeAt = row[0].Int(), row[1].String()
	if err := b.Query(ctx, tx, func(v []record.Value) error {
		h.Entities = append(h.Entities, BackupEntity{id: v[0].Int(), Name: v[1].String(), Counts: map[string]int64{}})
		return nil
	}, "SELECT id, name FROM {entity} WHERE migration = ? ORDER BY id", h.Migration); err != nil {
		return err
	}
	tables := map[int64]bool{}
	for i := range h.Entities {
		e := &h.Entities[i]
		if err := b.Query(ctx, tx, func(v []record.Value) error {
			tables[v[0].Int()] = true
			e.Counts[RoleAndState(Role(v[1].String()), State(v[2].String()))] += v[3].Int()
			e.Entries += v[3].Int()
			h.Entries += v[3].Int()
			return nil
		}, "SELECT table_id, role, state, count(*) FROM {crosswalk} WHERE entity_id = ? GROUP BY table_id, role, state", e.id); err != nil {
			return err
		}
	}
	if err := h.describeRuns(ctx, tx, b); err != nil {
		return err
	}
	if err := b.Query(ctx, tx, func(v []record.Value) error {
		if tables[v[0].Int()] {
			h.Tables = append(h.Tables, BackupTable{id: v[0].Int(), Name: v[1].String(), KeyHigh: v[2].Int()})
		}
		return nil
	}, "SELECT id, name, key_high FROM {target_table} ORDER BY id"); err != nil {
		return err
	}
	if err := b.Query(ctx, tx, func(v []record.Value) error {
		shape := BackupShape{id: v[0].Int(), Encoding: v[3].Int(), Columns: v[4].String(), Entity: -1, Table: -1}
		for i := range h.Entities {
			if h.Entities[i].id == v[1].Int() {
				shape.Entity = i
			}
		}
		for i := range h.Tables {
			if h.Tables[i].id == v[2].Int() {
				shape.Table = i
			}
		}
		if shape.Entity >= 0 && shape.Table >= 0 {
			h.Shapes = append(h.Shapes, shape)
		}
		return nil
	}, "SELECT id, entity_id, table_id, encoding, columns FROM {shape} ORDER BY id"); err != nil {
		return err
	}
	able, err := b.Able(ctx, tx, "key_space")
	if err != nil || !able {
		return err
	}
	return b.Query(ctx, tx, func(v []record.Value) error {
		h.Spaces = append(h.Spaces, BackupSpace{Name: v[0].String(), UsedHigh: v[1].Int()})
		return nil
	}, "SELECT name, used_high FROM {key_space} ORDER BY name")
}

// describeRuns finds the migration's runs, and which of them made entries of
// which entity.
func (h *BackupHeader) describeRuns(ctx context.Context, tx sqldb.Tx, b *books.Books) error {
	places := map[int64]int{}
	if err := b.Query(ctx, tx, func(v []record.Value) error {
		h.Runs = append(h.Runs, BackupRun{
			id: v[0].Int(), Name: v[1].String(), Mode: v[2].String(), State: v[3].String(), StartedAt: v[4].String(), EndedAt: v[5].String(), MappingHash: v[6].String(),
		})
		places[v[0].Int()] = len(h.Runs)
		return nil
	}, "SELECT id, name, mode, state, started_at, ended_at, mapping_hash FROM {run} WHERE migration = ? ORDER BY id", h.Migration); err != nil {
		return err
	}
	for i := range h.Entities {
		e := &h.Entities[i]
		if err := b.Query(ctx, tx, func(v []record.Value) error {
			if place := places[v[0].Int()]; !slices.Contains(e.Runs, place) { // all that are not known are one
				e.Runs = append(e.Runs, place)
			}
			return nil
		}, "SELECT DISTINCT first_run FROM {crosswalk} WHERE entity_id = ? ORDER BY first_run", e.id); err != nil {
			return err
		}
	}
	return nil
}

// RoleAndState is how entries are counted: "created live".
func RoleAndState(role Role, state State) string { return role.String() + " " + state.String() }
