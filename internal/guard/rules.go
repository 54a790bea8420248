package guard

import (
	"landfall/internal/mapping"
)

// Rules are what a connection of the mapping demands of who writes to it.
type Rules struct {
	Connection string // its name
	Protected  bool   // environment: production
	Dir        string // where commands of the rules are run: the mapping's folder
	Windows    []mapping.Window
	Blackouts  []mapping.Blackout
	Backup     *mapping.Backup
	Approval   bool
}

// RulesOf reads the rules of a connection of the file.
func RulesOf(file *mapping.File, c *mapping.Connection) Rules {
	r := Rules{Connection: c.Name, Protected: c.Environment == mapping.Production, Dir: file.Dir}
	if g := c.Guard; g != nil {
		r.Windows, r.Blackouts, r.Backup, r.Approval = g.Windows, g.Blackouts, g.Backup, g.Approval
	}
	return r
}
