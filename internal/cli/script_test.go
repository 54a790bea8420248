package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"landfall/internal/servertest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"landfall": func() { os.Exit(Main(os.Args[1:])) },
		"exits":    exits,
		"sqlite":   sqliteProgram,
		"sqlite3":  sqliteProgram,
		"query":    queryProgram,
		"psql":     psqlProgram,
		"json":     jsonProgram,
		"hex":      hexProgram,
	})
}

// TestScripts runs what a user types and holds it to what a user sees.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: filepath.Join("testdata", "script"), RequireUniqueNames: true, UpdateScripts: *rewrite})
}

// TestPostgresScripts gives each script an empty database of its own in $PG.
func TestPostgresScripts(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join("testdata", "postgres", "*.txtar"))
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			t.Parallel()
			address := servertest.Database(t)
			testscript.Run(t, testscript.Params{
				Files: []string{script},
				Setup: func(env *testscript.Env) error {
					env.Setenv("PG", address)
					env.Setenv("OWNER_PG", address)
					migrator, asMigrator := servertest.Role(t, address)
					env.Setenv("MIGRATOR", migrator)
					env.Setenv("MIGRATOR_PG", asMigrator)
					return nil
				},
			})
		})
	}
}

// queryProgram runs statements in the database of $PG: query SQL, or query
// @FILE.
func queryProgram() { query(os.Getenv("PG"), statement(os.Args[1:])) }

// psqlProgram understands as much of psql as the pages show: psql URL -q -f
// FILE, psql URL -tA -c SQL.
func psqlProgram() {
	text := ""
	for i, argument := range os.Args {
		switch argument {
		case "-f":
			text = "@" + os.Args[i+1]
		case "-c":
			text = os.Args[i+1]
		}
	}
	query(os.Args[1], statement([]string{text}))
}

func query(address, text string) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address)
	must(err)
	defer conn.Close(ctx)
	results, err := conn.PgConn().Exec(ctx, text).ReadAll()
	must(err)
	for _, result := range results {
		for _, row := range result.Rows {
			cells := make([]string, len(row))
			for i, cell := range row {
				cells[i] = string(cell)
			}
			printRow(cells)
		}
	}
}
