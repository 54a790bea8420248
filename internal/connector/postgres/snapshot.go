package postgres

import (
	"fmt"
	"strconv"
	"strings"

	"landfall/internal/sqldb"
)

// A row says in xmin which transaction wrote it. A snapshot sees all that are
// before the oldest one that was running, and none from the next one on; those
// in between are its window. Which of these it sees is written down by name, as
// far as the table has rows of them: the server's own list of running
// transactions has no savepoints in it, which have numbers of their own.
const (
	transactionNumbers = 1 << 32 // xmin counts modulo this, the snapshot does not
	mostListed         = 10_000  // in a window behind a transaction that runs for hours; then savepoints are not told apart
)

// SnapshotSQL yields "oldest:next:running,…;seen,…". The table is walked only
// when a transaction was running.
func (d dialect) SnapshotSQL(table *sqldb.Table) string {
	if table.View {
		return ""
	}
	const (
		oldest = "(SELECT txid_snapshot_xmin(txid_current_snapshot()))"
		next   = "(SELECT txid_snapshot_xmax(txid_current_snapshot()))"
	)
	name := d.QuoteName(table.Name)
	return fmt.Sprintf(`SELECT txid_current_snapshot()::text || (
  SELECT CASE WHEN count(*) <= %d THEN ';' || coalesce(string_agg(listed.xid, ','), '') ELSE '' END
  FROM (SELECT DISTINCT t.xmin::text AS xid FROM %s t WHERE %s > %s AND %s < %[3]s - %[4]s LIMIT %[6]d) AS listed)
FROM pg_catalog.pg_class AS c WHERE c.oid = %[7]s::regclass AND c.relkind IN ('r', 'p')`,
		mostListed, name, next, oldest, distance("t", oldest), mostListed+1, quoteLiteral(name))
}

// distance is how many transactions a row's is ahead of one.
func distance(alias, from string) string {
	return fmt.Sprintf("((%s.xmin::text::bigint - %s %% %d + %[3]d) %% %[3]d)", alias, from, transactionNumbers)
}

// Unseen reads the numbers before it writes them into SQL.
func (d dialect) Unseen(alias, snapshot, late string) (string, error) {
	text, seen, listed := strings.Cut(snapshot, ";")
	parts := strings.Split(text, ":")
	var bounds [2]int64
	for i := range bounds {
		if len(parts) != 3 {
			return "", fmt.Errorf("%.40q is no snapshot", snapshot)
		}
		var err error
		if bounds[i], err = strconv.ParseInt(parts[i], 10, 64); err != nil || bounds[i] < 0 {
			return "", fmt.Errorf("%.40q is no snapshot", snapshot)
		}
	}
	names := parts[2]
	if listed {
		names = seen
	}
	members, err := transactions(names)
	if err != nil {
		return "", err
	}
	oldest := strconv.FormatInt(bounds[0], 10)
	width := strconv.FormatInt(bounds[1]-bounds[0], 10)
	ahead := distance(alias, oldest)
	inWindow := alias + ".xmin::text::bigint = ANY (" + members + ")"
	if listed {
		inWindow = "NOT " + inWindow
	}
	if late == "" {
		late = "true"
	}
	return fmt.Sprintf("(%s < (SELECT txid_snapshot_xmax(txid_current_snapshot())) - %s AND CASE WHEN %[1]s < %[3]s THEN %[4]s ELSE %[5]s END)",
		ahead, oldest, width, inWindow, late), nil
}

// transactions writes a list of transactions as rows bear them.
func transactions(list string) (string, error) {
	var members []string
	for name := range strings.SplitSeq(list, ",") {
		if name == "" {
			continue
		}
		number, err := strconv.ParseInt(name, 10, 64)
		if err != nil || number < 0 {
			return "", fmt.Errorf("%.40q is no transaction of a snapshot", name)
		}
		members = append(members, strconv.FormatInt(number%transactionNumbers, 10))
	}
	return "'{" + strings.Join(members, ",") + "}'::bigint[]", nil
}
