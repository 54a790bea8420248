package lifetest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"landfall/internal/cloudemulator"
	"landfall/internal/report"
)

// mostMore is how many times the calls of a quiet run a run in chaos may make.
const mostMore = 1.3

// callsOfKill is what a killed process costs at most: for each of the four
// batches that were in hand the next one asks the API anew who is there, what
// they hold, and what became of the calls, some of which break in turn.
const callsOfKill = 4 * 4

// chaos is what networks and gateways do to calls: of a hundred, five break
// after they were carried out and five before, two are throttled, and one ends
// at a gateway, which does not say whether it let the call through.
var chaos = []cloudemulator.Fault{
	{Probability: 0.05, Do: cloudemulator.ResetAfter},
	{Probability: 0.05, Do: cloudemulator.ResetBefore},
	{Probability: 0.01, Do: cloudemulator.APIError, Code: 510},
	{Probability: 0.01, Do: cloudemulator.HTTPStatus, Status: 429},
	{Probability: 0.005, Do: cloudemulator.HTTPStatus, Status: 502, Apply: cloudemulator.ApplyAll},
	{Probability: 0.005, Do: cloudemulator.HTTPStatus, Status: 503},
}

// Calls that break, are throttled or end at gateways, and a process that is
// killed three times, lose no record and make none twice, and cost few calls.
func TestChaosOfCalls(t *testing.T) {
	t.Parallel()
	endsAsQuietly(t, 1500, 25, false)
}

func TestSoakChaosOfCalls(t *testing.T) {
	if os.Getenv(soakVariable) == "" {
		t.Skip("set " + soakVariable + "=1 for 100,000 records in chaos")
	}
	endsAsQuietly(t, 100_000, 100, true)
}

// endsAsQuietly loads records quietly and in chaos. Where the API does not mind,
// a record that is sent twice is there twice; with many records it must mind,
// since it finds them by its index.
func endsAsQuietly(t *testing.T, records, batch int, minds bool) {
	t.Helper()
	types := cloudemulator.Schema()
	types[0].Attributes[0].Unique = minds // the e-mail
	quiet := newCloud(t, records, batch, cloudemulator.Options{Types: types})
	quiet.load()
	broken := newCloud(t, records, batch, cloudemulator.Options{Types: types, Faults: chaos, Seed: "chaos"})
	broken.killAt = []int{quiet.calls() / 6, quiet.calls() / 3, quiet.calls() * 3 / 4}
	broken.load()
	if len(broken.killAt) > 0 {
		t.Errorf("the process ended before it was killed at calls %v", broken.killAt)
	}
	most := mostMore * float64(quiet.calls())
	if records < 100_000 {
		most += 3 * callsOfKill // of which a long run makes nothing
	}
	t.Logf("%d records: %d calls quietly %v, %d in chaos %v: %.3f times as many",
		records, quiet.calls(), quiet.api.Tally(), broken.calls(), broken.api.Tally(), float64(broken.calls())/float64(quiet.calls()))
	if float64(broken.calls()) > most {
		t.Errorf("%d calls in chaos, %d quietly: at most %.0f are expected", broken.calls(), quiet.calls(), most)
	}
}

// cloud is a migration into an API, and the API.
type cloud struct {
	*life
	api     *cloudemulator.Emulator
	records int
	minds   bool  // the API refuses two records with one e-mail
	killAt  []int // numbers of calls after which the process is killed
}

// every so manieth record has a card that belongs to somebody else already.
const takenCards = 100

func newCloud(t *testing.T, records, batch int, options cloudemulator.Options) *cloud {
	t.Helper()
	c := &cloud{api: cloudemulator.New(options), records: records, minds: options.Types[0].Attributes[0].Unique}
	server := httptest.NewServer(c.api)
	t.Cleanup(server.Close)
	c.life = &life{t: t, dir: t.TempDir(), ground: &ground{}}
	c.env = []string{"CLOUD_URL=" + server.URL, "CLOUD_SECRET=" + cloudemulator.DefaultClient.Secret}
	mapping := strings.ReplaceAll(read(t, "testdata/cloud/landfall.yaml"), "records: 100\n", fmt.Sprintf("records: %d\n", batch))
	if err := os.WriteFile(filepath.Join(c.dir, "landfall.yaml"), []byte(mapping), 0o600); err != nil {
		t.Fatal(err)
	}
	var strangers []map[string]any
	for i := takenCards; i <= records; i += takenCards {
		strangers = append(strangers, map[string]any{"email": fmt.Sprintf("stranger%d@example.org", i), "loyalty": map[string]any{"id": fmt.Sprint("L", i)}})
	}
	if err := c.api.Import("user", strangers); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *cloud) calls() (calls int) {
	for _, n := range c.api.Tally() {
		calls += n
	}
	return calls
}

// load runs a first load, and then another one with a tenth of the records
// changed.
func (c *cloud) load() {
	c.t.Helper()
	strangers := c.records / takenCards
	c.writes("Ulm")
	c.goesThrough()
	c.ended("members-0001", counts(c.records-strangers, 0, 0, strangers))
	c.holds("Ulm")
	c.writes("Bonn")
	c.goesThrough()
	// Every record whose card is taken is among those that change.
	moved := c.records/changed - strangers
	c.ended("members-0002", counts(0, moved, c.records-strangers-moved, strangers))
	c.holds("Bonn")
}

func counts(created, updated, unchanged, failed int) report.EntityCounts {
	return report.EntityCounts{
		Read: int64(created + updated + unchanged + failed), Created: int64(created), Updated: int64(updated), Unchanged: int64(unchanged), Failed: int64(failed),
	}
}

// every so manieth record moves to another city.
const changed = 10

func (c *cloud) writes(city string) {
	c.t.Helper()
	var text strings.Builder
	text.WriteString("ID,Mail,First,Last,Born,City,Card,News\n")
	for i := 1; i <= c.records; i++ {
		fmt.Fprintf(&text, "%d,member%d@example.org,Ada %d,Lovelace,19%02d-0%d-1%d,%s,L%d,%t\n", i, i, i%97, i%100, 1+i%9, i%9, c.cityOf(i, city), i, i%3 == 0)
	}
	if err := os.WriteFile(filepath.Join(c.dir, "members.csv"), []byte(text.String()), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cloud) cityOf(i int, city string) string {
	if i%changed == 0 {
		return city
	}
	return "Ulm"
}

// goesThrough runs to the end, killed where that is due and started again.
func (c *cloud) goesThrough() {
	c.t.Helper()
	for {
		p := c.start("", "run")
		for killed := false; !killed; {
			select {
			case <-p.ended:
				p.wait(exitOpen)
				return
			case <-time.After(2 * time.Millisecond):
				if killed = len(c.killAt) > 0 && c.calls() >= c.killAt[0]; killed {
					c.killAt = c.killAt[1:]
					p.kill()
				}
			}
		}
	}
}

// ended holds the report of the newest run against what is expected, and the
// run's records, one by one, against the report: each has one end.
func (c *cloud) ended(run string, want report.EntityCounts) {
	c.t.Helper()
	var told report.Summary
	if err := json.Unmarshal([]byte(read(c.t, filepath.Join(c.dir, "runs", run, "report.json"))), &told); err != nil {
		c.t.Fatal(err)
	}
	if got := told.Entities["member"]; got != want {
		c.t.Errorf("%s: %+v, want %+v", run, got, want)
	}
	seen := map[string]bool{}
	ends := map[string]int{}
	keys := map[string]bool{}
	c.eachRecord(func(r ended) {
		if seen[r.Ref] {
			c.t.Errorf("%s: %s has two ends", run, r.Ref)
		}
		seen[r.Ref] = true
		ends[r.Disposition]++
		if r.Disposition == "failed" {
			if !strings.HasSuffix(r.Ref, "00") || r.Code == "" {
				c.t.Errorf("%s: %s failed with %q", run, r.Ref, r.Code)
			}
			return
		}
		if keys[r.TargetKey] {
			c.t.Errorf("%s: two records became %s", run, r.TargetKey)
		}
		keys[r.TargetKey] = true
	})
	if counts(ends["created"], ends["updated"], ends["unchanged"], ends["failed"]) != want {
		c.t.Errorf("%s: its records: %v", run, ends)
	}
}

// ended is the end of a record, as `landfall records` tells it.
type ended struct {
	Ref         string
	Disposition string
	TargetKey   string `json:"target_key"`
	Code        string
}

func (c *cloud) eachRecord(do func(ended)) {
	c.t.Helper()
	c.run(exitLanded, "records", "--out", "ends.jsonl")
	defer os.Remove(filepath.Join(c.dir, "ends.jsonl"))
	file, err := os.Open(filepath.Join(c.dir, "ends.jsonl"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r ended
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			c.t.Fatal(err)
		}
		do(r)
	}
}

// holds looks at the API itself: each record is there once, as it must be and
// under the key that the books have, and nothing else is.
func (c *cloud) holds(city string) {
	c.t.Helper()
	strangers := c.records / takenCards
	if n := c.api.Count("user"); n != c.records {
		c.t.Errorf("the API holds %d records, want %d of ours and %d of others", n, c.records-strangers, strangers)
	}
	find := func(email string) map[string]any { return c.api.Find("user", "email", email) }
	if !c.minds { // then there is no index either
		users := map[any]map[string]any{}
		for _, user := range c.api.Records("user") {
			users[user["email"]] = user
		}
		find = func(email string) map[string]any { return users[email] }
	}
	c.eachRecord(func(r ended) {
		var i int
		if _, err := fmt.Sscanf(r.Ref, "member:%d", &i); err != nil {
			c.t.Fatal(err)
		}
		user := find(fmt.Sprintf("member%d@example.org", i))
		switch {
		case r.Disposition == "failed":
			if user != nil {
				c.t.Errorf("%s failed, and is there", r.Ref)
			}
		case user == nil:
			c.t.Errorf("%s is not there", r.Ref)
		default:
			at := user["primaryAddress"].(map[string]any)["city"]
			if at != c.cityOf(i, city) || user["uuid"] != r.TargetKey {
				c.t.Errorf("%s: %v in %v, want %s in %s", r.Ref, user["uuid"], at, r.TargetKey, c.cityOf(i, city))
			}
		}
	})
}
