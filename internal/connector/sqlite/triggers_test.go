package sqlite

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/sqldb"
)

func TestTriggerOf(t *testing.T) {
	for sql, want := range map[string]sqldb.Trigger{
		"CREATE TRIGGER t AFTER DELETE ON x BEGIN SELECT 1; END":                                                          {OnDelete: true},
		"create temp trigger if not exists main.\"update\" before insert on x begin update x set a = 1; end":              {OnInsert: true},
		"CREATE TRIGGER [delete] /* INSERT */ UPDATE OF a, \"b \"\"c\", [d] ON x WHEN old.a > 1 BEGIN DELETE FROM x; END": {OnUpdate: true, Of: []string{"a", `b "c`, "d"}},
		"CREATE TRIGGER insert_log -- DELETE\n AFTER UPDATE ON x BEGIN SELECT 1; END":                                     {OnUpdate: true},
		"CREATE TRIGGER `of` INSTEAD OF DELETE ON x BEGIN SELECT 1; END":                                                  {OnDelete: true},
		"nobody knows": {OnInsert: true, OnUpdate: true, OnDelete: true},
	} {
		want.Name = "t"
		if diff := cmp.Diff(want, triggerOf("t", sql)); diff != "" {
			t.Errorf("%s:\n%s", sql, diff)
		}
	}
}
