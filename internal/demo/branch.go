package demo

import "strings"

// Branches are few and sound: a faulty one would take everything along.
const branchTable = `CREATE TABLE Branch (
  BranchID INTEGER PRIMARY KEY,
  Code     TEXT,
  Name     TEXT,
  City     TEXT,
  Opened   TEXT,
  Active   TEXT
)`

func branchID(i int) int { return i + 1 }

func (w *world) branchRow(i int) ([]any, fault, string) {
	d := w.dice(ofBranch, i)
	city := cities[i]
	code := city.code
	if d.percent(20) {
		code = strings.ToLower(code) + " "
	}
	active := "Y"
	if i > 1 && d.percent(15) {
		active = "N"
	}
	return []any{branchID(i), code, "Harbour Heating  " + city.name, city.name, d.day(1988, 25).european(), active}, sound, key(branchID(i))
}
