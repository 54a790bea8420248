package lawtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"landfall/internal/ledger"
	"landfall/internal/plan"
	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// The records of the plan's soak, a million in all.
const (
	soakCustomers = 100_000
	soakOrders    = 400_000
	soakItems     = 500_000
)

// planMemory is what a plan may take, as a run.
const planMemory = 192 << 20

// TestSoakPlan plans a million records of three entities, with mistakes of every
// kind, and carries that out; then again with changes. Every record ends as
// planned, a row that moves in between is caught, and the server counts no row
// that the plan wrote.
func TestSoakPlan(t *testing.T) {
	if os.Getenv("LANDFALL_SOAK") == "" {
		t.Skip("set LANDFALL_SOAK=1 for a million records")
	}
	program := filepath.Join(t.TempDir(), "landfall")
	if out, err := exec.Command("go", "build", "-o", program, "landfall/cmd/landfall").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Run("postgres", func(t *testing.T) { soakPlan(t, postgresWorld(t), program) })
	t.Run("sqlite", func(t *testing.T) { soakPlan(t, sqliteWorld(t), program) })
}

func soakPlan(t *testing.T, w *world, program string) {
	w.unwatched = true
	w.do("CREATE TABLE customers (id NUMBER, name varchar(20) NOT NULL, email varchar(40) UNIQUE, credit integer CHECK (credit >= 0))",
		"CREATE TABLE orders (id NUMBER, customer_id bigint NOT NULL REFERENCES customers (id), number varchar(20) UNIQUE, total numeric(12,2))",
		"CREATE TABLE items (id NUMBER, order_id bigint NOT NULL REFERENCES orders (id), line integer, label varchar(20), UNIQUE (order_id, line))",
		"INSERT INTO customers (name, email) VALUES ('there', 'c77@x')")
	w.mapping(`  customer:
    from: {file: customers.csv, key: No}
    to: {table: customers, key: {column: id, new: identity}}
    fields: {name: Name, email: Email, credit: Credit}
  order:
    from: {file: orders.csv, key: No}
    to: {table: orders, key: {column: id, new: identity}}
    fields: {customer_id: {ref: customer, from: Customer}, number: No, total: Total}
  item:
    from: {file: items.csv, key: No}
    to: {table: items, key: {column: id, new: identity}}
    fields: {order_id: {ref: order, from: Order}, line: Line, label: Label}
`)
	for round := range 2 {
		soakPlanFiles(t, w.dir, round)
		before := w.written()
		w.timed(program, fmt.Sprintf("round %d, plan", round), true, 4, "plan", "-o", filepath.Join(w.dir, "plan.json"))
		if after := w.written(); before != after {
			t.Fatalf("round %d: the server counted %s written rows before the plan and %s after it", round, before, after)
		}
		if round == 1 {
			w.do("UPDATE customers SET name = 'moved' WHERE email = 'c1000@x'")
		}
		w.timed(program, fmt.Sprintf("round %d, run", round), false, 4, "run", "--plan", filepath.Join(w.dir, "plan.json"), "--runs", filepath.Join(w.dir, "runs"))
		moved := w.asPlanned(fmt.Sprintf("acme-%04d", round+1))
		wanted := [][]string{nil, {"customer:1000"}}[round]
		same(t, fmt.Sprintf("round %d, records that are not as planned", round), wanted, moved)
	}
}

// written is how many rows the target's server counts as written.
func (w *world) written() string {
	if strings.HasPrefix(w.url, "sqlite:") {
		return string(folder(w.t.(*testing.T), w.dir))
	}
	w.do("SELECT pg_stat_force_next_flush()") // of what the test itself wrote
	time.Sleep(2 * time.Second)               // other sessions tell theirs when they end
	return w.query("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del), max(relid::bigint), count(*) FROM pg_stat_all_tables WHERE schemaname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')")[0]
}

// timed runs the program and tells what it took.
func (w *world) timed(program, what string, bounded bool, code int, args ...string) {
	w.t.Helper()
	cmd := exec.Command(program, append(args, "-f", filepath.Join(w.dir, "landfall.yaml"))...)
	cmd.Dir = w.dir
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(begun)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	if cmd.ProcessState.ExitCode() != code {
		w.t.Fatalf("%s: exit %d\n%s", what, cmd.ProcessState.ExitCode(), out)
	}
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	w.t.Logf("%s: %s, %d MiB at most", what, took.Round(time.Second), peak>>20)
	if bounded && peak > planMemory {
		w.t.Errorf("%s took %d MiB, and may take %d", what, peak>>20, planMemory>>20)
	}
}

// asPlanned holds every record of a run against the plan, and lists those that
// ended otherwise.
func (w *world) asPlanned(name string) (moved []string) {
	w.t.Helper()
	records, err := plan.OpenRecords(filepath.Join(w.dir, "plan.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer records.Close()
	codes := map[string]int64{}
	w.look(func(tx sqldb.Tx) error {
		ctx, l := context.Background(), w.ledger()
		runs, err := l.Runs(ctx, tx, "acme")
		if err != nil {
			return err
		}
		if runs[0].Name != name {
			w.t.Fatalf("the last run is %s", runs[0].Name)
		}
		entities, err := l.Entities(ctx, tx, runs[0].ID)
		if err != nil {
			return err
		}
		for _, e := range entities {
			err := l.Segments(ctx, tx, runs[0].ID, e.ID, func(_ int, line *ledger.Line) error {
				f, err := records.Next()
				if err != nil {
					return fmt.Errorf("the plan's records: %w", err)
				}
				if f.Ref != (record.Ref{Entity: e.Name, Key: line.Key}) || f.Number != line.Number {
					return fmt.Errorf("%s:%s is planned as %s", e.Name, line.Key, f.Ref)
				}
				if f.Disposition != line.Disposition {
					moved = append(moved, f.Ref.String())
					codes[string(record.CodePlanDrift)]++
				} else if f.Disposition.NeedsRetry() {
					codes[string(f.Code)]++
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		if _, err := records.Next(); !errors.Is(err, io.EOF) {
			w.t.Error("the plan has more records than the run")
		}
		found, err := l.RejectionCodes(ctx, tx, runs[0].ID)
		same(w.t, name+", rejections by their codes", codes, found)
		return err
	})
	return moved
}

func soakPlanFiles(t *testing.T, dir string, round int) {
	t.Helper()
	write := func(name, header string, lines int, line func(i int) string) {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out := bufio.NewWriter(file)
		fmt.Fprintln(out, header)
		for i := range lines {
			fmt.Fprintln(out, line(i+1))
		}
		if err := errors.Join(out.Flush(), file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	mended := round > 0
	write("customers.csv", "No,Name,Email,Credit", soakCustomers, func(i int) string {
		name, email, credit := fmt.Sprintf("customer %d", i), fmt.Sprintf("c%d@x", i), i%500
		switch {
		case i%997 == 0:
			credit = -1 // refused by a CHECK
		case i%991 == 0:
			name = "" // NOT NULL
		case i%983 == 0:
			email = "c1@x" // a double
		case mended && i%10 == 0:
			name = fmt.Sprintf("renamed %d", i)
		}
		return fmt.Sprintf("%d,%s,%s,%d", i, name, email, credit)
	})
	write("orders.csv", "No,Customer,Total", soakOrders, func(i int) string {
		no, customer, total := i, i%soakCustomers+1, fmt.Sprintf("%d.%02d", i%1000, i%100)
		switch {
		case i%4999 == 0:
			no = 1 // a double
		case i%4993 == 0:
			customer = 9_999_999 // nobody
		case i%4987 == 0:
			total = "much"
		case mended && i%20 == 0:
			total = "7.00"
		}
		return fmt.Sprintf("%d,%d,%s", no, customer, total)
	})
	write("items.csv", "No,Order,Line,Label", soakItems, func(i int) string {
		order, line, label := i%soakOrders+1, i/soakOrders, fmt.Sprintf("label %d", i%777)
		switch {
		case i%5003 == 0:
			label = strings.Repeat("long ", 9)
		case i%5009 == 0:
			order, line = 3, 0 // a line that the order has
		case mended && i%50 == 0:
			label = "changed"
		}
		return fmt.Sprintf("%d,%d,%d,%s", i, order, line, label)
	})
}
