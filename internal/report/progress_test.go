package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8/decor"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
)

// clock makes events at times of the test's choice.
type clock struct{ now time.Time }

func (c *clock) after(seconds float64, e run.Event) run.Event {
	c.now = c.now.Add(time.Duration(seconds * float64(time.Second)))
	e.Time, e.Run, e.Mode = c.now, "acme-0001", "full"
	return e
}

// at is an event of the entity item, of which so many are read.
func at(kind run.EventKind, read, total int64, percent float64) run.Event {
	return run.Event{Kind: kind, Entity: "item", Read: read, Total: total, Percent: percent, Counts: ledger.Counts{record.Created: read}}
}

// stories are runs, told by their events, and what is to be shown at the last.
var stories = map[string]struct {
	events []run.Event
	gaps   []float64 // seconds before each event
	text   string
	rate   float64
	eta    float64 // -1: none is told
}{
	"unbroken": {
		[]run.Event{at(run.EventEntityStarted, 0, 1000, -1), at(run.EventBatch, 100, 1000, -1), at(run.EventBatch, 200, 1000, -1)},
		[]float64{0, 6, 4},
		"200 of 1,000, 20/s, 40s left; 200 created", 20, 40,
	},
	"resumed: the rate is this session's, the counts are the run's": {
		[]run.Event{at(run.EventEntityStarted, 800, 1000, -1), at(run.EventBatch, 900, 1000, -1)},
		[]float64{0, 10},
		"900 of 1,000, 10/s, 10s left; 900 created", 10, 10,
	},
	"reading landed records again takes nothing from the rate": {
		[]run.Event{at(run.EventEntityStarted, 800, 1000, -1), at(run.EventScanning, 800, 1000, -1), at(run.EventScanning, 800, 1000, -1), at(run.EventBatch, 900, 1000, -1)},
		[]float64{0, 300, 300, 10},
		"900 of 1,000, 10/s, 10s left; 900 created", 10, 10,
	},
	"a pause takes nothing from the rate": {
		[]run.Event{
			at(run.EventEntityStarted, 0, 1000, -1), at(run.EventBatch, 100, 1000, -1), at(run.EventPaused, 100, 1000, -1),
			at(run.EventPaused, 100, 1000, -1), at(run.EventBatch, 200, 1000, -1), at(run.EventBatch, 300, 1000, -1),
		},
		[]float64{0, 10, 0, 3600, 3600, 20},
		"300 of 1,000, 10/s, 1m10s left; 300 created", 10, 70,
	},
	"a source that cannot count": {
		[]run.Event{at(run.EventEntityStarted, 0, -1, -1), at(run.EventBatch, 100, -1, 25)},
		[]float64{0, 10},
		"100 (25 %), 10/s, 30s left; 100 created", 10, 30,
	},
	"a source that cannot count, resumed": {
		[]run.Event{at(run.EventEntityStarted, 500, -1, 50), at(run.EventBatch, 750, -1, 75)},
		[]float64{0, 10},
		"750 (75 %), 25/s, 10s left; 750 created", 25, 10,
	},
	"nothing is known of the source": {
		[]run.Event{at(run.EventEntityStarted, 0, -1, -1), at(run.EventBatch, 100, -1, -1)},
		[]float64{0, 10},
		"100, 10/s; 100 created", 10, -1,
	},
	"more are read than were counted": {
		[]run.Event{at(run.EventEntityStarted, 0, 50, -1), at(run.EventBatch, 100, 50, -1)},
		[]float64{0, 10},
		"100 of 50, 10/s; 100 created", 10, -1,
	},
	"the second entity begins anew": {
		[]run.Event{at(run.EventEntityStarted, 0, 1000, -1), at(run.EventBatch, 1000, 1000, -1), at(run.EventEntityEnded, 1000, 1000, -1), at(run.EventEntityStarted, 0, 10, -1), at(run.EventBatch, 5, 10, -1)},
		[]float64{0, 1, 100, 100, 5},
		"5 of 10, 1/s, 5s left; 5 created", 1, 5,
	},
}

// TestNumbersAddUp holds every way of showing progress to the same numbers.
func TestNumbersAddUp(t *testing.T) {
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			var lines, events bytes.Buffer
			onTerminal, err := os.Create(filepath.Join(t.TempDir(), "terminal"))
			if err != nil {
				t.Fatal(err)
			}
			defer onTerminal.Close()
			plain, asJSON, drawn := &lineProgress{w: &lines}, NewProgress(&events, true), newBars(onTerminal)
			c := &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
			for i, e := range story.events {
				e = c.after(story.gaps[i], e)
				plain.Observe(e)
				asJSON.Observe(e)
				drawn.Observe(e)
			}
			shown := drawn.now.said(decor.Statistics{})
			for _, p := range []Progress{plain, asJSON, drawn} {
				p.Close()
			}
			written := strings.Split(strings.TrimSpace(lines.String()), "\n")
			if last := written[len(written)-1]; last != "item: "+story.text {
				t.Errorf("line: %s", last)
			}
			if shown != story.text {
				t.Errorf("bar: %s", shown)
			}
			objects := strings.Split(strings.TrimSpace(events.String()), "\n")
			var last struct {
				Read int64
				Rate float64  `json:"records_per_second"`
				ETA  *float64 `json:"eta_seconds"`
			}
			if err := json.Unmarshal([]byte(objects[len(objects)-1]), &last); err != nil {
				t.Fatal(err)
			}
			eta := -1.0
			if last.ETA != nil {
				eta = *last.ETA
			}
			if last.Read != story.events[len(story.events)-1].Read || last.Rate != story.rate || eta != story.eta {
				t.Errorf("event: %s", objects[len(objects)-1])
			}
		})
	}
}

// TestWhyRecordsWait: bars, lines and events say it; lines not all the time.
func TestWhyRecordsWait(t *testing.T) {
	onTerminal, err := os.Create(filepath.Join(t.TempDir(), "terminal"))
	if err != nil {
		t.Fatal(err)
	}
	defer onTerminal.Close()
	var lines, events bytes.Buffer
	plain, asJSON, drawn := &lineProgress{w: &lines, every: 5 * time.Second}, NewProgress(&events, true), newBars(onTerminal)
	c := &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	paused, slowed := at(run.EventPaused, 100, 1000, -1), at(run.EventSlowed, 100, 1000, -1)
	paused.Message, slowed.Limit = "paused: the target suffers (pause_while)", 5000
	var shown []string
	for i, e := range []run.Event{
		at(run.EventEntityStarted, 0, 1000, -1), slowed, slowed, paused, paused, paused, slowed, at(run.EventBatch, 200, 1000, -1),
	} {
		e = c.after([]float64{1, 1, 1, 1, 1, 5, 1, 1}[i], e)
		for _, p := range []Progress{plain, asJSON, drawn} {
			p.Observe(e)
		}
		shown = append(shown, drawn.now.said(decor.Statistics{}))
	}
	want := "item: at most 5,000 rows/s\nitem: paused: the target suffers (pause_while)\n" +
		"item: paused: the target suffers (pause_while)\nitem: at most 5,000 rows/s\n"
	if got := lines.String(); !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 5 {
		t.Errorf("lines:\n%s", got)
	}
	if shown[3] != paused.Message || !strings.HasSuffix(shown[1], "; at most 5,000 rows/s") || !strings.HasSuffix(shown[7], "200 created; at most 5,000 rows/s") {
		t.Errorf("bar: %q", shown)
	}
	got := events.String()
	if strings.Count(got, `"event":"paused"`) != 3 || !strings.Contains(got, `"message":"paused: the target suffers (pause_while)"`) ||
		!strings.Contains(got, `"rows_per_second_at_most":5000,"message":"at most 5,000 rows/s"`) {
		t.Errorf("events:\n%s", got)
	}
	for _, p := range []Progress{plain, asJSON, drawn} {
		p.Close()
	}
}
