package demo

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"landfall/internal/servertest"
)

func TestPostgresTargetIsMadeAndItsPasswordKept(t *testing.T) {
	t.Parallel()
	address := servertest.Database(t)
	summary := build(t, Options{Records: 500, TargetURL: address})
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var customers int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM customers").Scan(&customers); err != nil || customers != summary.Entities[1].Linked {
		t.Errorf("%d customers, %v; want %d", customers, err, summary.Entities[1].Linked)
	}
	password := conn.Config().Password
	for _, name := range []string{MappingFile, readmeFile} {
		if text := string(read(t, summary.Dir, name)); password != "" && strings.Contains(text, password) {
			t.Errorf("%s shows the password", name)
		}
	}
	if text := string(read(t, summary.Dir, MappingFile)); password != "" && !strings.Contains(text, `password: "${CRM_PASSWORD}"`) {
		t.Error("the mapping does not ask for the password")
	}

	// Tables with rows are refused, empty ones are taken.
	if _, err := Build(t.Context(), t.TempDir(), Options{Records: 50, TargetURL: address}); err == nil {
		t.Error("a filled CRM was taken")
	}
	if _, err := conn.Exec(t.Context(), "TRUNCATE "+strings.Join(targetTables, ", ")); err != nil {
		t.Fatal(err)
	}
	build(t, Options{Records: 50, TargetURL: address})
}

func TestOtherTargetsAreRefusedWithoutTheirPassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"mysql://u:hidden@h/d", "postgres://u:hidden@h:port/d", "crm.db"} {
		_, err := Build(t.Context(), t.TempDir(), Options{TargetURL: address})
		if err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
