package migration

import (
	"context"
	"fmt"

	"landfall/internal/books"
	"landfall/internal/guard"
)

// TryBackup asks the query of the target's guard once for the last backup, so
// that a query that cannot be answered is told before a run needs the answer. A
// command is not tried: it may do more than tell.
func (m *Migration) TryBackup(ctx context.Context) error {
	rules := guard.RulesOf(m.File, m.Target, m.looker)
	if rules.Backup == nil || rules.Backup.Query == "" || m.api != nil {
		return nil
	}
	b, err := books.New(m.looker.Dialect())
	if err != nil {
		return err
	}
	subject := "connections." + m.Target.Name + ".guard.backup"
	why, err := guard.NewGate(b, rules, guard.Asking{}).TryBackup(ctx, m.looker)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("%w: %w", ErrEnvironment, m.File.Problem(rules.Backup.Position, subject+".query: "+err.Error()))
	case why != "":
		m.Findings = append(m.Findings, Finding{Severity: Warning, Entity: subject, Position: rules.Backup.Position, Text: "a run would be refused now: " + why})
	}
	return nil
}
