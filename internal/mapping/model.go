// Package mapping is the file a person writes: parsing it with positions,
// linting it, and compiling an entity's fields into one function over a
// record. It does no I/O but reading files.
package mapping

import "landfall/internal/record"

// File is a parsed and linted mapping file.
type File struct {
	Path        string // as given
	Dir         string // absolute folder that relative paths are relative to
	Hash        string // SHA-256 of what the file says (not of its layout or comments), hexadecimal
	Version     int
	Name        string // the migration's name
	Connections []*Connection
	Source      string // default connection of entities that read a table or query; may be empty
	Target      string
	StopAfter   *StopAfter // of all records whose entity says nothing else; nil: however many fail
	Entities    []*Entity  // in the file's order; Order derives the order of landing

	text *document
}

// Production is the environment of a live system: it is protected.
const Production = "production"

// Connection is where a system is. Secrets are references until Resolve.
type Connection struct {
	Name        string
	URL         string    // with ${VAR} and file: references unresolved
	Password    string    // likewise; empty when none is given
	Environment string    // Production protects it; may be empty
	Throttle    *Throttle // nil: none
	Guard       *Guard    // what a protected one demands besides being armed; nil: nothing
	// Kind is that of an API: KindHTTP, or the name of a preset; empty for databases.
	Kind string
	// Books is where the books of an API's migrations are: an SQLite file beside
	// the mapping, or the name of another connection; empty: a file of the mapping's
	// name. Databases hold their own.
	Books string
	// Settings are an API's remaining keys, for its connector; nil when there are none.
	Settings *Node
	Position Position

	at places
}

// KindHTTP is an API that the mapping describes.
const KindHTTP = "httpapi"

// KindIdentityCloud is an Akamai Identity Cloud.
const KindIdentityCloud = "identitycloud"

// IsAPI reports whether the connection is written to by calls instead of SQL.
func (c *Connection) IsAPI() bool { return c.Kind != "" }

// PositionOf is where a key's value stands.
func (c *Connection) PositionOf(key string) Position { return c.at.of(key, 0, c.Position) }

// Entity is one kind of record.
type Entity struct {
	Name     string
	Position Position
	From     From
	To       To
	Fields   []*Field // in the file's order
	Ignore   []Ignored
	Ask      []Question
	Private  []PrivateColumn
	Totals   []Total
	// Fingerprint is `fingerprint: true`, here or for the whole file: each run shows
	// whether rows that are none of its business are as they were.
	Fingerprint bool
	// RebuildIndexes is `indexes: rebuild`: the table's secondary indexes are away
	// while its records land.
	RebuildIndexes bool
	// Analyze is `analyze: true`: the table's statistics are refreshed afterwards.
	Analyze bool
	// RenamedFrom is the name under which the books know the entity until a run
	// renames it there; empty when there is none.
	RenamedFrom string
	// LogFull is `log: full`, here or for the whole file: every record leaves an
	// entry with what was read and what the row is.
	LogFull bool
	// StopAfter is the entity's own, counted over its records alone; nil: the file's.
	StopAfter *StopAfter
	// Null is what NULL does to rows that are there, of fields that say nothing
	// else; "" leaves it to the column.
	Null NullPolicy
	// Repeats is what becomes of records of one input that are the same thing.
	Repeats RepeatPolicy
	// Policies; the zero value is the mode's default.
	Edited  EditedPolicy
	Missing MissingPolicy
	OnMatch MatchPolicy

	text *document
	at   places
}

// From is where an entity's records come from: exactly one of Table, Query, File.
type From struct {
	Connection string // empty: the file's Source
	Table      string
	Query      string
	File       string // relative to File.Dir
	Where      string
	Key        []string
	Fold       Fold       // what makes one key of texts that differ
	Each       *Each      // columns that each make a record of their own; nil when a row is one
	Operation  *Operation // what a record says is to be done with it; nil when it says nothing
	Settings   *Node      // remaining keys, for the connector; nil when there are none
	Position   Position
}

// To is where they go.
type To struct {
	Table      string
	KeyColumns []string
	NewKey     KeyStrategy
	Sequence   string     // strategy sequence: its name, or empty for the column's own
	UUID       int        // strategy uuid: 7 (default) or 5
	Offset     *Offset    // strategy offset
	Inherited  *Inherited // strategy inherited
	Registry   *Registry  // where new keys of these two are written down, too; nil when there is none
	Match      []string
	Verify     bool // of an API: known records that are as they were written are looked at all the same
	Collapse   bool // records that turn out to be one row: the first lands, the others become its aliases
	Position   Position
}

// EditedPolicy says what happens to a row that was changed since we wrote it
// and whose source changed too.
type EditedPolicy string

// MissingPolicy says what happens when the row we wrote is gone.
type MissingPolicy string

// MatchPolicy says what happens when a row that we did not write matches.
type MatchPolicy string

// NullPolicy says what a NULL that would be written does to a row that is there.
type NullPolicy string

// The null policies.
const (
	NullKeep  NullPolicy = "keep"  // the row's value stays as it is
	NullClear NullPolicy = "clear" // it is erased
)

// RepeatPolicy says what becomes of records of one input that agree in their
// source key, in columns that the target wants unique, or in the match.
type RepeatPolicy string

// The repeat policies; "" is RepeatFail.
const (
	RepeatFail   RepeatPolicy = "fail"   // the first goes on, the others fail
	RepeatRefuse RepeatPolicy = "refuse" // no run starts, and all of them are listed
	RepeatFirst  RepeatPolicy = "first"  // the first goes on, the others are duplicates of it
	RepeatLast   RepeatPolicy = "last"   // the last goes on, the others are duplicates of it
)

// The policies; "" leaves the choice to the mode.
const (
	EditedReject    EditedPolicy  = "reject"
	EditedKeep      EditedPolicy  = "keep"
	EditedOverwrite EditedPolicy  = "overwrite"
	MissingReject   MissingPolicy = "reject"
	MissingRecreate MissingPolicy = "recreate"
	MatchReject     MatchPolicy   = "reject"
	MatchLink       MatchPolicy   = "link"
	MatchUpdate     MatchPolicy   = "update"
)

// Field fills one target field.
type Field struct {
	Target   string
	Position Position
	From     []string // source columns read; empty for const
	Expr     string   // expression over From; empty when there is none
	// Const holds the constant's source text when HasConst; nil text is NULL.
	HasConst    bool
	Const       *string
	Do          []string          // steps in order: trim, lower, upper, …
	Join        *string           // separator; blanks are skipped
	Values      map[string]string // source text -> target text; nil when not declared
	Nulls       map[string]bool   // source texts that `values` turns into NULL
	CodeFile    string            // CSV file that Values and Nulls were read from; empty when they stand in the mapping
	Date        []string          // Go layouts, tried in order; nil when not declared
	Zone        string            // IANA name that times without a zone are meant in; empty when not declared
	Ref         string            // entity this field refers to; empty when it is no reference, or one to several
	By          []string          // source columns of that entity that From holds the values of; nil for its key
	Switch      string            // source column, the last of From, that says which entity is referred to; empty when it is always Ref
	Cases       []Case            // what Switch may say
	Lookup      *Lookup           // row of a target table that nobody migrates; nil when there is none
	OnOrphan    OrphanPolicy      // what a missing parent does
	Check       []Rule            // what the value that would be written must keep, in order
	Private     bool              // `private: true`: its values are masked wherever a person might see them
	RenamedFrom string            // the column's name in earlier runs, to hold rows against what was written then
	Once        bool              // `on: create`: written when the row is inserted, never compared or updated
	Always      bool              // `on: always`: written with every update, also where nothing can be held against it
	Null        NullPolicy        // what NULL does to rows that are there; "" is the entity's
	Keep        bool              // `empty: keep`: empty text stays empty text instead of becoming NULL

	fold       Fold // that of the key which ref points at
	expression *expression
	codes      *document // the text of CodeFile
	at         places
}

// Copies reports whether the field takes one source column as it is.
func (f *Field) Copies() bool {
	return len(f.From) == 1 && f.Expr == "" && len(f.Do) == 0 && f.Values == nil && f.Nulls == nil && f.Date == nil && !f.Refers() && f.Lookup == nil
}

// OrphanPolicy says what a reference to a record that was never read does.
type OrphanPolicy string

// The orphan policies; reject is the default.
const (
	OrphanReject OrphanPolicy = "reject"
	OrphanNull   OrphanPolicy = "null"
)

// Ignored is a source column that is left out on purpose.
type Ignored struct {
	Column   string
	Reason   string
	Position Position
}

// Question is a source column of which nobody has said yet what becomes of it.
// A run into production is refused as long as there is one.
type Question struct {
	Column   string
	Text     string
	Position Position
}

// Position is a place in the mapping file; lines and columns count from 1.
type Position struct {
	Line   int
	Column int
}

// RefField is a field of a Program that holds, after Shape, which parent is
// meant as text, or NULL.
type RefField struct {
	Slot     int // place in the shaped values
	Field    *Field
	Entities []string // of the parent: one, unless the record chooses
	OnOrphan OrphanPolicy
}

// Parent reads what Shape wrote: the parent's Ref, or with By, its entity and
// the values that it is found by.
func (r *RefField) Parent(shaped string) record.Ref {
	if r.Field.Switch == "" {
		return record.Ref{Entity: r.Entities[0], Key: shaped}
	}
	ref, _ := record.ParseRef(shaped)
	return ref
}

// LookupField is a field of a Program that holds, after Shape, the canonical
// text of the values that a row is looked up by, or NULL.
type LookupField struct {
	Slot  int
	Field *Field
}

// Program is an entity's compiled fields.
type Program struct {
	Entity  *Entity
	Columns []string      // target columns in the order of the shaped values
	Types   []record.Type // their declared types
	Refs    []RefField
	Lookups []LookupField
	Once    []bool // of each column: written when a row is inserted, and never again
	// KeepNull, of each column: a NULL leaves the value of a row that is there as it is.
	KeepNull []bool
	// Hidden, of each column: the target never gives it back, so that it is neither
	// compared nor told.
	Hidden []bool
	fields []compiledField
	inputs [][]int // places in a record's values that each field reads
}

// compiledField fills one slot from a record's values, or says why it can't.
type compiledField func(values []record.Value) (record.Value, *record.Misfit)
