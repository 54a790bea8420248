package lawtest

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"landfall/internal/rollback"
	"landfall/internal/run"
)

// A run makes many rows and changes many others; an application edits one in a
// hundred of both. Rolled back, killed half-way and gone on with, what nobody
// edited is as it was before the run, to the byte, and what was edited stays and
// is listed, record by record.
func TestRollbackBesideAnApplication(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) { w.besideAnApplication(6_000, 500) })
}

// TestSoakRollback is the same for 1,000,000 rows made and 200,000 changed.
func TestSoakRollback(t *testing.T) {
	if os.Getenv("LANDFALL_SOAK") == "" {
		t.Skip("set LANDFALL_SOAK=1 to undo a large run")
	}
	postgresWorld(t).besideAnApplication(1_000_000, 0)
}

// lines writes a file without holding it in memory.
func (w *world) lines(name, header string, from, to int, line func(n int) string) {
	w.t.Helper()
	file, err := os.Create(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	fmt.Fprintln(out, header)
	for n := from; n <= to; n++ {
		fmt.Fprintln(out, line(n))
	}
	if err := out.Flush(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) besideAnApplication(made, batch int) {
	t := w.t
	t.Helper()
	changed, customers, orders := made/5, made*3/10, made*7/10
	w.do("CREATE TABLE customers (id NUMBER, name text NOT NULL, email text UNIQUE, balance numeric(12,2), phone text, visits integer NOT NULL DEFAULT 0)",
		"CREATE TABLE orders (id NUMBER, customer_id bigint NOT NULL REFERENCES customers (id), no integer, total numeric(12,2), placed date, paid integer NOT NULL DEFAULT 0)",
		"CREATE INDEX orders_by_customer ON orders (customer_id)",
		"INSERT INTO customers (name, email) VALUES ('there before', 'before@example.org')")
	w.mapping(`  customer:
    from: {file: customers.csv, key: ID}
    to: {table: customers, key: {column: id, new: identity}}
    fields: {name: Name, email: Email, balance: Balance}
  order:
    from: {file: orders.csv, key: ID}
    to: {table: orders, key: {column: id, new: identity}}
    fields: {customer_id: {ref: customer, from: Customer}, no: ID, total: Total, placed: Placed}
`)
	took := func(what string, since time.Time) {
		t.Logf("%s: %s, peak %s", what, time.Since(since).Round(time.Millisecond), peak())
	}
	customer := func(edition string) func(n int) string {
		return func(n int) string { return fmt.Sprintf("%d,%s %d,c%d@example.org,%d.25", n, edition, n, n, n%1000) }
	}
	w.lines("customers.csv", "ID,Name,Email,Balance", 1, changed, customer("Old"))
	w.lines("orders.csv", "ID,Customer,Total,Placed", 1, 0, nil)
	o := run.Options{Records: batch}
	w.run(o)
	w.do("CREATE TABLE before_customers AS SELECT * FROM customers")
	crosswalk := w.query("SELECT count(*), sum(record_no) FROM " + w.books("crosswalk") + " WHERE state = 'l' AND first_run = 1 AND last_run = 1")

	w.lines("customers.csv", "ID,Name,Email,Balance", 1, changed+customers, customer("New"))
	w.lines("orders.csv", "ID,Customer,Total,Placed", 1, orders, func(n int) string {
		return fmt.Sprintf("%d,%d,%d.50,2024-03-%02d", n, 1+n*7919%(changed+customers), n%500, 1+n%28)
	})
	start := time.Now()
	w.run(o)
	took("load", start)

	w.do("UPDATE customers SET name = name || '!' WHERE id % 100 = 7", // of rows made and of rows changed
		"UPDATE customers SET phone = '555' WHERE id % 100 = 8", // matters for those that were made
		"UPDATE orders SET paid = 1 WHERE id % 100 = 3",
		"CREATE TABLE edited_customers AS SELECT * FROM customers",
		"CREATE TABLE edited_orders AS SELECT * FROM orders")
	forgetPeak()
	start = time.Now()
	many := add(t, w.query("SELECT count(*) FROM "+w.books("marker")+" WHERE run_id = 2")...)
	w.killedAt(run.PointCommitted, many/2, "rollback", "acme-0002")
	if undone := add(t, w.query("SELECT count(*) FROM "+w.books("marker")+" WHERE run_id = 3")...); undone != many/2 {
		t.Fatalf("killed after %d of %d batches", undone, many)
	}
	took("half a rollback", start)
	result, err := w.tryRollback(rollback.Options{Run: "acme-0002"}, rollback.Rollback)
	if err != nil {
		t.Fatal(err)
	}
	took("rollback", start)
	t.Log(result.Counts)
	if total := result.Counts.Total(); total != int64(made+changed) {
		t.Errorf("%d records, but %d have an end", made+changed, total)
	}

	old := "(SELECT id FROM before_customers)"
	edited := "(id % 100 = 7 OR id % 100 = 8 AND id NOT IN " + old + ")"
	none := func(what, query string) {
		t.Helper()
		if found := w.query(query + " LIMIT 5"); len(found) > 0 {
			t.Errorf("%s:\n%s", what, strings.Join(found, "\n"))
		}
	}
	none("rows that nobody edited are not as before", "SELECT * FROM before_customers WHERE id % 100 NOT IN (7, 8) EXCEPT SELECT * FROM customers")
	none("edited customers are not as edited", "SELECT * FROM edited_customers WHERE "+edited+" AND id > 1 EXCEPT SELECT * FROM customers")
	none("edited orders are not as edited", "SELECT * FROM edited_orders WHERE id % 100 = 3 EXCEPT SELECT * FROM orders")
	none("orders are left that nobody edited", "SELECT * FROM orders WHERE id % 100 <> 3")
	none("customers are left that nothing keeps", "SELECT * FROM customers WHERE id NOT IN "+old+" AND NOT "+edited+" AND id NOT IN (SELECT customer_id FROM orders)")
	none("kept customers are not as they were", "SELECT * FROM customers WHERE id NOT IN "+old+" EXCEPT SELECT * FROM edited_customers")

	// The list, record by record: what must stand in it, and what does.
	const number = "substr(email, 2, length(email) - 13)"
	listed := "SELECT 'customer', " + number + ", 'edited', CASE WHEN id % 100 = 8 THEN 'phone' ELSE '' END FROM edited_customers WHERE " + edited + " AND id > 1" +
		" UNION ALL SELECT 'order', CAST(no AS text), 'edited', 'paid' FROM edited_orders WHERE id % 100 = 3" +
		" UNION ALL SELECT 'customer', " + number + ", 'referenced', 'id' FROM edited_customers WHERE id NOT IN " + old + " AND NOT " + edited +
		" AND id IN (SELECT customer_id FROM edited_orders WHERE id % 100 = 3)"
	told := "SELECT n.name, e.source_key, e.code, coalesce(e.field, '') FROM " + w.books("entry") + " e JOIN " + w.books("entity") + " n ON n.id = e.entity_id WHERE e.run_id = 3 AND e.disposition = 'kept'"
	none("records that must be listed are not", "SELECT * FROM ("+listed+") AS l EXCEPT SELECT * FROM ("+told+") AS t")
	none("records are listed that must not be", "SELECT * FROM ("+told+") AS t EXCEPT SELECT * FROM ("+listed+") AS l")
	same(t, "each is listed once", w.query("SELECT count(*) FROM ("+listed+") AS l"), w.query("SELECT count(*) FROM ("+told+") AS t"))
	same(t, "none is listed otherwise", []string{"0"}, w.query("SELECT count(*) FROM "+w.books("entry")+" WHERE run_id = 3 AND disposition NOT IN ('kept', 'reversed')"))
	kept := w.query("SELECT count(*) FROM before_customers WHERE id % 100 = 7 AND id > 1")
	same(t, "the crosswalk of the first run", crosswalk[0][:strings.Index(crosswalk[0], "|")], fmt.Sprint(add(t,
		w.query("SELECT count(*) FROM " + w.books("crosswalk") + " WHERE state = 'l' AND first_run = 1 AND last_run = 1")[0], kept[0])))
}

func add(t testing.TB, numbers ...string) int {
	t.Helper()
	sum := 0
	for _, text := range numbers {
		n := 0
		if _, err := fmt.Sscan(text, &n); err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// forgetPeak lets peak tell of what comes now.
func forgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // without it the peak of the load is told
}

// peak is the most memory that this process has had, as the system tells.
func peak() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			return strings.TrimSpace(rest)
		}
	}
	return "unknown"
}
