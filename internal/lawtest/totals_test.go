package lawtest

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"landfall/internal/ledger"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

const sumsTable = `CREATE TABLE sums (id NUMBER, code varchar(10) UNIQUE, whole bigint, money numeric(12,2), loose numeric, float double precision,
  day date, moment timestamp, kind varchar(10), flag boolean)`

const sumsTotals = `    totals: ["sum(whole)", "sum(money)", "sum(loose)", "sum(float)", "count()", "count(kind)", "min(money)", "max(loose)", "min(float)", "max(whole)",
      "min(day)", "max(moment)", "sum(money) by kind, flag", "count() by loose", "max(day) by kind", "count(kind) by flag"]
`

const sumsMapping = `  sum:
    from: {file: sums.csv, key: No}
    to: {table: sums, key: {column: id, new: identity}}
    fields: {code: No}
`

// told are the totals of a run: "sum(money) by kind, flag [a NULL]: 1.00".
func (w *world) told(r *ledger.Run) (before, after []string) {
	w.t.Helper()
	before, after = []string{}, []string{}
	w.look(func(tx sqldb.Tx) error {
		totals, err := w.ledger().Totals(context.Background(), tx, r.ID)
		for _, total := range totals {
			for _, group := range total.Groups {
				name := total.Name
				if total.Grouped {
					values := make([]string, len(group.Values))
					for i, value := range group.Values {
						if values[i] = "NULL"; value != nil {
							values[i] = *value
						}
					}
					name += " [" + strings.Join(values, " ") + "]"
				}
				if group.Before != nil {
					before = append(before, name+": "+*group.Before)
				}
				if group.After != nil {
					after = append(after, name+": "+*group.After)
				}
			}
		}
		return err
	})
	return before, after
}

// sumsRow is a row of the table in its SQL and in what totals should make of it.
type sumsRow map[string]string // column -> decimal, date or other text; missing is NULL

func drawSumsRow(r *rand.Rand) sumsRow {
	row := sumsRow{}
	draw := func(column string, value func() string) {
		if r.IntN(5) > 0 {
			row[column] = value()
		}
	}
	draw("whole", func() string { return fmt.Sprint(r.Int64() - r.Int64()) })
	draw("money", func() string { return fmt.Sprintf("%d.%02d", r.IntN(2e6)-1e6, r.IntN(100)) })
	draw("loose", func() string { return []string{"0.5", "-3", "7.125", "1000000", "0"}[r.IntN(5)] })
	draw("float", func() string { return strconv.FormatFloat((r.Float64()-0.5)*1000, 'f', -1, 64) })
	draw("day", func() string { return fmt.Sprintf("20%02d-0%d-1%d", r.IntN(100), 1+r.IntN(9), r.IntN(10)) })
	draw("moment", func() string {
		return fmt.Sprintf("20%02d-0%d-11 1%d:00:0%d", r.IntN(100), 1+r.IntN(9), r.IntN(10), r.IntN(10))
	})
	draw("kind", func() string { return []string{"a", "A", "b c", ""}[r.IntN(4)] })
	draw("flag", func() string { return []string{"true", "false"}[r.IntN(2)] })
	return row
}

func (row sumsRow) insert() string {
	columns, values := slices.Sorted(maps.Keys(row)), []string{}
	if len(columns) == 0 {
		return "INSERT INTO sums (code) VALUES (NULL)"
	}
	for _, column := range columns {
		switch column {
		case "day", "moment", "kind":
			values = append(values, "'"+row[column]+"'")
		default:
			values = append(values, row[column])
		}
	}
	return "INSERT INTO sums (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
}

// expected computes the totals with fractions.
func expectedTotals(rows []sumsRow) []string {
	found := []string{}
	total := func(name, function, column string, scale int, by ...string) {
		groups := map[string][]sumsRow{}
		if by == nil {
			groups[""] = nil
		}
		for _, row := range rows {
			values := []string{}
			for _, column := range by {
				value, given := row[column]
				if !given {
					value = "NULL"
				}
				values = append(values, value)
			}
			key := ""
			if by != nil {
				key = " [" + strings.Join(values, " ") + "]"
			}
			groups[key] = append(groups[key], row)
		}
		for key, members := range groups {
			value, some := "", false
			sum, count := new(big.Rat), 0
			for _, row := range members {
				cell, given := row[column]
				if column == "" {
					given = true
				}
				if !given {
					continue
				}
				count++
				switch function {
				case "sum":
					one, _ := new(big.Rat).SetString(cell)
					sum.Add(sum, one)
				case "min", "max":
					less := cell < value
					if a, ok := new(big.Rat).SetString(cell); ok && some {
						b, _ := new(big.Rat).SetString(value)
						less = a.Cmp(b) < 0
					}
					if !some || less == (function == "min") && cell != value {
						value = cell
					}
					some = true
				}
			}
			switch function {
			case "count":
				value, some = fmt.Sprint(count), true
			case "sum":
				value, some = decimalText(sum, scale), true
			default:
				if exact, ok := new(big.Rat).SetString(value); ok {
					value = decimalText(exact, scale)
				}
			}
			if some {
				found = append(found, name+key+": "+value)
			}
		}
	}
	total("sum(whole)", "sum", "whole", 0)
	total("sum(money)", "sum", "money", 2)
	total("sum(loose)", "sum", "loose", 0)
	total("sum(float)", "sum", "float", 0)
	total("count()", "count", "", 0)
	total("count(kind)", "count", "kind", 0)
	total("min(money)", "min", "money", 2)
	total("max(loose)", "max", "loose", 0)
	total("min(float)", "min", "float", 0)
	total("max(whole)", "max", "whole", 0)
	total("min(day)", "min", "day", 0)
	total("max(moment)", "max", "moment", 0)
	total("sum(money) by kind, flag", "sum", "money", 2, "kind", "flag")
	total("count() by loose", "count", "", 0, "loose")
	total("max(day) by kind", "max", "day", 0, "kind")
	total("count(kind) by flag", "count", "kind", 0, "flag")
	slices.Sort(found)
	return found
}

// decimalText writes a fraction whose denominator is made of tens exactly.
func decimalText(exact *big.Rat, scale int) string {
	text := exact.FloatString(30)
	text = strings.TrimRight(text, "0")
	whole, frac, _ := strings.Cut(text, ".")
	for len(frac) < scale {
		frac += "0"
	}
	if frac == "" {
		return whole
	}
	return whole + "." + frac
}

// TestTotalsAreExact holds what both kinds of targets add up, of random rows,
// against fractions.
func TestTotalsAreExact(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		for seed := range uint64(8) {
			r := rand.New(rand.NewPCG(seed, 3))
			w := w.fresh(t, sumsTable)
			w.mapping(sumsMapping + sumsTotals)
			w.file("sums.csv", "No")
			var rows []sumsRow
			for range r.IntN(60) * int(min(seed, 1)) {
				rows = append(rows, drawSumsRow(r))
				w.do(rows[len(rows)-1].insert())
			}
			before, after := w.told(w.run(run.Options{}).Run)
			want := expectedTotals(rows)
			slices.Sort(before)
			slices.Sort(after)
			same(t, fmt.Sprint("totals before, of ", seed), want, before)
			same(t, fmt.Sprint("totals after, of ", seed), want, after)
			if t.Failed() {
				return
			}
			w.file("sums.csv", "No", "a", "b", "c")
			before, after = w.told(w.run(run.Options{Records: 1}).Run)
			slices.Sort(before)
			slices.Sort(after)
			same(t, "totals before a run that writes", want, before)
			same(t, "totals after it", expectedTotals(append(rows, sumsRow{}, sumsRow{}, sumsRow{})), after)
		}
	})
}

// TestTotalsOfOddValues: what is no number makes a sum that says so.
func TestTotalsOfOddValues(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(sumsTable)
		w.mapping(sumsMapping + "    totals: [\"sum(float)\", \"sum(money)\", \"count(float)\"]\n")
		w.file("sums.csv", "No")
		odd := "INSERT INTO sums (float) VALUES ('NaN'), (1), ('Infinity')"
		if strings.HasPrefix(w.url, "sqlite:") {
			odd = "INSERT INTO sums (float, money) VALUES (9e999, 1.5), (1, 'much'), ('text', 2)"
		}
		w.do(odd)
		before, _ := w.told(w.run(run.Options{}).Run)
		want := []string{"count(float): 3", "sum(float): NaN", "sum(money): 0.00"}
		if strings.HasPrefix(w.url, "sqlite:") {
			want[2] = "sum(money): NaN"
		}
		same(t, "totals", want, before)
	})
}

// TestTooManyGroups: a total of more groups than a report can tell ends the run
// before it writes anything; groups that come up while it runs do not.
func TestTooManyGroups(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do(sumsTable, "INSERT INTO sums (code) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) SELECT 'c' || i FROM n")
		w.mapping(sumsMapping + "    totals: [\"count()\", \"sum(money) by code\"]\n")
		w.file("sums.csv", "No", "x", "y", "z")
		r := w.run(run.Options{}).Run
		var totals []ledger.Total
		w.look(func(tx sqldb.Tx) (err error) {
			totals, err = w.ledger().Totals(context.Background(), tx, r.ID)
			return err
		})
		if len(totals) != 2 || totals[1].TooManyBefore || !totals[1].TooManyAfter || len(totals[1].Groups) != 999 {
			t.Errorf("told: %+v", totals)
		}
		own := w.db.Dialect().(sqldb.OwnTables)
		runs := "SELECT count(*) FROM " + w.db.Dialect().QuoteName(own.OwnName("run"))
		code, _, errs := w.cli("run", "--runs", t.TempDir())
		if code != 2 || !strings.Contains(errs, "sum.totals: sum(money) by code has more than 1000 groups in ") || !strings.Contains(errs, `landfall.yaml:11:`) {
			t.Errorf("exit %d: %s", code, errs)
		}
		same(t, "runs", []string{"1"}, w.query(runs))
	})
}
