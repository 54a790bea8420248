package plan

import (
	"errors"
	"fmt"
	"strings"

	"landfall/internal/guard"
	"landfall/internal/run"
)

// ErrNoWord says that an approval lacks who gives it or why.
var ErrNoWord = errors.New("an approval wants a name and a reason")

// Approve adds somebody's word to a plan file. The file keeps its content; a
// plan whose content or records are not what its hash says is refused.
func Approve(path, by, reason string) (*Plan, error) {
	p, err := Read(path)
	if err != nil {
		return nil, err
	}
	if err := p.verifyRecords(path); err != nil {
		return nil, err
	}
	by, reason = strings.TrimSpace(by), strings.TrimSpace(reason)
	if by == "" || reason == "" {
		return nil, ErrNoWord
	}
	if err := guard.NameFlaw(by); err != nil {
		return nil, fmt.Errorf("%w, and this is no name: %w", ErrNoWord, err)
	}
	actor, host := run.HolderName()
	p.Approvals = append(p.Approvals, guard.Approval{PlanHash: p.Hash, By: by, Reason: reason, At: now(), Actor: actor + "@" + host})
	return p, p.Write(path)
}
