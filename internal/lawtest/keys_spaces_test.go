package lawtest

import (
	"strings"
	"testing"

	"landfall/internal/run"
)

// personKeys is a mapping of persons that make keys of the row numbers of a space.
func personKeys(space string) string {
	return `  person:
    from: {file: persons.csv, key: No}
    to: {table: persons, key: {column: id, new: offset, base: 1000` + space + `}}
    fields: {legacy: No}
`
}

// named is mapping for a migration of another name.
func (w *world) named(name, entities string) {
	w.mapping(entities)
	w.file("landfall.yaml", strings.Replace(readFile(w.t, w.dir+"/landfall.yaml"), "name: acme", "name: "+name, 1))
}

const personsById = "CREATE TABLE persons (id integer PRIMARY KEY, legacy varchar(20))"

// TestA09SpaceOverMigrations: keys of a space are unique over the tables of all
// migrations that name it, wherever a run is told to begin: those that a run
// used, those that business used, and those of rows that are gone.
func TestA09SpaceOverMigrations(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(accountSchema, personsById)
		w.mapping(accountMapping(", space: people"))
		w.accounts("A", "B", "C")
		w.run(run.Options{})
		w.do("DELETE FROM accounts WHERE id = 1002", "INSERT INTO accounts (id) VALUES (1004)")

		w.named("second", personKeys(", space: people"))
		w.file("persons.csv", "No", "P", "Q")
		var warned []string
		w.run(run.Options{StartRows: map[string]int64{"person": 1}, Observe: warnings(&warned)})
		same(t, "persons", []string{"1005|P", "1006|Q"}, w.query("SELECT id, legacy FROM persons ORDER BY id"))
		if told := strings.Join(warned, "\n"); !strings.Contains(told, "2 of the 2 row numbers from 1 on are taken (keys 1001, 1002)") {
			t.Errorf("warned of %q", told)
		}

		// By default a run begins behind the other's keys, those of business included.
		w.do("INSERT INTO persons VALUES (1007, 'business')")
		w.mapping(accountMapping(", space: people"))
		w.accounts("D")
		w.run(run.Options{})
		same(t, "account", []string{"1008|D"}, w.query("SELECT id, legacy FROM accounts WHERE legacy = 'D'"))

		// The books know the keys of a table that is gone.
		w.do("DROP TABLE accounts")
		w.named("second", personKeys(", space: people"))
		w.file("persons.csv", "No", "R")
		w.run(run.Options{StartRows: map[string]int64{"person": 1}})
		same(t, "persons", []string{"1004|R"}, w.query("SELECT id, legacy FROM persons WHERE legacy = 'R'"))
	})
}

// TestA09SpaceOfAnEntityThatLeft: its keys stay taken for the others of its space.
func TestA09SpaceOfAnEntityThatLeft(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(accountSchema, personsById)
		w.mapping(accountMapping(", space: people") + personKeys(", space: people"))
		w.accounts("A", "B")
		w.file("persons.csv", "No", "P")
		w.run(run.Options{})
		same(t, "persons", []string{"1003|P"}, w.query("SELECT id, legacy FROM persons"))
		w.do("INSERT INTO accounts (id) VALUES (1005)")
		w.mapping(personKeys(", space: people"))
		w.file("persons.csv", "No", "P", "Q", "R")
		w.run(run.Options{StartRows: map[string]int64{"person": 1}})
		same(t, "persons", []string{"1003|P", "1004|Q", "1006|R"}, w.query("SELECT id, legacy FROM persons ORDER BY id"))
	})
}

// TestA09SpaceTakenMeanwhile: what replaces a taken key is free in the tables of
// other migrations, too.
func TestA09SpaceTakenMeanwhile(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.disturbed = true
		w.do(accountSchema, personsById)
		w.mapping(accountMapping(", space: people"))
		w.accounts("A")
		w.run(run.Options{})
		w.named("second", personKeys(", space: people"))
		w.file("persons.csv", "No", "P")
		w.run(run.Options{Points: func(p run.Point) {
			if p == run.PointKeys {
				w.do("INSERT INTO persons VALUES (1002, 'business')", "INSERT INTO accounts (id) VALUES (1003)")
			}
		}})
		same(t, "persons", []string{"1002|business", "1004|P"}, w.query("SELECT id, legacy FROM persons ORDER BY id"))
	})
}

// TestA09OneTableTwoSpaces: a run that is not finished keeps others from making
// keys of its table, whatever they call the row numbers.
func TestA09OneTableTwoSpaces(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(accountSchema)
		w.mapping(accountMapping(", space: one"))
		w.accounts("A", "B", "C", "D")
		stop := make(chan struct{})
		broken, err := w.try(run.Options{Records: 2, Stop: stop, Points: func(p run.Point) {
			if p == run.PointKeys {
				close(stop)
			}
		}}, run.Run)
		if err != nil || !broken.Stopped {
			t.Fatalf("stopped %v, %v", broken.Stopped, err)
		}
		for _, space := range []string{"", ", space: two"} {
			w.named("second", accountMapping(space))
			if code, out, errs := w.cli("run"); code != 3 || !strings.Contains(errs, "run acme-0001 of migration acme is not finished and makes keys of the same row numbers") {
				t.Errorf("%q: exit %d\n%s%s", space, code, out, errs)
			}
		}
		w.mapping(accountMapping(", space: one"))
		if _, err := w.try(run.Options{}, run.Resume); err != nil {
			t.Fatal(err)
		}
		w.named("second", accountMapping(", space: two"))
		w.accounts("E")
		w.run(run.Options{StartRows: map[string]int64{"account": 1}})
		same(t, "keys", []string{"1001|A", "1002|B", "1003|C", "1004|D", "1005|E"}, w.query("SELECT id, legacy FROM accounts ORDER BY id"))

		// In one mapping it is a fault of the mapping.
		w.file("persons.csv", "No", "P")
		w.mapping(accountMapping(", space: one") + strings.Replace(personKeys(", space: two"), "table: persons", "table: accounts", 1))
		if code, out, errs := w.cli("check"); code != 2 || !strings.Contains(out+errs, "person.to.key: account lands in accounts, too, so both must have the same `space`") {
			t.Errorf("exit %d\n%s%s", code, out, errs)
		}
	})
}
