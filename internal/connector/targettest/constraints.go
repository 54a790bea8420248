package targettest

import (
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
)

// landing is a table, rows to insert, and what is to become of them.
type landing struct {
	name    string
	schema  []string // the table is item, its key id unless key says otherwise
	key     string
	columns string
	rows    [][]record.Value
	refused []string
	kept    []string // the keys in the table afterwards
}

func testStraight(t *testing.T, h Harness) {
	g := h.ground(t, "CREATE TABLE item (id bigint PRIMARY KEY, note varchar(20))")
	lander, columns := g.lander("item", "id", "id note")
	g.within(func(tx sqldb.Tx) {
		landed, err := lander.Insert(t.Context(), tx, columns, [][]record.Value{row(1, "a"), row(2, nil), row(3, "")}, false)
		if err != nil || landed.Careful || len(landed.Refused) > 0 {
			t.Errorf("%+v, %v", landed, err)
		}
		if landed, err = lander.Insert(t.Context(), tx, columns, nil, false); err != nil || len(landed.Refused) > 0 {
			t.Errorf("no rows: %+v, %v", landed, err)
		}
		if landed, err = lander.Insert(t.Context(), tx, columns, [][]record.Value{row(4, "d")}, true); err != nil || !landed.Careful || len(landed.Refused) > 0 {
			t.Errorf("carefully: %+v, %v", landed, err)
		}
	})
	g.same("rows", []string{"1|a", "2|NULL", "3|", "4|d"}, g.query("SELECT id, note FROM item ORDER BY id"))
}

func testConstraints(t *testing.T, h Harness) {
	parent := []string{"CREATE TABLE parent (id bigint PRIMARY KEY)", "INSERT INTO parent VALUES (1), (2)"}
	pairs := []string{"CREATE TABLE pair (a bigint, b bigint, PRIMARY KEY (a, b))", "INSERT INTO pair VALUES (1, 1)"}
	for _, l := range []landing{
		{
			name:    "unique",
			schema:  []string{"CREATE TABLE item (id bigint PRIMARY KEY, code varchar(20) UNIQUE)", "INSERT INTO item VALUES (1, 'hush')"},
			columns: "id code",
			rows:    [][]record.Value{row(10, "hush"), row(11, "b"), row(12, "b"), row(13, nil), row(14, nil), row(15, "B")},
			refused: []string{"0 unique in code held by 1", "2 unique in code"},
			kept:    []string{"1", "11", "13", "14", "15"},
		},
		{
			name:    "composite unique",
			schema:  []string{"CREATE TABLE item (id bigint PRIMARY KEY, a bigint, b bigint, UNIQUE (a, b))", "INSERT INTO item VALUES (1, 1, 1)"},
			columns: "id a b",
			rows:    [][]record.Value{row(10, 1, 1), row(11, 1, nil), row(12, 1, nil), row(13, 1, 2), row(14, 1, 2)},
			refused: []string{"0 unique in a b held by 1", "4 unique in a b"},
			kept:    []string{"1", "11", "12", "13"},
		},
		{
			name:    "primary key",
			schema:  []string{"CREATE TABLE item (id bigint PRIMARY KEY, code varchar(20) UNIQUE)", "INSERT INTO item VALUES (1, 'a')"},
			columns: "id code",
			rows:    [][]record.Value{row(1, "x"), row(2, "y"), row(2, "z"), row(1, "a"), row(3, "x")},
			refused: []string{"0 unique in id held by 1", "2 unique in id", "3 unique in id held by 1"},
			kept:    []string{"1", "2", "3"},
		},
		{
			name:    "composite key",
			schema:  []string{"CREATE TABLE item (id bigint, part varchar(5), code varchar(5) UNIQUE, PRIMARY KEY (id, part))", "INSERT INTO item VALUES (1, 'a|b', 'u')"},
			key:     "id part",
			columns: "id part code",
			rows:    [][]record.Value{row(1, "a|b", "v"), row(1, "c", "w"), row(2, "a", "u")},
			refused: []string{`0 unique in id part held by 1|a\|b`, `2 unique in code held by 1|a\|b`},
			kept:    []string{"1", "1"},
		},
		{
			name:    "foreign key",
			schema:  append(parent, "CREATE TABLE item (id bigint PRIMARY KEY, parent_id bigint REFERENCES parent (id))"),
			columns: "id parent_id",
			rows:    [][]record.Value{row(1, 1), row(2, 99), row(3, nil), row(4, 2), row(5, 98)},
			refused: []string{"1 foreign-key in parent_id", "4 foreign-key in parent_id"},
			kept:    []string{"1", "3", "4"},
		},
		{
			name:    "deferred foreign key",
			schema:  append(parent, "CREATE TABLE item (id bigint PRIMARY KEY, parent_id bigint REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"),
			columns: "id parent_id",
			rows:    [][]record.Value{row(1, 1), row(2, 99), row(3, nil), row(4, 2), row(5, 98)},
			refused: []string{"1 foreign-key in parent_id", "4 foreign-key in parent_id"},
			kept:    []string{"1", "3", "4"},
		},
		{
			name:    "composite foreign key",
			schema:  append(pairs, "CREATE TABLE item (id bigint PRIMARY KEY, a bigint, b bigint, FOREIGN KEY (a, b) REFERENCES pair (a, b))"),
			columns: "id a b",
			rows:    [][]record.Value{row(1, 1, 1), row(2, 1, nil), row(3, nil, nil), row(4, 1, 2), row(5, nil, 7)},
			refused: []string{"3 foreign-key in a b"},
			kept:    []string{"1", "2", "3", "5"},
		},
		{
			name:    "not null",
			schema:  []string{"CREATE TABLE item (id bigint PRIMARY KEY, note varchar(20) NOT NULL)"},
			columns: "id note",
			rows:    [][]record.Value{row(1, "a"), row(2, nil), row(3, ""), row(4, nil)},
			refused: []string{"1 not-null in note", "3 not-null in note"},
			kept:    []string{"1", "3"},
		},
		{
			name: "partial unique index",
			schema: []string{
				"CREATE TABLE item (id bigint PRIMARY KEY, code varchar(20), ended bigint)",
				"CREATE UNIQUE INDEX item_live ON item (code) WHERE ended IS NULL", "INSERT INTO item VALUES (1, 'hush', NULL)",
			},
			columns: "id code ended",
			rows:    [][]record.Value{row(10, "hush", nil), row(11, "hush", 1), row(12, "b", nil), row(13, "b", nil), row(14, "b", 1)},
			refused: []string{"0 unique in code", "3 unique in code"},
			kept:    []string{"1", "11", "12", "14"},
		},
		{
			name: "a refused row holds nothing",
			schema: append(parent,
				"CREATE TABLE item (id bigint PRIMARY KEY, parent_id bigint REFERENCES parent (id), code varchar(20) UNIQUE)"),
			columns: "id parent_id code",
			rows:    [][]record.Value{row(1, 99, "a"), row(2, 1, "a"), row(3, 1, "a")},
			refused: []string{"0 foreign-key in parent_id", "2 unique in code"},
			kept:    []string{"2"},
		},
	} {
		t.Run(l.name, func(t *testing.T) { l.run(t, h) })
	}
}

// run lands the rows both ways: at first straight, which is refused, and
// carefully from the start.
func (l landing) run(t *testing.T, h Harness) {
	if l.key == "" {
		l.key = "id"
	}
	for _, careful := range []bool{false, true} {
		g := h.ground(t, l.schema...)
		lander, columns := g.lander("item", l.key, l.columns)
		g.within(func(tx sqldb.Tx) {
			landed, err := lander.Insert(t.Context(), tx, columns, l.rows, careful)
			if err != nil {
				t.Fatalf("careful %v: %v", careful, err)
			}
			if !landed.Careful {
				t.Errorf("rows were refused and not judged one by one")
			}
			g.same("refused", l.refused, refusals(landed))
			g.keepsSecrets(landed)
			// The transaction and the temporary table are good for more rows.
			landed, err = lander.Insert(t.Context(), tx, columns, l.rows[:0], true)
			if err != nil || len(landed.Refused) > 0 {
				t.Errorf("nothing more: %+v, %v", landed, err)
			}
		})
		g.same("kept", l.kept, g.query("SELECT id FROM item ORDER BY id"))
	}
}

func testChecks(t *testing.T, h Harness) {
	in := func(columns string) string { return " in " + columns }
	landings := []landing{{
		name: "check",
		schema: []string{
			"CREATE TABLE item (id bigint PRIMARY KEY, amount bigint, note varchar(20), CONSTRAINT even CHECK (amount % 2 = 0), CHECK (note <> 'small' OR amount > 10))",
		},
		columns: "id amount note",
		rows:    [][]record.Value{row(1, 2, "a"), row(2, 3, "a"), row(3, nil, "a"), row(4, 4, "small"), row(5, 12, "small"), row(6, 4, nil)},
		refused: []string{"1 check" + in("amount"), "3 check" + in("amount note")},
		kept:    []string{"1", "3", "5", "6"},
	}}
	if h.Computed != "" {
		landings = append(landings, landing{
			name:    "check that cannot be computed",
			schema:  []string{"CREATE TABLE item (id bigint PRIMARY KEY, amount bigint, CHECK (" + h.Computed + "))"},
			columns: "id amount",
			rows:    [][]record.Value{row(1, 2), row(2, 0), row(3, 5)},
			refused: []string{"1 wrong-type"},
			kept:    []string{"1", "3"},
		})
	}
	for _, l := range landings {
		t.Run(l.name, func(t *testing.T) { l.run(t, h) })
	}
}

func testExpressions(t *testing.T, h Harness) {
	in := ""
	if h.NamesExpressions {
		in = " in code"
	}
	landing{
		schema: []string{
			"CREATE TABLE item (id bigint PRIMARY KEY, code varchar(20))", "CREATE UNIQUE INDEX item_fold ON item (lower(code))",
			"INSERT INTO item VALUES (1, 'Hush')",
		},
		columns: "id code",
		rows:    [][]record.Value{row(10, "hush"), row(11, "B"), row(12, "b"), row(13, nil)},
		refused: []string{"0 unique" + in, "2 unique" + in},
		kept:    []string{"1", "11", "13"},
	}.run(t, h)
}

func testMisfits(t *testing.T, h Harness) {
	for _, misfit := range h.Misfits {
		in := ""
		if misfit.Named {
			in = " in value"
		}
		landing{
			schema:  []string{"CREATE TABLE item (id integer PRIMARY KEY, value " + misfit.Column + ")" + misfit.Suffix},
			columns: "id value",
			rows:    [][]record.Value{row(1, misfit.Good), row(2, misfit.Bad), row(3, misfit.Good), row(4, misfit.Bad)},
			refused: []string{"1 " + string(misfit.Code) + in, "3 " + string(misfit.Code) + in},
			kept:    []string{"1", "3"},
		}.run(t, h)
	}
}

func testTriggers(t *testing.T, h Harness) {
	schema := append([]string{
		"CREATE TABLE item (id bigint PRIMARY KEY, note varchar(20))", "CREATE TABLE audit (id bigint)",
	}, h.Triggers...)
	for name, rows := range map[string][][]record.Value{
		"refused": {row(1, "a"), row(2, "refuse"), row(3, "b"), row(4, "refuse")},
		"dropped": {row(1, "a"), row(2, "drop"), row(3, "b"), row(4, "drop")},
	} {
		code := map[string]record.Code{"refused": record.CodeRefused, "dropped": record.CodeNotWritten}[name]
		t.Run(name, func(t *testing.T) {
			landing{
				schema: schema, columns: "id note", rows: rows,
				refused: []string{"1 " + string(code), "3 " + string(code)},
				kept:    []string{"1", "3"},
			}.run(t, h)
		})
	}
	g := h.ground(t, schema...)
	lander, columns := g.lander("item", "id", "id note")
	g.within(func(tx sqldb.Tx) {
		if _, err := lander.Insert(t.Context(), tx, columns, [][]record.Value{row(1, "a"), row(2, "refuse"), row(3, "drop"), row(4, "b")}, false); err != nil {
			t.Fatal(err)
		}
	})
	g.same("what the trigger saw of rows that landed, and of no other", []string{"1", "4"}, g.query("SELECT id FROM audit ORDER BY id"))
}

// Names of columns may hold what a format would take for its own.
func testOddNames(t *testing.T, h Harness) {
	g := h.ground(t, `CREATE TABLE item (id bigint PRIMARY KEY, "vat%s%" bigint UNIQUE CHECK ("vat%s%" <> 7))`)
	lander, columns := g.lander("item", "id", "id vat%s%")
	g.within(func(tx sqldb.Tx) {
		rows := [][]record.Value{{record.Int(1), record.Int(1)}, {record.Int(2), record.Int(7)}, {record.Int(3), record.Int(1)}}
		landed, err := lander.Insert(t.Context(), tx, columns, rows, false)
		if err != nil {
			t.Fatal(err)
		}
		g.same("refused", []string{"1 check in vat%s%", "2 unique in vat%s%"}, refusals(landed))
	})
}
