package plan

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/guard"
	"landfall/internal/record"
)

// A key that the hash does not cover is not shown, approved or carried out.
func TestA02PlanFileHasNoKeysThatItsHashDoesNotCover(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "plan.json")
	p := &Plan{
		Format: Format, Migration: "acme", Author: "ann@pc", Run: "acme-0001", Questions: []string{`is "<this>" right?`},
		Settings: Settings{Inputs: map[string]string{"a": "x.csv", "A": "y.csv"}},
		Entities: []Entity{{Name: "a", Counts: map[record.Disposition]int64{record.Created: 2}, Rejections: []Rejection{{First: "a:1"}}}},
	}
	var err error
	if p.Hash, err = p.ContentHash(); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Approve(path, "Ben", "counts agreed"); err == nil {
		t.Fatal("a plan without records was approved")
	}
	p.Approvals = []guard.Approval{{PlanHash: p.Hash, By: "Ben", Reason: "counts agreed"}}
	if err := p.Write(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err != nil {
		t.Fatalf("an unchanged plan is refused: %v", err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{`"format":`, `"foo": 1, "format":`, `a plan has no key "foo"`},
		{`"hash":`, `"hash": "00", "hash":`, `the key "hash" stands in it twice`},
		{`"author":`, `"Author": "zoe@pc", "author":`, `a plan has no key "Author"`},
		{`"author":`, `"AUTHOR":`, `a plan has no key "AUTHOR"`},
		{`"created": 2`, `"created": 9, "created": 2`, `the key "entities"[0]."counts"."created" stands in it twice`},
		{`"by":`, `"for": "all", "by":`, `a plan has no key "approvals"[0]."for"`},
		{`"by":`, `"by": "Ann", "by":`, `the key "approvals"[0]."by" stands in it twice`},
	} {
		changed := strings.Replace(string(whole), c.from, c.to, 1)
		if changed == string(whole) {
			t.Fatalf("the plan holds no %s", c.from)
		}
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		var refusal *guard.Refusal
		if !errors.As(err, &refusal) || refusal.Code != guard.CodePlan || !strings.Contains(refusal.Text, c.want) {
			t.Errorf("%s: %v, expected a refusal that says %s", c.to, err, c.want)
		}
	}
}
