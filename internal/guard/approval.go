// Package guard keeps a protected target closed: it accepts writes only while
// somebody has armed it, for a while and for a reason, and remembers who asked
// for what.
package guard

// Approval is somebody's word that a plan may be run.
type Approval struct {
	PlanHash string `json:"plan_hash"` // content hash of the plan, hexadecimal
	By       string `json:"by"`
	Reason   string `json:"reason"`
	At       string `json:"at"`    // UTC, 2006-01-02T15:04:05Z
	Actor    string `json:"actor"` // who typed it, user@host
}
