package lawtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"landfall/internal/guard"
	"landfall/internal/mapping"
	"landfall/internal/migration"
	"landfall/internal/rollback"
	"landfall/internal/run"
)

// production makes the world's target a live system with a table of people, and
// as many people to come.
func (w *world) production(people int, demands string) {
	w.t.Helper()
	w.protects = "environment: production"
	if demands != "" {
		w.protects += ", guard: " + demands
	}
	w.do("CREATE TABLE people (id NUMBER, name varchar(20), legacy_id integer)")
	lines := []string{"No,Name"}
	for i := 1; i <= people; i++ {
		lines = append(lines, fmt.Sprintf("%d,person %d", i, i))
	}
	w.file("people.csv", lines...)
	w.mapping("  person:\n    from: {file: people.csv, key: No}\n    to: {table: people, key: {column: id, new: identity}}\n    fields: {name: Name, legacy_id: No}\n")
}

// gate is the one at which a person arms.
func (w *world) gate(clock func() time.Time) *guard.Gate {
	w.t.Helper()
	file, err := mapping.Parse(filepath.Join(w.dir, "landfall.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	return guard.NewGate(w.ledger().Books(), guard.RulesOf(file, file.Connection("goal"), w.db), guard.Asking{
		Actor: "ann", Host: "desk", Command: "guard arm", Migration: file.Name, Clock: clock, Trail: filepath.Join(w.dir, guard.TrailName),
	})
}

// arm opens the target as somebody does who knows what it is.
func (w *world) arm(a guard.Arming, clock func() time.Time) *guard.Mode {
	w.t.Helper()
	gate := w.gate(clock)
	mode, err := gate.Look(context.Background(), w.db)
	if err != nil {
		w.t.Fatal(err)
	}
	if a.For == 0 {
		a.For = time.Hour
	}
	a.Reason, a.Typed = "wave 7", mode.Phrase()
	if mode, err = gate.Arm(context.Background(), w.db, a); err != nil {
		w.t.Fatalf("arming: %v", err)
	}
	if !mode.Open() {
		w.t.Fatalf("armed, and not open: %+v", mode)
	}
	return mode
}

func (w *world) mode(clock func() time.Time) *guard.Mode {
	w.t.Helper()
	mode, err := w.gate(clock).Look(context.Background(), w.db)
	if err != nil {
		w.t.Fatal(err)
	}
	return mode
}

// refuses runs and wants a refusal for the reason that the code names.
func (w *world) refuses(want guard.Code, o run.Options, start starter) *guard.Refusal {
	w.t.Helper()
	_, err := w.try(o, start)
	return refusal(w.t, want, err)
}

type starter = func(context.Context, *migration.Migration, run.Options) (*run.Result, error)

func refusal(t testing.TB, want guard.Code, err error) *guard.Refusal {
	t.Helper()
	var refused *guard.Refusal
	if !errors.As(err, &refused) || refused.Code != want {
		t.Fatalf("refused with %v, want %s", err, want)
	}
	return refused
}

// undo rolls a run back.
func (w *world) undo(o rollback.Options) error {
	w.t.Helper()
	ctx := context.Background()
	end, err := migration.OpenTargetEnd(ctx, migration.Options{Path: filepath.Join(w.dir, "landfall.yaml"), Getenv: os.Getenv})
	if err != nil {
		w.t.Fatal(err)
	}
	defer end.Close(ctx)
	_, err = rollback.Rollback(ctx, end, o)
	return err
}

// clock is one that a test puts on.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func clockAt(t testing.TB, text, zone string) *clock {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, location)
	if err != nil {
		t.Fatal(err)
	}
	return &clock{at: at}
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// audited lists the events of the audit, "run refused mode-disabled".
func (w *world) audited() []string {
	w.t.Helper()
	events := []string{}
	for _, row := range w.query("SELECT command, event, coalesce(message, '') FROM " + w.books("audit") + " ORDER BY seq") {
		cells := strings.SplitN(row, "|", 3)
		event := cells[0] + " " + cells[1]
		if code, _, found := strings.Cut(cells[2], ": "); found && (cells[1] == guard.EventRefused || cells[1] == guard.EventParked) {
			event += " " + code
		}
		events = append(events, event)
	}
	return events
}
