package guard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"landfall/internal/mapping"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// patience is how long a query or a command may think about the last backup.
const patience = 30 * time.Second

// ahead is how far another clock may be ahead of the target's.
const ahead = 5 * time.Minute

// errNoBackup says that there is none, and nothing is wrong with the question.
var errNoBackup = errors.New("the query finds no backup")

// backedUp refuses where the last backup is too old, or cannot be known.
func (g *Gate) backedUp(ctx context.Context, tx sqldb.Tx, now time.Time) *Refusal {
	refusal, _ := g.askBackup(ctx, tx, now)
	return refusal
}

// askBackup is backedUp, with the error where what tells the backup's time is
// itself at fault: asked again it would say no more.
func (g *Gate) askBackup(ctx context.Context, tx sqldb.Tx, now time.Time) (*Refusal, error) {
	rule := g.rules.Backup
	if rule == nil {
		return nil, nil
	}
	asking, cancel := context.WithTimeout(ctx, g.patience)
	defer cancel()
	var at time.Time
	var err error
	if rule.Query != "" {
		at, err = backupByQuery(asking, tx, rule)
	} else {
		at, err = backupByCommand(asking, rule, g.rules.Dir)
	}
	age := now.Sub(at)
	demand := fmt.Sprintf("connection %s demands a backup no older than %s", g.rules.Connection, rule.Age)
	switch {
	case err != nil && asking.Err() != nil && ctx.Err() == nil:
		return &Refusal{CodeBackup, fmt.Sprintf("%s, and what tells its time did not answer within %s", demand, g.patience)}, nil
	case err != nil:
		refusal := &Refusal{CodeBackup, fmt.Sprintf("%s, and its time is not known: %v", demand, err)}
		if errors.Is(err, errNoBackup) {
			return refusal, nil
		}
		return refusal, err
	case age < -ahead:
		return &Refusal{CodeBackup, fmt.Sprintf("%s, and the last one is told to be of %s, which is yet to come: it is %s", demand, at.Format(time.RFC3339), now.Format(time.RFC3339))}, nil
	case age > rule.NoOlderThan:
		return &Refusal{CodeBackup, fmt.Sprintf("%s, and the last one is of %s", demand, at.Format(time.RFC3339))}, nil
	}
	return nil, nil
}

// TryBackup asks for the last backup as a run would, and tells why that would
// refuse a run now; "" where it would not. An error says that the question
// itself is at fault.
func (g *Gate) TryBackup(ctx context.Context, db sqldb.DB) (string, error) {
	if g.rules.Backup == nil {
		return "", nil
	}
	tx, err := db.Snapshot(ctx)
	if err != nil {
		return "", err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	now, err := g.now(ctx, tx)
	if err != nil {
		return "", err
	}
	refusal, err := g.askBackup(ctx, tx, now)
	if err != nil || refusal == nil {
		return "", err
	}
	return refusal.Text, nil
}

// backupByQuery reads the first value of the first row.
func backupByQuery(ctx context.Context, tx sqldb.Tx, rule *mapping.Backup) (time.Time, error) {
	rows, err := tx.Query(ctx, rule.Query)
	if err != nil {
		return time.Time{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return time.Time{}, err
		}
		return time.Time{}, errNoBackup
	}
	values := rows.Values()
	if len(values) == 0 || values[0].IsNull() {
		return time.Time{}, errNoBackup
	}
	if values[0].Kind() == record.KindTimestampTZ {
		return values[0].Time(), nil
	}
	return zoned(values[0].String())
}

// backupByCommand reads what a command prints. It is run in the mapping's
// folder, and by no shell.
func backupByCommand(ctx context.Context, rule *mapping.Backup, dir string) (time.Time, error) {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, rule.Command[0], rule.Command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.WaitDelay = dir, &said, time.Second
	if err := cmd.Run(); err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", rule.Command[0], err)
	}
	return zoned(strings.TrimSpace(said.String()))
}

// zoned reads a time that says its zone: without one a backup may be hours older
// than it looks.
func zoned(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05-07", "2006-01-02T15:04:05-0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("expected a time with its zone, such as 2026-11-27T04:30:00Z")
}

// approved refuses what nobody but its author approved.
func (g *Gate) approved() *Refusal {
	if !g.rules.Approval || g.who.Unplanned {
		return nil
	}
	if g.who.PlanHash == "" && g.who.Command == "retry" {
		return &Refusal{CodeApproval, fmt.Sprintf("connection %s demands an approved plan, and a retry is held to none: mend what was rejected, make a further plan of all records with `landfall plan` in the mode of that run, have somebody else approve it with `landfall approve`, and carry it out with `landfall run --plan`; what has landed stays as it is", g.rules.Connection)}
	}
	if g.who.PlanHash == "" {
		return &Refusal{CodeApproval, fmt.Sprintf("connection %s demands an approved plan, and this is held to none: make one with `landfall plan`, have somebody else approve it with `landfall approve`, and name it with --plan", g.rules.Connection)}
	}
	if personOf(g.who.PlanAuthor) == "" {
		return &Refusal{CodeApproval, fmt.Sprintf("connection %s demands an approval by somebody other than the plan's author, and the plan does not say who that is", g.rules.Connection)}
	}
	own := false
	for _, a := range g.who.Approvals {
		if a.PlanHash != g.who.PlanHash || NameFlaw(a.By) != nil {
			continue
		}
		if !samePerson(a.By, g.who.PlanAuthor) && !samePerson(a.Actor, g.who.PlanAuthor) {
			return nil
		}
		own = true
	}
	if own {
		return &Refusal{CodeApproval, fmt.Sprintf("the plan %s was approved by its author alone, by name or by login: connection %s demands somebody else's approval, typed by them", shortHash(g.who.PlanHash), g.rules.Connection)}
	}
	return &Refusal{CodeApproval, fmt.Sprintf("nobody has approved the plan %s as it is: connection %s demands an approval by somebody other than its author, by `landfall approve`", shortHash(g.who.PlanHash), g.rules.Connection)}
}
