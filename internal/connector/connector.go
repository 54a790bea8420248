// Package connector lists the systems that Landfall can reach. A new one is a
// folder beside this file and a line in one of the two lists.
package connector

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"landfall/internal/connector/csv"
	"landfall/internal/connector/httpapi"
	"landfall/internal/connector/identitycloud"
	"landfall/internal/connector/jsonl"
	"landfall/internal/connector/postgres"
	"landfall/internal/connector/sqlite"
	"landfall/internal/connector/textfile"
	"landfall/internal/mapping"
	"landfall/internal/source"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// Address says where a database is. Nothing of it may be logged.
type Address struct {
	URL      string
	Password string
	Dir      string // what relative file names are relative to
	ReadOnly bool   // opened as a source
}

// databases maps the scheme of a connection's URL to its opener.
var databases = map[string]func(ctx context.Context, at Address) (sqldb.DB, error){
	"postgres":   openPostgres,
	"postgresql": openPostgres,
	"sqlite":     openSQLite,
}

// apis maps the kind of a connection to the opener of such APIs.
var apis = map[string]func(ctx context.Context, at target.Address) (target.API, error){
	mapping.KindHTTP:          httpapi.Open,
	mapping.KindIdentityCloud: identitycloud.Open,
}

// settings maps the kind of a connection to the JSON Schema of its keys.
var settings = map[string]func() map[string]any{
	mapping.KindHTTP:          httpapi.Schema,
	mapping.KindIdentityCloud: identitycloud.Schema,
}

// Schema is the JSON Schema of the mapping file, with the keys of the kinds of
// APIs.
func Schema() ([]byte, error) {
	described := map[string]map[string]any{}
	for kind := range apis {
		described[kind] = nil
		if schema := settings[kind]; schema != nil {
			described[kind] = schema()
		}
	}
	return mapping.Schema(described)
}

// files maps the ending of a file's name to the reader of such files.
var files = map[string]func() source.Driver{
	"csv":    csv.New,
	"jsonl":  jsonl.New,
	"ndjson": jsonl.New,
}

// dialects maps the scheme of a connection's URL to how its SQL is spelled.
var dialects = map[string]sqldb.Dialect{
	"postgres":   postgres.Dialect,
	"postgresql": postgres.Dialect,
	"sqlite":     sqlite.Dialect,
}

// Dialect is how the SQL of a kind of database is spelled.
func Dialect(scheme string) (sqldb.Dialect, error) {
	dialect, known := dialects[strings.ToLower(scheme)]
	if !known {
		return nil, fmt.Errorf("no kind of database is called %q: it must be one of %s", scheme, strings.Join(Schemes(), ", "))
	}
	return dialect, nil
}

// plainFile reads files whose ending says nothing.
const plainFile = "csv"

func openPostgres(ctx context.Context, at Address) (sqldb.DB, error) {
	return postgres.Open(ctx, at.URL, at.Password)
}

func openSQLite(ctx context.Context, at Address) (sqldb.DB, error) {
	return sqlite.Open(ctx, at.URL, at.Dir, at.ReadOnly)
}

// OpenDB opens a database by its URL's scheme.
func OpenDB(ctx context.Context, at Address) (sqldb.DB, error) {
	scheme, _, found := strings.Cut(at.URL, ":")
	open, known := databases[strings.ToLower(scheme)]
	if !found || !known {
		return nil, fmt.Errorf("no database is known by this URL: it must start with one of %s", strings.Join(Schemes(), ", "))
	}
	return open(ctx, at)
}

// OpenAPI opens an API by its kind. It makes no call.
func OpenAPI(ctx context.Context, kind string, at target.Address) (target.API, error) {
	open, known := apis[kind]
	if !known {
		return nil, fmt.Errorf("no kind of API is called %q: it must be one of %s", kind, strings.Join(APIKinds(), ", "))
	}
	return open(ctx, at)
}

// APIKinds lists the kinds of APIs, sorted.
func APIKinds() []string { return slices.Sorted(maps.Keys(apis)) }

// MakeBooks makes an empty SQLite file for books that share no transaction with
// their target, and leaves one alone that is there.
func MakeBooks(ctx context.Context, path string) error { return sqlite.Make(ctx, path) }

// OpenBooks opens a file of MakeBooks.
func OpenBooks(ctx context.Context, path string) (sqldb.DB, error) {
	return sqlite.OpenBooks(ctx, path)
}

// Schemes lists the URL schemes of the databases, sorted.
func Schemes() []string {
	var schemes []string
	for scheme := range databases {
		schemes = append(schemes, scheme+":")
	}
	slices.Sort(schemes)
	return schemes
}

// FileDriver returns the reader for a file by its name's ending, below that of
// a packing.
func FileDriver(name string) source.Driver {
	name = textfile.PlainName(name)
	if at := strings.LastIndexByte(name, '.'); at >= 0 {
		if open, known := files[strings.ToLower(name[at+1:])]; known {
			return open()
		}
	}
	return files[plainFile]()
}
