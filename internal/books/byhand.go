package books

import (
	"fmt"

	"landfall/internal/sqldb"
)

// ByHand returns what a DBA runs where the migrating user may not make tables:
// the books, which may be there already, one reverse index for all tables of
// the target, since only an owner may add one for each, and what the role must
// be granted. role is written as it is when there is none to name.
func ByHand(dialect sqldb.Dialect, role string) (statements, grants []string, err error) {
	statements, err = DDL(dialect)
	if err != nil {
		return nil, nil, err
	}
	own := dialect.(sqldb.OwnTables)
	quoted := "ROLE"
	if role != "" {
		quoted = dialect.Quote(role)
	}
	if grants = own.Grants(quoted); len(grants) > 0 {
		statements = append(statements, fmt.Sprintf("CREATE UNIQUE INDEX IF NOT EXISTS %s ON %s (table_id, target_key) WHERE role IN ('c', 'a') AND state IN ('r', 'l', 'p', 'h')",
			dialect.Quote("landfall_crosswalk_target"), dialect.QuoteName(own.OwnName("crosswalk"))))
	}
	return statements, grants, nil
}
