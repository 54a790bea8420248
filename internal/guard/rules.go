package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"landfall/internal/mapping"
	"landfall/internal/sqldb"
)

// Rules are what a connection of the mapping demands of who writes to it.
type Rules struct {
	Connection string // its name
	Protected  bool   // environment: production
	API        string // the base URL of the API that is written to; empty where that is a database
	Dir        string // where commands of the rules are run: the mapping's folder
	Windows    []mapping.Window
	Blackouts  []mapping.Blackout
	Backup     *mapping.Backup
	Approval   bool
}

// RulesOf reads the rules of a connection of the file, which db is to.
func RulesOf(file *mapping.File, c *mapping.Connection, db sqldb.DB) Rules {
	r := Rules{Connection: c.Name, Protected: c.Environment == mapping.Production, API: sqldb.APIOf(db), Dir: file.Dir}
	if g := c.Guard; g != nil {
		r.Windows, r.Blackouts, r.Backup, r.Approval = g.Windows, g.Blackouts, g.Backup, g.Approval
	}
	return r
}

// hash tells these rules from others, by their content.
func (r *Rules) hash() string {
	var text strings.Builder
	for _, w := range r.Windows {
		fmt.Fprintf(&text, "window %v %d %d %s %q\n", w.Days, w.From, w.To, w.Zone, w.Allow)
	}
	for _, b := range r.Blackouts {
		fmt.Fprintf(&text, "blackout %d %d %s\n", b.From.Unix(), b.To.Unix(), b.Zone)
	}
	if b := r.Backup; b != nil {
		fmt.Fprintf(&text, "backup %q %q %d\n", b.Query, b.Command, b.NoOlderThan)
	}
	fmt.Fprintf(&text, "approval %t\n", r.Approval)
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:])
}
