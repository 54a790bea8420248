package lifetest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/run"
)

// Accounts get keys of row numbers, meters such that begin with their account's.
// Some records of each are rejected where they are read, and some by the target.
const keysMapping = `version: 1
name: life
connections:
  goal: {url: %q, password: "${LANDFALL_LIFE_PASSWORD}"}
target: goal
entities:
  account:
    from: {file: accounts.csv, key: No}
    to: {table: accounts, key: {column: id, new: offset, base: 1000, start_row_number: 3, registry: {table: accounts_k, column: id}}}
    fields: {amount: Amount, legacy: No}
  meter:
    from: {file: meters.csv, key: No}
    to: {table: meters, key: {column: id, new: inherited, from: account_id, digits: 3}}
    fields: {account_id: {ref: account, from: Account}, reading: Reading, legacy: No}
`

const keysSchema = `CREATE TABLE accounts (id bigint PRIMARY KEY, legacy varchar(10), amount integer CHECK (amount > 0));
CREATE TABLE accounts_k (id bigint PRIMARY KEY);
CREATE TABLE meters (id bigint PRIMARY KEY, account_id bigint REFERENCES accounts (id), legacy varchar(10), reading integer CHECK (reading > 0));
INSERT INTO accounts (id, amount) VALUES (1001, 1), (1002, 1), (1005, 1), (1008, 1);
INSERT INTO accounts_k VALUES (1001), (1002), (1005), (1007), (1008)`

const keysAccounts, keysMeters = 33, 41

func keysLife(t *testing.T, k kind) *life {
	t.Helper()
	l := newLife(t, k, nil, firstEdition)
	text := fmt.Sprintf(keysMapping, l.ground.url)
	if k == onSQLite {
		text = strings.Replace(text, `, password: "${LANDFALL_LIFE_PASSWORD}"`, "", 1)
	}
	write(t, filepath.Join(l.dir, "landfall.yaml"), text)
	accounts, meters := "No,Amount\n", "No,Account,Reading\n"
	for i := 1; i <= keysAccounts; i++ {
		amount := itoa(i)
		switch {
		case i == 4 || i == 23:
			amount = "none" // rejected before it needs a key
		case i == 12 || i >= keysAccounts-1:
			amount = "0" // rejected by the target, with its key
		}
		accounts += fmt.Sprintf("A%d,%s\n", i, amount)
	}
	for i := 1; i <= keysMeters; i++ {
		reading := itoa(i)
		if i%13 == 0 {
			reading = "0"
		}
		meters += fmt.Sprintf("m%d,A%d,%s\n", i, 1+i%7, reading)
	}
	write(t, filepath.Join(l.dir, "accounts.csv"), accounts)
	write(t, filepath.Join(l.dir, "meters.csv"), meters)
	l.ground.exec(t, keysSchema)
	return l
}

// keys are what is there in the end of records, of keys, and of what the books
// keep of them.
func (l *life) keys() []string {
	var found []string
	own := "landfall."
	if l.ground.kind == onSQLite {
		own = "landfall_"
	}
	for _, query := range []string{
		"SELECT legacy, id, amount FROM accounts WHERE legacy IS NOT NULL",
		"SELECT legacy, id, account_id FROM meters WHERE legacy IS NOT NULL",
		"SELECT id FROM accounts_k",
		"SELECT entity_id, source_key, target_key, state FROM " + own + "crosswalk",
		"SELECT entity_id, ordinal, first_key, last_key, next_key FROM " + own + "key_block",
		"SELECT parent_key, high, used, spare FROM " + own + "key_heir",
		"SELECT name, used_high FROM " + own + "key_space",
		"SELECT source_key, disposition, code, field FROM " + own + "entry",
	} {
		var rows []string
		for _, row := range l.ground.query(l.t, query) {
			rows = append(rows, strings.Join(row, "|"))
		}
		slices.Sort(rows)
		found = append(append(found, "--"), rows...)
	}
	return found
}

// keysUnbroken is the run that all others are held against.
func keysUnbroken(t *testing.T, k kind) (l *life, passes map[run.Point]int) {
	t.Helper()
	k.needs(t)
	l = keysLife(t, k)
	counts := filepath.Join(l.dir, "counts")
	l.env = []string{countFile + "=" + counts}
	l.run(exitOpen, "run", "--batch", "5", "--lanes", "1")
	if err := json.Unmarshal([]byte(read(t, counts)), &passes); err != nil {
		t.Fatal(err)
	}
	return l, passes
}

// TestA09KillNeverMovesAKey: killed at any point, with any number of lanes, a
// run gives the keys that an unbroken one gives; none is lost and none doubled.
func TestA09KillNeverMovesAKey(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			unbroken, passes := keysUnbroken(t, k)
			want := unbroken.keys()
			n := 0
			for _, point := range append([]run.Point{run.PointKeys}, run.Points...) {
				if passes[point] == 0 {
					t.Fatalf("%s is never passed", point)
				}
				tried := []int{(passes[point] + 1) / 2}
				if point == run.PointKeys {
					tried = []int{1, 4, (passes[point] + 1) / 2, passes[point] - 1, passes[point]}
				}
				if os.Getenv(soakVariable) != "" {
					tried = nil
					for pass := 1; pass <= passes[point]; pass++ {
						tried = append(tried, pass)
					}
				}
				for _, pass := range tried {
					n++
					lanes := itoa([]int{1, 2, 4}[n%3])
					t.Run(fmt.Sprintf("%s/%d", point, pass), func(t *testing.T) {
						t.Parallel()
						l := keysLife(t, k)
						l.killedAt(fmt.Sprintf("%s:%d", point, pass), "run", "--batch", "5", "--lanes", lanes)
						l.run(exitOpen, "resume", "--lanes", lanes)
						if diff := cmp.Diff(want, l.keys()); diff != "" {
							t.Errorf("not as unbroken, with %s lanes:\n%s", lanes, diff)
						}
					})
				}
			}
		})
	}
}

// TestA09BusinessGoesOnWhileKeysAreMade: a run is killed between reserving and
// landing, people insert rows with reserved keys and with such as will be, the
// run goes on. Nobody's key is given twice, and only those records have other
// keys than in an unbroken run whose keys were taken.
func TestA09BusinessGoesOnWhileKeysAreMade(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			unbroken, passes := keysUnbroken(t, k)
			want := unbroken.ground.query(t, "SELECT legacy, id FROM accounts WHERE legacy IS NOT NULL ORDER BY legacy")
			meters := unbroken.ground.query(t, "SELECT m.legacy, a.legacy, m.id - 1000 * a.id FROM meters m JOIN accounts a ON a.id = m.account_id ORDER BY m.legacy")
			for n, lanes := range []string{"1", "2", "4"} {
				for pass := 1 + n; pass <= passes[run.PointKeys]; pass += 7 {
					t.Run(fmt.Sprintf("%s lanes/%d", lanes, pass), func(t *testing.T) {
						t.Parallel()
						l := keysLife(t, k)
						l.killedAt(fmt.Sprintf("%s:%d", run.PointKeys, pass), "run", "--batch", "5", "--lanes", lanes)
						taken := map[string]bool{}
						for _, id := range []string{"1003", "1010", "1021", "1022", "1036", "1037", "1039"} {
							if len(l.ground.query(t, "SELECT id FROM accounts WHERE id = "+id)) == 0 {
								taken[id] = true
								l.ground.exec(t, "INSERT INTO accounts (id, amount) VALUES ("+id+", 1)")
							}
						}
						l.run(exitOpen, "resume", "--lanes", lanes)
						got := map[string]string{}
						for _, row := range l.ground.query(t, "SELECT legacy, id FROM accounts WHERE legacy IS NOT NULL") {
							got[row[0]] = row[1]
						}
						replaced := 0
						for _, row := range want {
							if taken[row[1]] {
								replaced++
							}
							switch key := got[row[0]]; {
							case taken[row[1]] && (key <= "1037" || taken[key]):
								t.Errorf("%s has the key %s in place of %s, which is taken", row[0], key, row[1])
							case !taken[row[1]] && key != row[1]:
								t.Errorf("%s has the key %s and not %s, which nobody took", row[0], key, row[1])
							}
						}
						if diff := cmp.Diff(meters, l.ground.query(t, "SELECT m.legacy, a.legacy, m.id - 1000 * a.id FROM meters m JOIN accounts a ON a.id = m.account_id ORDER BY m.legacy")); diff != "" {
							t.Errorf("meters, their accounts and numbers:\n%s", diff)
						}
						if replaced == 0 && pass < 6 {
							t.Error("nobody's key was taken")
						}
						if registered := l.ground.query(t, "SELECT count(*) FROM accounts WHERE legacy IS NOT NULL AND id NOT IN (SELECT id FROM accounts_k)"); registered[0][0] != "0" {
							t.Errorf("%s keys are not in the registry", registered[0][0])
						}
					})
				}
			}
		})
	}
}
