package lawtest

import (
	"strings"
	"testing"

	"landfall/internal/reconcile"
	"landfall/internal/run"
)

// TestTwinsAmongManyOfOthers: a row that is a record's once more is found among
// any number of rows that are nobody's.
func TestTwinsAmongManyOfOthers(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		text, loud := "varchar(40)", "bob@x"
		if strings.HasPrefix(w.url, "sqlite:") {
			text, loud = "varchar(40) COLLATE NOCASE", "BOB@X"
		}
		w.do("CREATE TABLE persons (id NUMBER, name varchar(20), email " + text + ")")
		w.mapping(`  person:
    from: {file: persons.csv, key: No}
    to: {table: persons, key: {column: id, new: identity}, match: [email]}
    fields: {name: Name, email: Mail}
`)
		w.file("persons.csv", "No,Name,Mail", "1,ann,", "2,bob,bob@x", "3,cid,äc@x")
		w.run(run.Options{})
		w.do("INSERT INTO persons (name, email) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10100) SELECT 'theirs', CAST(i AS varchar(9)) || '@y' FROM n",
			"INSERT INTO persons (id, name) VALUES (20001, 'ann')", "INSERT INTO persons (id, name, email) VALUES (20002, 'b.', '"+loud+"')",
			"INSERT INTO persons (id, name, email) VALUES (20003, 'another', 'ÄC@x')")
		same(t, "twins", []string{"duplicate person:1 row 20001", "duplicate person:2 row 20002"}, twinsOf(w.reconcile(reconcile.Options{Live: true})))
		w.do("DELETE FROM persons WHERE id = 1")
		same(t, "a changed key", []string{"extra person:1 row 20001", "duplicate person:2 row 20002"}, twinsOf(w.reconcile(reconcile.Options{Live: true})))
	})
}

// twinsOf are the differences of rows that nobody owns.
func twinsOf(v *verdicts) []string {
	var lines []string
	for _, line := range v.lines() {
		if strings.HasPrefix(line, "duplicate ") || strings.HasPrefix(line, "extra ") {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestTwinsOfAnEarlierMapping: the content that the books keep of a record is of
// another form after the mapping changed, and so says nothing of other rows.
func TestTwinsOfAnEarlierMapping(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE persons (id NUMBER, name varchar(20), note varchar(20))")
		mapping := "  person:\n    from: {file: persons.csv, key: No}\n    to: {table: persons, key: {column: id, new: identity}}\n    fields: {name: Name}\n"
		w.mapping(mapping)
		w.file("persons.csv", "No,Name,Note", "1,ann,", "2,bob,")
		w.run(run.Options{})
		w.do("INSERT INTO persons (name) VALUES ('theirs')")
		v := w.reconcile(reconcile.Options{Live: true})
		same(t, "before", []string{}, w.notLooked(v, "person"))
		w.mapping(strings.Replace(mapping, "name: Name}", "name: Name, note: Note}", 1))
		v = w.reconcile(reconcile.Options{Live: true})
		same(t, "after", []string{"rows that nobody owns and that have the content of one of 2 records: those were written under an earlier mapping"}, w.notLooked(v, "person"))
	})
}
