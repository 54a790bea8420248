package postgres

import (
	"fmt"
	"strings"

	"landfall/internal/sqldb"
)

// HasRightSQL asks for a right, on the table or column by column. DELETE is
// there for whole tables alone.
func (d dialect) HasRightSQL(want sqldb.Want) (string, []any) {
	args := []any{d.QuoteName(want.Table)}
	whole := fmt.Sprintf("has_table_privilege($1::text, '%s')", want.Right)
	if want.Right == sqldb.RightDelete {
		return "SELECT " + whole, args
	}
	if len(want.Columns) == 0 {
		return fmt.Sprintf("SELECT has_any_column_privilege($1::text, '%s')", want.Right), args
	}
	each := make([]string, len(want.Columns))
	for n, column := range want.Columns {
		args = append(args, column)
		each[n] = fmt.Sprintf("has_column_privilege($1::text, $%d::text, '%s')", len(args), want.Right)
	}
	return "SELECT " + whole + " OR " + strings.Join(each, " AND "), args
}

// MayMoveCounterSQL asks for both ways of moving a sequence: drawing numbers and,
// over a long gap, setting it.
func (dialect) MayMoveCounterSQL(column *sqldb.Column) (string, []any) {
	return "SELECT has_sequence_privilege($1::text, 'UPDATE') AND has_sequence_privilege($1::text, 'SELECT')", []any{column.Sequence}
}
