package lawtest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"landfall/internal/reconcile"
	"landfall/internal/run"
	"landfall/internal/servertest"
	"landfall/internal/verdict"
)

// TestReconciledDemo: nothing is wrong with a demo that was loaded.
func TestReconciledDemo(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"sqlite", "postgres"} {
		t.Run(target, func(t *testing.T) {
			address := ""
			if target == "postgres" {
				address = servertest.Database(t)
			}
			w, promised := demoWorld(t, address, 3000)
			w.run(run.Options{})
			v := w.clean("the demo", reconcile.Options{Records: 300})
			for i, entity := range promised.Entities {
				if c := v.Entities[i].Counts; c[verdict.CountRecords] != int64(entity.Records) {
					t.Errorf("%s: %d records promised: %v", entity.Name, entity.Records, c)
				}
			}
			sample, err := reconcile.ParseSample("10%")
			if err != nil {
				t.Fatal(err)
			}
			one, other := w.clean("a sample", reconcile.Options{Sample: sample}), w.clean("the sample again", reconcile.Options{Sample: sample, Records: 77})
			for i := range one.Entities {
				same(t, "the sample of "+one.Entities[i].Name, one.Entities[i].Counts, other.Entities[i].Counts)
			}
			if checked := one.Entities[1].Counts[verdict.CountChecked]; checked < 20 || checked > 120 {
				t.Errorf("a tenth of the customers are %d", checked)
			}
		})
	}
}

// TestNoFalseAlarm: whatever the mapping asks for, what a run leaves behind is
// what must stand there.
func TestNoFalseAlarm(t *testing.T) {
	scenarios := []struct {
		name   string
		tables []string
		live   func(w *world, loaded func(what string))
	}{
		{"updates", guildTables, func(w *world, loaded func(string)) {
			w.mapping(guildMapping)
			w.file("branches.csv", "No,Name", "B1,North", "B2,South")
			w.file("tags.csv", "No,Name", "1,red", "2,red")
			head := "No,Branch,First,Last,Email,St,Balance,Rate,Note,Memo,Seen,Known"
			w.file("members.csv", head, "1,B1,a,b,c@x,A,1.10,0.1,,,2024-03-01 10:15:30.5,2024-03-01T10:15:30+02:00", "2,B9,a,b,d@x,A,1,1,,,,", "3,B1,a,b,e@x,Q,1,1,,,,")
			loaded("first")
			w.file("branches.csv", "No,Name", "B1,North", "B2,Souths", "B9,West")
			w.file("tags.csv", "No,Name", "1,blue", "2,red")
			w.file("members.csv", head, "1,B2,a,b,c@x,C,2,1e-9,n,m,,", "2,B9,a,b,d@x,A,1,1,,,,", "3,B1,a,b,e@x,A,1,1,,,,")
			loaded("second")
		}},
		{"natural keys and aliases", []string{
			"CREATE TABLE workers (name varchar(9) PRIMARY KEY)", "CREATE TABLE jobs (id NUMBER, no varchar(9))", "CREATE TABLE notes (id NUMBER, no varchar(9))",
			"CREATE TABLE work (job_id bigint REFERENCES jobs (id), worker varchar(9), role varchar(9), PRIMARY KEY (job_id, worker))",
		}, func(w *world, loaded func(string)) {
			w.mapping(pairMapping)
			w.file("workers.csv", "No,Name", `1,a|n\n`, "2,bob", `3,a|n\n`, "4,bob")
			w.file("jobs.csv", "No", "1", "2", "3")
			w.file("notes.csv", "No", "1")
			w.file("work.csv", "Job,Worker,Role", "1,1,lead", "1,2,help", "1,3,other", "2,3,lead", "2,4,help", "1,4,x", "3,9,x")
			loaded("first")
			w.file("workers.csv", "No,Name", "1,ann", "2,bob", "3,ann", "4,bob")
			loaded("a key that moved")
		}},
		{"a circle of one", []string{staffTable}, func(w *world, loaded func(string)) {
			w.mapping(fmt.Sprintf(staffMapping, ""))
			w.file("staff.csv", "No,Boss,Name", "1,3,a", "2,1,b", "3,,c", "4,4,d", "5,6,e", "6,5,f", "7,99,g", "8,7,h", "10,11,j", "11,1,bad", "12,10,l")
			loaded("first")
			w.file("staff.csv", "No,Boss,Name", "1,2,a", "2,1,b", "3,,c", "4,3,d", "5,6,e", "6,7,f", "7,1,g", "8,7,h")
			for range 2 {
				w.run(run.Options{})
			}
		}},
		{"a circle of two", []string{
			"CREATE TABLE clubs (id NUMBER, head_id bigint, name varchar(10))", "CREATE TABLE members (id NUMBER, club_id bigint NOT NULL REFERENCES clubs (id), name varchar(3))",
			"CREATE TABLE visits (id NUMBER, member_id bigint NOT NULL REFERENCES members (id), no varchar(3))",
		}, func(w *world, loaded func(string)) {
			w.mapping(clubMapping)
			w.file("clubs.csv", "No,Head,Name", "1,1,one", "2,9,two", "3,,three", "4,4,four")
			w.file("members.csv", "No,Club,Name", "1,1,a", "2,2,b", "3,3,c", "4,1,long", "5,4,e")
			w.file("visits.csv", "No,Member", "1,1", "2,2", "3,3", "4,5")
			loaded("first")
		}},
		{"references by other columns", []string{
			"CREATE TABLE branches (id NUMBER, name varchar(4))",
			"CREATE TABLE jobs (id NUMBER, branch_id bigint REFERENCES branches (id), second_id bigint REFERENCES branches (id), no varchar(3))",
		}, func(w *world, loaded func(string)) {
			w.mapping(byMapping)
			w.file("branches.csv", "No,Code,Region,Name", "1,a,N,one", "2,B ,N,two", "3,C,N,three", "4,d,N,four", "5,D,S,five", "6,,N,six", "7,a|x,N,bar")
			w.file("jobs.csv", "No,Branch,Area", "1,A,N", "2,b,", "3,c,", "4,d,", "5,e,", "6,,", "7,a|X,N", "8,a,N")
			loaded("first")
		}},
		{"records of a row's columns", []string{
			"CREATE TABLE customers (id NUMBER, name varchar(9))",
			"CREATE TABLE phones (id NUMBER, customer_id bigint REFERENCES customers (id), kind varchar(9), number varchar(6), legacy varchar(9))",
		}, func(w *world, loaded func(string)) {
			w.mapping(phoneMapping)
			w.file("customers.csv", "No,Name,Phone1,Phone2,Fax", "1,ann,11,12,", "2,bob,, ,", "3,far too long,31,,33", "4,dan,4444444,42,5555555", ",eve,1,2,3", "6/Fax,fay,6,,7", "4,twin,9,,")
			loaded("first")
		}},
		{"parents that are left out", []string{
			"CREATE TABLE parents (id NUMBER, name varchar(10) NOT NULL)",
			"CREATE TABLE children (id NUMBER, parent_id bigint NOT NULL REFERENCES parents (id), friend_id bigint REFERENCES parents (id), name varchar(10))",
		}, func(w *world, loaded func(string)) {
			w.mapping(familyMapping)
			w.file("parents.csv", "No,Name", "1,one", "2,far too long", "3,three")
			w.file("children.csv", "No,Parent,Friend,Name", "1,1,3,1", "2,2,,2", "3,9,,3", "4,1,9,4", "5,1,2,5", "6,,,6", "7,3,,7", "7,3,,twin")
			loaded("first")
		}},
		{"rows taken over, pointed at, and written once", []string{
			"CREATE TABLE persons (id NUMBER, email varchar(20) UNIQUE, name varchar(20), made_by varchar(20), legacy varchar(9))",
			"CREATE TABLE rates (code varchar(3) PRIMARY KEY, id bigint)",
			"CREATE TABLE cities (id NUMBER, name varchar(20), people bigint)", "INSERT INTO rates VALUES ('EUR', 7), ('USD', 8)",
			"INSERT INTO persons (email, name, legacy) VALUES ('a@x', 'was there', '77'), ('z@x', 'stays', NULL)", "INSERT INTO cities (name) VALUES ('Ulm'), ('Bonn')",
		}, func(w *world, loaded func(string)) {
			entity := func(more string) {
				w.mapping(`  city:
    from: {file: cities.csv, key: No}
    to: {table: cities, key: {column: id, new: identity}, match: [name]}
    on_match: link
    fields: {name: Name, people: People}
  person:
    from: {file: persons.csv, key: No, fold: trim}
    to: {table: persons, key: {column: id, new: identity}, match: [email]}
    on_match: update
    fields:
      email: Mail
      made_by: {const: import, on: create}
` + more)
			}
			entity("      name: Name\n")
			w.file("cities.csv", "No,Name,People", "1,Ulm,1", "2,Bern,2")
			w.file("persons.csv", "No,Mail,Name", "1,a@x,ann", "2 ,b@x,bob")
			loaded("first")
			w.do("UPDATE persons SET made_by = 'somebody' WHERE email = 'b@x'", "UPDATE cities SET people = 126000 WHERE name = 'Ulm'")
			w.clean("what is written once, and who is pointed at, may change", reconcile.Options{})
			entity("      name: {from: Name, do: [upper]}\n      legacy: No\n")
			loaded("another mapping")
		}},
	}
	eachTarget(t, func(t *testing.T, w *world) {
		for _, s := range scenarios {
			t.Run(s.name, func(t *testing.T) {
				w := w.fresh(t, s.tables...)
				s.live(w, func(what string) {
					w.run(run.Options{Records: 2})
					w.run(run.Options{}) // who waits for a parent of this run gets it
					w.clean(what, reconcile.Options{Records: 2, Lanes: 2})
				})
				w.clean("in the end", reconcile.Options{})
			})
		}
	})
}

// TestNoFalseAlarmOfRandomData: nor for texts, numbers and times of any kind.
func TestNoFalseAlarmOfRandomData(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		checks := 0
		rapid.Check(t, func(rt *rapid.T) {
			if checks++; checks > 8 && !t.Failed() {
				return // each takes a run
			}
			w := w.fresh(t, `CREATE TABLE things (id NUMBER, mark varchar(9), a text, b varchar(12), n numeric(12,3), m numeric, f double precision,
  i bigint, s smallint, ok boolean, d date, at timestamp, seen timestamp with time zone)`)
			w.mapping(`  thing:
    from: {file: things.csv, key: No}
    to: {table: things, key: {column: id, new: identity}}
    fields: {mark: No, a: {from: A, empty: keep}, b: B, n: N, m: M, f: F, i: I, s: S, ok: Ok, d: D, at: At, seen: Seen}
`)
			text := rapid.StringOfN(rapid.SampledFrom([]rune("ab \\'\"|,;{}äß日🙂\t%_")), 0, 140, -1)
			number := rapid.SampledFrom([]string{"", "0", "-0", "1.50", "00012.340", "-7", "999999999.999", "1e3", "0.001", "12"})
			moment := rapid.SampledFrom([]string{"", "2024-02-29 23:59:59.999999", "0001-01-01", "1969-12-31 23:59:59.5", "2024-06-01T12:00:00+05:30", "9999-12-31"})
			quoted := func(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }
			lines := []string{"No,A,B,N,M,F,I,S,Ok,D,At,Seen"}
			for no := range rapid.IntRange(1, 40).Draw(rt, "records") {
				lines = append(lines, strings.Join([]string{
					fmt.Sprint(no % 37), quoted(text.Draw(rt, "a")), quoted(text.Draw(rt, "b")), number.Draw(rt, "n"), number.Draw(rt, "m"), number.Draw(rt, "f"),
					number.Draw(rt, "i"), number.Draw(rt, "s"), rapid.SampledFrom([]string{"", "true", "false", "perhaps"}).Draw(rt, "ok"),
					rapid.SampledFrom([]string{"", "2024-02-29", "0007-01-01", "2023-02-29"}).Draw(rt, "d"), moment.Draw(rt, "at"), moment.Draw(rt, "seen"),
				}, ","))
			}
			w.file("things.csv", lines...)
			w.run(run.Options{Records: rapid.IntRange(1, 20).Draw(rt, "batch")})
			w.clean("random data", reconcile.Options{Records: rapid.IntRange(1, 20).Draw(rt, "judged")})
		})
	})
}

// TestReconcileWhileBusinessGoesOn: what other people do to rows of their own
// meanwhile is none of its business.
func TestReconcileWhileBusinessGoesOn(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.do("CREATE TABLE persons (id NUMBER, name varchar(20), visits bigint)", "INSERT INTO persons (name, visits) VALUES ('theirs', 0), ('theirs, too', 0)")
		w.mapping("  person:\n    from: {file: persons.csv, key: No}\n    to: {table: persons, key: {column: id, new: identity}}\n    fields: {name: No}\n")
		lines := []string{"No"}
		for no := range 600 {
			lines = append(lines, fmt.Sprint(no))
		}
		w.file("persons.csv", lines...)
		w.run(run.Options{})
		other := open(t, w.url)
		ctx, cancel := context.WithCancel(context.Background())
		var busy sync.WaitGroup
		busy.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				tx, err := other.Begin(context.Background())
				if err != nil {
					continue
				}
				for _, statement := range []string{
					"UPDATE persons SET name = name || '.' WHERE name LIKE 'theirs%' AND length(name) < 20", "UPDATE persons SET visits = coalesce(visits, 0) + 1",
					fmt.Sprintf("INSERT INTO persons (name) VALUES ('new %d')", n), "DELETE FROM persons WHERE name LIKE 'new%'",
				} {
					if _, err = tx.Exec(context.Background(), statement); err != nil {
						break
					}
				}
				if err == nil {
					err = tx.Commit(context.Background())
				}
				if err != nil {
					_ = tx.Rollback(context.Background())
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
		for range 3 {
			w.clean("while others work", reconcile.Options{Records: 25, Live: true})
		}
		cancel()
		busy.Wait()
	})
}
