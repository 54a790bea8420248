package lifetest

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/cloudemulator"
	"landfall/internal/run"
)

// callsMapping lands users in an emulated cloud, so many in a call.
const callsMapping = `version: 1
name: calls
connections:
  cloud:
    url: %s
    auth: {basic: {user: emulated, password: "${LANDFALL_LIFE_PASSWORD}"}}
    limits: {rate: none, calls: %d, timeout: 5s}
    answers:
      code: body.code
      message: body.error_description
      success: ['body.stat == "ok"']
      throttled: [{codes: 510}]
      rejected: [{codes: 100-399}]
      names: {361: unique, 362: not-null, 363: too-long}
    types:
      user:
        key: uuid
        open: true
        fields:
          uuid: {type: uuid, given: true}
          email: {type: text, unique: true, fold_case: true}
        create:
          path: /entity.bulkCreate
          form: {type_name: "{type}", all_attributes: "{records}"}
          records: %d
          results:
            at: body.uuid_results
            answers:
              code: result.code
              message: result.error_description
              success: ['type(result) == "string"']
              duplicate: [{codes: 361}]
              rejected: [{codes: 100-399}]
          key: result
        update:
          path: /entity.update
          form: {type_name: "{type}", uuid: "{key}", value: "{record}"}
        find:
          path: /entity.find
          form: {type_name: "{type}", filter: "{filter}", max_results: "1000"}
          records: 100
          found: body.results
          filter: {text: "{field}='{value}'"}
        count: {path: /entity.count, form: {type_name: "{type}"}, total: body.total_count}
target: cloud
entities:
  user:
    from: {file: users.csv, key: [No]}
    to: {table: user, key: {column: uuid, new: identity}, match: [email]}
    fields:
      email: Email
      givenName: Given
      familyName: Family
`

// cloudLife is a migration into an emulated cloud.
type cloudLife struct {
	*life
	cloud *cloudemulator.Emulator
}

// newCloudLife makes one; calls and records are how many calls at a time and how
// many records in each.
func newCloudLife(t testing.TB, calls, records int) *cloudLife {
	t.Helper()
	l := &cloudLife{cloud: cloudemulator.New(cloudemulator.Options{Seed: "life"})}
	server := httptest.NewServer(l.cloud)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	l.life = &life{t: t, dir: dir, ground: &ground{kind: onSQLite, url: "sqlite:landfall.books.db", dir: dir, password: cloudemulator.DefaultClient.Secret}}
	write(t, filepath.Join(dir, "landfall.yaml"), fmt.Sprintf(callsMapping, server.URL, calls, records))
	return l
}

// users writes so many of them; each may be left out or written otherwise.
func (l *cloudLife) users(from, to int, line func(n int) string) {
	l.t.Helper()
	var text strings.Builder
	text.WriteString("No,Email,Given,Family\n")
	for n := from; n < to; n++ {
		if said := line(n); said != "" {
			text.WriteString(said + "\n")
		}
	}
	write(l.t, filepath.Join(l.dir, "users.csv"), text.String())
}

// there are the users as the cloud has them, without what it makes itself.
func (l *cloudLife) there() []string {
	var there []string
	for _, user := range l.cloud.Records("user") {
		there = append(there, fmt.Sprint(user["email"], " ", user["givenName"], " ", user["familyName"]))
	}
	sort.Strings(there)
	return there
}

// known is what the books know of every user, and every end that a run told,
// without keys and numbers that only the cloud chooses.
func (l *cloudLife) known() []string {
	l.t.Helper()
	var known []string
	for _, query := range []string{
		"SELECT 'known', source_key, role, state, hex(hash), first_run, last_run FROM landfall_crosswalk ORDER BY source_key",
		"SELECT 'counts', run_id, slice_no, ordinal, records, counts FROM landfall_marker ORDER BY run_id, slice_no, ordinal",
		"SELECT 'told', source_key, run_id, disposition, code, field, before, source FROM landfall_entry WHERE disposition <> 'created' ORDER BY run_id, slice_no, ordinal, seq",
		"SELECT 'intent', source_key, state FROM landfall_intent ORDER BY source_key",
		"SELECT 'run', name, state FROM landfall_run ORDER BY id",
	} {
		for _, row := range l.ground.query(l.t, query) {
			known = append(known, uuids.ReplaceAllString(strings.Join(row, " "), "UUID"))
		}
	}
	return known
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// keysAgree: every key that the books know is that of the user whom the record
// became.
func (l *cloudLife) keysAgree() {
	l.t.Helper()
	byKey := map[string]bool{}
	for _, user := range l.cloud.Records("user") {
		byKey[fmt.Sprint(user["uuid"])] = true
	}
	for _, row := range l.ground.query(l.t, "SELECT target_key FROM landfall_crosswalk") {
		key := row[0]
		if !byKey[key] {
			l.t.Errorf("the crosswalk knows a user %s whom the cloud does not have", key)
		}
		delete(byKey, key)
	}
}

// writing counts the calls that write.
func (l *cloudLife) writing() int {
	tally := l.cloud.Tally()
	return tally["entity.bulkCreate"] + tally["entity.update"] + tally["entity.replace"] + tally["entity.delete"]
}

// callsStages are a first load, and a delta after people worked at both ends.
var callsStages = []struct {
	name string
	args []string
	lay  func(l *cloudLife)
}{
	{"load", []string{"run", "--batch", "5", "--lanes", "1"}, func(l *cloudLife) {
		l.users(0, 23, func(n int) string {
			if n == 7 {
				return "7,u7@x.org," + strings.Repeat("x", 300) + ",Seven" // longer than the cloud takes
			}
			return fmt.Sprintf("%d,u%d@x.org,Given%d,Family", n, n, n)
		})
		for call, fault := range []cloudemulator.Fault{
			{Do: cloudemulator.ResetAfter},
			{Do: cloudemulator.ResetAfter, Apply: 2},
			{Do: cloudemulator.ResetBefore},
			{Do: cloudemulator.ShortResults, Short: 1},
		} {
			fault.Operation, fault.Call = "entity.bulkCreate", 1+2*call
			l.cloud.AddFault(fault)
		}
	}},
	{"delta", []string{"run", "--mode", "delta", "--batch", "5", "--lanes", "1"}, func(l *cloudLife) {
		if err := l.cloud.Import("user", []map[string]any{{"email": "u25@x.org", "givenName": "Live"}}); err != nil {
			l.t.Fatal(err)
		}
		l.users(0, 30, func(n int) string {
			switch {
			case n%6 == 1:
				return fmt.Sprintf("%d,u%d@x.org,Changed%d,Family", n, n, n)
			case n == 20:
				return ""
			}
			return fmt.Sprintf("%d,u%d@x.org,Given%d,Family", n, n, n)
		})
		l.cloud.AddFault(cloudemulator.Fault{Operation: "entity.update", Call: 1, Do: cloudemulator.ResetAfter})
		l.cloud.AddFault(cloudemulator.Fault{Operation: "entity.update", Call: 3, Do: cloudemulator.ResetBefore})
	}},
}

type callsStage struct {
	there, known []string
	passes       map[run.Point]int
}

// TestKillBetweenCalls: a process that is killed at any point of a batch that
// lands by calls, also while answers are outstanding, goes on to the end of an
// unbroken one: no user is lost, none is there twice, and every record has the
// same end.
func TestKillBetweenCalls(t *testing.T) {
	t.Parallel()
	unbroken := make([]callsStage, len(callsStages))
	whole := newCloudLife(t, 2, 5)
	for at, stage := range callsStages {
		stage.lay(whole)
		counts := filepath.Join(whole.dir, "counts")
		whole.env = []string{countFile + "=" + counts}
		code := exitOpen
		if at > 0 {
			code = exitLanded
		}
		whole.run(code, stage.args...)
		unbroken[at] = callsStage{there: whole.there(), known: whole.known()}
		if err := json.Unmarshal([]byte(read(t, counts)), &unbroken[at].passes); err != nil {
			t.Fatal(err)
		}
	}
	for at, stage := range callsStages {
		for _, point := range slices.Concat(run.Points, run.RemotePoints) {
			last := unbroken[at].passes[point]
			if last == 0 {
				if point != run.PointReserved && point != run.PointLanded {
					t.Errorf("%s: no batch passes %s", stage.name, point)
				}
				continue
			}
			for _, pass := range slices.Compact([]int{1, (last + 1) / 2, last}) {
				// Around the calls it matters which of them it is.
				if pass != (last+1)/2 && (at > 0 || !slices.Contains(run.RemotePoints, point)) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%d", stage.name, point, pass), func(t *testing.T) {
					t.Parallel()
					l := newCloudLife(t, 2, 5)
					code := exitOpen
					for before := range at {
						callsStages[before].lay(l)
						l.run(exitOpen, callsStages[before].args...)
						code = exitLanded
					}
					stage.lay(l)
					l.killedAt(fmt.Sprintf("%s:%d", point, pass), stage.args...)
					l.run(code, "resume")
					if diff := cmp.Diff(unbroken[at].there, l.there()); diff != "" {
						t.Errorf("the users are not those of an unbroken run:\n%s", diff)
					}
					if diff := cmp.Diff(unbroken[at].known, l.known()); diff != "" {
						t.Errorf("the books are not those of an unbroken run:\n%s", diff)
					}
					l.keysAgree()
					if at > 0 {
						before := l.writing()
						l.run(code, stage.args...)
						if now := l.writing(); now != before {
							t.Errorf("a second run made %d writing calls", now-before)
						}
					}
				})
			}
		}
	}
}
