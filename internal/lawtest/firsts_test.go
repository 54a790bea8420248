package lawtest

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/record"
	"landfall/internal/run"
)

// TestScatteredRefusals: 50 of many rows violate constraints that only the
// target knows; those fail, each for its own reason, and all others land.
func TestScatteredRefusals(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		records := 200_000
		if testing.Short() || raceEnabled {
			records = 30_000
		}
		w.do("CREATE TABLE groups (id bigint PRIMARY KEY)", "INSERT INTO groups VALUES (1), (2), (3)",
			"CREATE TABLE items (id NUMBER, code varchar(20) UNIQUE, amount bigint CONSTRAINT positive CHECK (amount > 0), group_id bigint REFERENCES groups (id))",
			"INSERT INTO items (code, amount, group_id) VALUES ('taken', 1, 1)",
			"CREATE UNIQUE INDEX items_lower ON items (lower(code))")
		w.mapping(`  item:
    from: {file: items.csv, key: No}
    to: {table: items, key: {column: id, new: identity}}
    fields: {code: Code, amount: Amount, group_id: Group}
`)
		file, err := os.Create(filepath.Join(w.dir, "items.csv"))
		if err != nil {
			t.Fatal(err)
		}
		out := bufio.NewWriter(file)
		fmt.Fprintln(out, "No,Code,Amount,Group")
		want := map[string]string{}
		step := records / 50
		for i := range records {
			code, amount, group := fmt.Sprintf("c%d", i), 5, 1+i%3
			if i%step == step*3/4 {
				switch nth := i / step; nth % 4 {
				case 0:
					amount, want[fmt.Sprint(i)] = -1, ": check in amount"
				case 1:
					group, want[fmt.Sprint(i)] = 99, ": foreign-key in group_id"
				case 2:
					code, want[fmt.Sprint(i)] = fmt.Sprintf("C%d", i-1), ": unique in code"
				case 3:
					if code = "TAKEN"; nth == 3 {
						code = "taken"
					}
					want[fmt.Sprint(i)] = ": unique in code"
					if nth > 3 {
						code = fmt.Sprintf("C%d", i-2)
					}
				}
			}
			fmt.Fprintf(out, "%d,%s,%d,%d\n", i, code, amount, group)
		}
		if err := out.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		outcome := w.run(run.Options{})
		counts := outcome.counts["item"]
		if len(want) != 50 || counts[record.Failed] != 50 || counts[record.Created] != int64(records-50) || len(outcome.told) != 50 {
			t.Errorf("counts: %v", counts)
		}
		for _, told := range outcome.told {
			got, wanted := reason(told), want[told.Key]
			if strings.HasPrefix(w.url, "sqlite:") { // it names neither a CHECK's columns nor an expression's
				got, wanted = firstWord(got), firstWord(wanted)
			}
			if got != wanted {
				t.Errorf("item:%s%s, wanted%s (%s)", told.Key, got, wanted, told.Message)
			}
		}
		same(t, "rows", []string{fmt.Sprint(records - 50 + 1)}, w.query("SELECT count(*) FROM items"))
	})
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " in ")
	return word
}

// TestFirstOfTwo: of records that share a unique value the first in the
// source's order lands, whatever the batches; the other names it.
func TestFirstOfTwo(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, records := range []int{1, 2, 3, 100} {
			t.Run(fmt.Sprint(records), func(t *testing.T) {
				w := w.fresh(t, personTable)
				w.mapping(personMapping("}"))
				lines := []string{
					"No,Mail,Name", "1,a@x,first", "2,a@x,beside it", "3,b@x," + strings.Repeat("too long ", 9), "4,b@x,lands",
					"5,b@x,later", "6,c@x,first", "7,,n", "8,,n", "9,c@x,far", "10,a@x,farther",
				}
				w.file("persons.csv", lines...)
				out := w.run(run.Options{Records: records})
				same(t, "ends", []string{
					"person:1 created", "person:2 failed: duplicate-key in email", "person:3 failed: too-long in name", "person:4 created",
					"person:5 failed: duplicate-key in email", "person:6 created", "person:7 created", "person:8 created",
					"person:9 failed: duplicate-key in email", "person:10 failed: duplicate-key in email",
				}, out.ends)
				for key, first := range map[string]string{"2": "person:1 (record 1)", "5": "person:4 (record 4)", "9": "person:6 (record 6)", "10": "person:1 (record 1)"} {
					if message := out.entry(t, key).Message; !strings.Contains(message, first) {
						t.Errorf("person:%s does not name %s: %s", key, first, message)
					}
				}
				// Run again, the later ones meet the row of the first, which is named.
				out = w.run(run.Options{RetryOpen: true, Records: records})
				for _, told := range out.told {
					if told.Key == "2" && (told.Code != record.CodeUnique && told.Code != record.CodeDuplicateKey || !strings.Contains(told.Message, "person:1")) {
						t.Errorf("retried: %s %s %s", told.Key, told.Code, told.Message)
					}
				}
			})
		}
	})
}

// TestSameKeyTwice: the second record of a key is never taken for a change of
// the first.
func TestSameKeyTwice(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for _, records := range []int{1, 100} {
			w := w.fresh(t, personTable)
			w.mapping(personMapping("}"))
			w.file("persons.csv", "No,Mail,Name", "1,a@x,first", "2,b@x,n", "1,c@x,second", "1,a@x,third")
			twice := []string{"person:1 created", "person:2 created", "person:1 failed: duplicate-key", "person:1 failed: duplicate-key"}
			out := w.run(run.Options{Records: records})
			same(t, "ends", twice, out.ends)
			if message := out.entry(t, "1").Message; !strings.Contains(message, "record 1") {
				t.Errorf("the first is not named: %s", message)
			}
			rows := w.query("SELECT * FROM persons ORDER BY id")
			for range 2 {
				twice[0], twice[1] = "person:1 unchanged", "person:2 unchanged"
				same(t, "again", twice, w.run(run.Options{Records: records}).ends)
				same(t, "retried", []string{"person:1 failed: duplicate-key", "person:1 failed: duplicate-key"}, w.run(run.Options{RetryOpen: true, Records: records}).ends)
			}
			w.file("retry.csv", "No,Mail,Name", "1,c@x,second", "1,a@x,third")
			only := w.run(run.Options{Inputs: map[string]string{"person": filepath.Join(w.dir, "retry.csv")}, Records: records})
			same(t, "from the retry file", []string{"person:1 failed: duplicate-key", "person:1 failed: duplicate-key"}, only.ends)
			same(t, "rows", rows, w.query("SELECT * FROM persons ORDER BY id"))
		}
	})
}
