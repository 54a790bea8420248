package lawtest

import (
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
)

const phoneMapping = `  customer:
    from: {file: customers.csv, key: No}
    to: {table: customers, key: {column: id, new: identity}}
    fields: {name: Name}
  phone:
    from: {file: customers.csv, key: No, each: {slot: [Phone1, Phone2, Fax], value: number}}
    to: {table: phones, key: {column: id, new: identity}}
    fields: {customer_id: {ref: customer, from: No}, kind: slot, number: {from: number, do: [trim, digits]}, legacy: No}
`

// TestEach: a row makes a record of each column that holds something.
func TestEach(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE customers (id NUMBER, name varchar(9))",
			"CREATE TABLE phones (id NUMBER, customer_id bigint REFERENCES customers (id), kind varchar(9), number varchar(6), legacy varchar(9))")
		w.mapping(phoneMapping)
		w.file("customers.csv", "No,Name,Phone1,Phone2,Fax", "1,ann,11,12,", "2,bob,, ,", "3,far too long,31,,33", "4,dan,4444444,42,5555555", ",eve,1,2,3", "6/Fax,fay,6,,7", "4,twin,9,,")
		ends := []string{
			"phone:1/Phone1 created", "phone:1/Phone2 created", "phone:3/Phone1 blocked: parent-failed in customer_id", "phone:3/Fax blocked: parent-failed in customer_id",
			"phone:4/Phone1 failed: too-long in number", "phone:4/Phone2 created", "phone:4/Fax failed: too-long in number", "phone: failed: missing-key",
			"phone:6/Fax/Phone1 created", "phone:6/Fax/Fax created", "phone:4/Phone1 failed: duplicate-key",
		}
		runs := filepath.Join(w.dir, "runs")
		if code, out, errs := w.cli("run", "--batch", "3", "--runs", runs); code != 4 {
			t.Fatalf("exit %d\n%s%s", code, out, errs)
		}
		phones := []string{"1|Phone1|11", "1|Phone2|12", "4|Phone2|42", "6/Fax|Fax|7", "6/Fax|Phone1|6"}
		same(t, "phones", phones, w.query("SELECT legacy, kind, number FROM phones ORDER BY legacy, kind"))
		retry := filepath.Join(runs, "acme-0001", "phone", "retry.csv")
		same(t, "retry.csv", []string{"No,Name,Phone1,Phone2,Fax", "3,far too long,31,,33", "4,dan,4444444,42,5555555", ",eve,1,2,3"}, strings.Split(strings.TrimSpace(readFile(t, retry)), "\n"))
		for i, end := range ends {
			ends[i] = strings.Replace(end, "created", "unchanged", 1)
		}
		same(t, "again", ends, w.run(run.Options{Records: 2}).ends[len(w.run(run.Options{}).ends)-len(ends):])
		code, told, errs := w.cli("run", "--only", "phone:1/Phone2", "--dry-run")
		if code != 0 || !strings.Contains(told, `kind ← slot "Phone2"`) || !strings.Contains(told, "would be unchanged") {
			t.Errorf("dry run: exit %d\n%s%s", code, told, errs)
		}
		w.file("mended.csv", "No,Name,Phone1,Phone2,Fax", "4,dan,44,42,45")
		out := w.run(run.Options{Inputs: map[string]string{"phone": filepath.Join(w.dir, "mended.csv")}})
		same(t, "from a retry file", ledger.Counts{record.Created: 2, record.Unchanged: 1}, out.counts["phone"])
		out = w.run(run.Options{RetryOpen: true})
		same(t, "still open", []string{"phone:3/Phone1 blocked: parent-failed in customer_id", "phone:3/Fax blocked: parent-failed in customer_id"},
			out.ends[len(out.ends)-2:])
	})
}
