// Package books is the landfall schema: its tables, their version, and the
// lease that lets one run of a migration write at a time. What the tables mean
// is told in docs/books.md; who writes them are the rooms crosswalk and ledger.
package books

// Version is the version of the tables that this program writes.
const Version = 5

// column kinds of the books, spelled by the dialect.
const (
	integer = "BIGINT"
	short   = "INTEGER"
	text    = "TEXT"
	bytes   = "\x00bytes"
)

type ownColumn struct {
	name, kind string
	null       bool
}

type ownTable struct {
	name      string
	columns   []ownColumn
	primary   []string
	unique    [][]string
	clustered bool
	since     int64 // the version that brought the table; 0 is the first
}

func must(name, kind string) ownColumn { return ownColumn{name: name, kind: kind} }
func may(name, kind string) ownColumn  { return ownColumn{name: name, kind: kind, null: true} }

// tables are those of the books. Times are UTC text of the server's clock.
var tables = []ownTable{
	{
		name:    "version",
		columns: []ownColumn{must("version", integer), must("applied_at", text)},
		primary: []string{"version"},
	},
	{
		name: "entity",
		columns: []ownColumn{
			must("id", integer), must("migration", text), must("name", text),
		},
		primary: []string{"id"}, unique: [][]string{{"migration", "name"}},
	},
	{
		name: "target_table", // key_high: the highest number ever given out as a key
		columns: []ownColumn{
			must("id", integer), must("name", text), must("key_high", integer),
		},
		primary: []string{"id"}, unique: [][]string{{"name"}},
	},
	{
		name: "shape", // which columns a hash covers, and how they were encoded
		columns: []ownColumn{
			must("id", integer), must("entity_id", integer), must("table_id", integer),
			must("encoding", integer), must("columns", text),
		},
		// The columns of a wide table are too long a text for an index; who holds
		// the lease keeps the list free of doubles.
		primary: []string{"id"},
	},
	{
		name: "crosswalk",
		// One row for every record: short numbers, widest first, since a database
		// that aligns columns would fill the gaps with bytes.
		columns: []ownColumn{
			must("record_no", integer), must("entity_id", short), must("table_id", short),
			must("shape_id", short), must("first_run", short), must("last_run", short),
			must("source_key", text), must("target_key", text), must("role", text), must("state", text),
			may("hash", bytes), may("survivor", text), may("scope", text),
		},
		primary: []string{"entity_id", "source_key"}, clustered: true,
	},
	{
		name: "run",
		columns: []ownColumn{
			must("id", integer), must("name", text), must("migration", text), must("mode", text),
			must("state", text), may("parent_id", integer), must("actor", text), must("host", text),
			must("mapping_hash", text), must("mapping", text), must("options", text),
			must("started_at", text), may("ended_at", text), may("error", text), may("seal", bytes),
		},
		primary: []string{"id"}, unique: [][]string{{"name"}},
	},
	{
		name: "run_entity", // header: the source's column names; input: its fingerprint
		columns: []ownColumn{
			must("run_id", integer), must("entity_id", integer), must("place", integer),
			must("state", text), must("header", text), must("input", text), must("origin", text),
		},
		primary: []string{"run_id", "entity_id"},
	},
	{
		name: "slice",
		columns: []ownColumn{
			must("run_id", integer), must("entity_id", integer), must("slice_no", integer),
			must("name", text), must("count", integer), must("bytes", integer), may("seal", bytes),
		},
		primary: []string{"run_id", "entity_id", "slice_no"},
	},
	{
		name: "marker",
		columns: []ownColumn{
			must("run_id", integer), must("entity_id", integer), must("slice_no", integer),
			must("ordinal", integer), must("start_pos", text), must("end_pos", text),
			must("records", integer), must("digest", bytes), must("counts", text),
			must("epoch", integer), must("link", bytes), must("committed_at", text),
		},
		primary: []string{"run_id", "entity_id", "slice_no", "ordinal"},
	},
	{
		name: "segment",
		columns: []ownColumn{
			must("run_id", integer), must("entity_id", integer), must("slice_no", integer),
			must("ordinal", integer), must("hash", bytes), may("payload", bytes),
		},
		primary: []string{"run_id", "entity_id", "slice_no", "ordinal"},
	},
	{
		name: "entry",
		columns: []ownColumn{
			must("run_id", integer), must("entity_id", integer), must("slice_no", integer),
			must("ordinal", integer), must("seq", integer), must("source_key", text),
			must("record_no", integer), must("line", integer), must("disposition", text),
			may("target_key", text), may("role", text), may("step", text), may("field", text),
			may("code", text), may("message", text), must("payload_hash", bytes),
			may("source", text), may("before", text), may("after", text), must("at", text),
		},
		primary: []string{"run_id", "entity_id", "slice_no", "ordinal", "seq"},
	},
	{
		name: "lease",
		columns: []ownColumn{
			must("migration", text), must("epoch", integer), may("holder", text), may("process", text),
			may("run_name", text), may("acquired_at", text), may("expires_at", text),
		},
		primary: []string{"migration"},
	},
	{
		name: "pending", // references of rows that wait for their parent to land; gone when the run's circle has ended
		columns: []ownColumn{
			must("run_id", integer), must("entity_id", integer), must("source_key", text), must("field", text),
			must("parent_entity_id", integer), must("parent_key", text), must("record_no", integer), must("disposition", text),
		},
		primary: []string{"run_id", "entity_id", "source_key", "field"}, since: 2,
	},
	{
		name: "alias_key", // what records are found by besides their keys
		columns: []ownColumn{
			must("entity_id", short), must("by_columns", text), must("value", text), must("source_key", text),
		},
		primary: []string{"entity_id", "by_columns", "value", "source_key"}, clustered: true, since: 2,
	},
	{
		// Crosswalk entries as they were before a run changed them, once for each
		// run and entry: what a rollback puts back.
		name: "former",
		columns: []ownColumn{
			must("run_id", integer), must("record_no", integer), must("entity_id", short), must("table_id", short),
			must("shape_id", short), must("first_run", short), must("last_run", short),
			must("source_key", text), must("target_key", text), must("role", text), must("state", text),
			may("hash", bytes), may("survivor", text), may("scope", text),
		},
		primary: []string{"run_id", "entity_id", "source_key"}, clustered: true, since: 3,
	},
	{
		name: "measure", // totals and fingerprints of a target table around a run
		columns: []ownColumn{
			must("run_id", integer), must("entity_id", integer), must("name", text), must("grouping", text),
			must("moment", text), must("slice_no", integer), must("ordinal", integer), may("value", text),
		},
		primary: []string{"run_id", "entity_id", "name", "grouping", "moment", "slice_no", "ordinal"}, since: 3,
	},
	{
		name: "reconciliation", // each comparison of the target with what it must hold
		columns: []ownColumn{
			must("id", integer), must("name", text), must("migration", text), must("run_id", integer), must("state", text),
			must("options", text), must("actor", text), must("host", text), must("mapping_hash", text),
			must("started_at", text), may("ended_at", text), may("error", text),
		},
		primary: []string{"id"}, unique: [][]string{{"name"}}, since: 3,
	},
	{
		name: "reconciliation_entity",
		columns: []ownColumn{
			must("reconciliation_id", integer), must("entity_id", integer), must("place", integer), must("state", text),
			must("input", text), must("position", text), must("counts", text), must("not_looked", text),
		},
		primary: []string{"reconciliation_id", "entity_id"}, since: 3,
	},
	{
		name: "difference", // each thing that is not as it must be
		columns: []ownColumn{
			must("reconciliation_id", integer), must("entity_id", integer), must("seq", integer), must("verdict", text),
			must("source_key", text), may("target_key", text), may("field", text), may("expected", text), may("found", text),
			may("rule", text), may("message", text), must("at", text),
		},
		primary: []string{"reconciliation_id", "entity_id", "seq"}, since: 3,
	},
	{
		// What this database is and whether it accepts writes: one row. The identity
		// was recorded when the guard was first used; a copy of the database carries
		// another place's.
		name: "guard",
		columns: []ownColumn{
			must("id", integer), must("identity", text), must("place", text), must("recorded_at", text),
			must("state", text), may("migration", text), may("plan_hash", text), may("reason", text),
			may("armed_by", text), may("armed_at", text), may("expires_at", text), may("connection", text), may("rules", text),
			may("disarmed_by", text), may("disarmed_at", text), may("disarm_reason", text),
		},
		primary: []string{"id"}, since: 4,
	},
	{
		// Who asked for what and what came of it: arming, refusals, approvals. Each
		// row's link covers the one before it.
		name: "audit",
		columns: []ownColumn{
			must("seq", integer), must("at", text), must("actor", text), must("host", text), must("command", text),
			must("event", text), may("migration", text), may("run_name", text), may("plan_hash", text),
			may("reason", text), may("message", text), must("link", bytes),
		},
		primary: []string{"seq"}, since: 4,
	},
	{
		// The row numbers of which keys are made. used_high is the highest key that was
		// used; run_id is the run that makes keys of them, 0 for none; spare is the
		// number from which that run replaces keys that others took, once it is known.
		name: "key_space",
		columns: []ownColumn{
			must("name", text), must("used_high", integer), must("run_id", integer), may("spare", integer),
		},
		primary: []string{"name"}, since: 4,
	},
	{
		// Where keys of a space are, of whatever migration: the columns that a mapping
		// names, and those that it once named.
		name: "key_seat",
		columns: []ownColumn{
			must("space", text), must("table_name", text), must("column_name", text), must("table_id", integer), must("width", integer),
		},
		primary: []string{"space", "table_name", "column_name"}, since: 4,
	},
	{
		name: "key_lot", // the keys that a run may use, as they were free when it started
		columns: []ownColumn{
			must("run_id", integer), must("space", text), must("first_key", integer), must("last_key", integer),
		},
		primary: []string{"run_id", "space", "first_key"}, since: 4,
	},
	{
		// Keys that begin with a parent's key: the highest number behind it that the
		// run has reserved, and that was ever used; spare as in key_space.
		name: "key_heir",
		columns: []ownColumn{
			must("table_id", integer), must("parent_key", text), must("run_id", integer), must("high", integer),
			must("used", integer), must("spare", integer),
		},
		primary: []string{"table_id", "parent_key"}, clustered: true, since: 4,
	},
	{
		// The keys that a batch's records get, committed before the first of them is
		// used: payload has them by the records' places in the batch. Once the batch
		// has landed it has those that were used. next_key is where the batch after it
		// goes on.
		name: "key_block",
		columns: []ownColumn{
			must("run_id", integer), must("entity_id", integer), must("slice_no", integer), must("ordinal", integer),
			must("space", text), must("table_id", integer), must("first_key", integer), must("last_key", integer),
			must("next_key", integer), must("payload", bytes),
		},
		primary: []string{"run_id", "entity_id", "slice_no", "ordinal"}, since: 4,
	},
	{
		name: "index_work", // indexes that a run took from a table, to be made again
		columns: []ownColumn{
			must("run_id", integer), must("id", integer), must("entity_id", integer), must("target_schema", text), must("target_table", text),
			must("index_name", text), must("definition", text), must("state", text),
			must("dropped_at", text), may("rebuilt_at", text), may("error", text),
		},
		primary: []string{"run_id", "id"}, since: 4,
	},
	{
		// What is about to be done by a call that shares no transaction with the books,
		// committed before it and gone with its outcome: one that is found later is a
		// call of which nobody knows what became of it.
		name: "intent",
		columns: []ownColumn{
			must("entity_id", integer), must("source_key", text), must("run_id", integer), must("slice_no", integer),
			must("ordinal", integer), must("record_no", integer), must("deed", text), must("state", text), must("token", text),
			may("target_key", text), may("hash", bytes), must("shape_id", integer), may("written", text), may("before", text), must("at", text),
			may("newest", text),
		},
		primary: []string{"entity_id", "source_key"}, clustered: true, since: 5,
	},
}

// indexes beyond primary keys and unique rules.
var indexes = []ownIndex{
	{name: "entry_by_record", table: "entry", columns: "entity_id, source_key"},
	{name: "alias_key_by_record", table: "alias_key", columns: "entity_id, by_columns, source_key", since: 2},
	{name: "key_block_by_table", table: "key_block", columns: "table_id, last_key", since: 4},
}

type ownIndex struct {
	name, table, columns string
	since                int64 // as of a table
}
