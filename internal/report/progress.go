package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"landfall/internal/ledger"
	"landfall/internal/record"
	"landfall/internal/run"
)

// Progress shows a run while it goes on.
type Progress interface {
	Observe(run.Event)
	// Close ends the drawing; nothing is shown after it.
	Close()
}

// NewProgress chooses how: events as JSON lines for programs, a bar per entity
// on a terminal, plain lines otherwise.
func NewProgress(w io.Writer, asJSON bool) Progress {
	if asJSON {
		return &jsonProgress{out: json.NewEncoder(w)}
	}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return newBars(file)
	}
	return &lineProgress{w: w, every: 5 * time.Second}
}

// jsonProgress writes one JSON object a line for every event.
type jsonProgress struct {
	mu   sync.Mutex
	out  *json.Encoder
	rate rate
}

type jsonEvent struct {
	Event   run.EventKind `json:"event"`
	Time    time.Time     `json:"time"`
	Run     string        `json:"run,omitempty"`
	Mode    string        `json:"mode,omitempty"`
	Entity  string        `json:"entity,omitempty"`
	Read    int64         `json:"read"`
	Total   *int64        `json:"total,omitempty"`
	Percent *float64      `json:"percent,omitempty"`
	Rate    float64       `json:"records_per_second,omitempty"`
	ETA     *float64      `json:"eta_seconds,omitempty"`
	Counts  ledger.Counts `json:"counts,omitempty"`
	Found   string        `json:"found,omitempty"`
	Lanes   int           `json:"lanes,omitempty"`
	Limit   int           `json:"rows_per_second_at_most,omitempty"`
	Message string        `json:"message,omitempty"`
}

// Observe implements Progress.
func (p *jsonProgress) Observe(e run.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate.note(e)
	out := jsonEvent{
		Event: e.Kind, Time: e.Time.UTC(), Run: e.Run, Mode: e.Mode, Entity: e.Entity, Read: e.Read, Counts: e.Counts, Found: e.Found,
		Lanes: e.Lanes, Limit: e.Limit, Message: message(e),
	}
	if e.Kind == run.EventBatch {
		out.Rate = p.rate.perSecond(e)
		if left := p.rate.left(e); left >= 0 {
			seconds := left.Seconds()
			out.ETA = &seconds
		}
		if e.Percent >= 0 {
			out.Percent = &e.Percent
		}
	}
	if e.Entity != "" && e.Total >= 0 {
		out.Total = &e.Total
	}
	_ = p.out.Encode(out) // progress is not worth breaking a run over
}

// Close implements Progress.
func (p *jsonProgress) Close() {}

// lineProgress writes a line when something begins or ends, and every few
// seconds in between.
type lineProgress struct {
	mu    sync.Mutex
	w     io.Writer
	every time.Duration
	last  time.Time
	held  map[run.EventKind]time.Time // when it was last said why records wait
	rate  rate
	late  late
}

// late says what is waited for when nothing else happens for a while.
type late struct{ timer *time.Timer }

// lateAfter is how long something may take before it is said what it is.
const lateAfter = 2 * time.Second

func (l *late) start(say func()) { l.timer = time.AfterFunc(lateAfter, say) }

func (l *late) stop() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

// Observe implements Progress.
func (p *lineProgress) Observe(e run.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late.stop()
	p.rate.note(e)
	switch e.Kind {
	case run.EventLooking:
		p.late.start(func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			fmt.Fprintf(p.w, "%s: %s\n", e.Entity, e.Message)
		})
	case run.EventRunStarted:
		fmt.Fprintf(p.w, "run %s (%s) started\n", e.Run, e.Mode)
	case run.EventPlanning:
		fmt.Fprintf(p.w, "planning run %s (%s)\n", e.Run, e.Mode)
	case run.EventReconciling:
		fmt.Fprintf(p.w, "reconciliation %s started\n", e.Run)
	case run.EventRunResumed:
		fmt.Fprintf(p.w, "%s goes on where it stopped\n", goesOn(e))
	case run.EventEntityStarted:
		p.last = e.Time
	case run.EventBatch:
		if e.Time.Sub(p.last) < p.every {
			return
		}
		p.last = e.Time
		fmt.Fprintf(p.w, "%s: %s\n", e.Entity, progressText(e, &p.rate))
	case run.EventEntityEnded:
		if e.Read == 0 && (e.Total == 0 || e.Mode == ledger.ModeRollback) {
			return // a run over few records had nothing to do with it
		}
		fmt.Fprintf(p.w, "%s: %s %s: %s\n", e.Entity, grouped(e.Read), readWord(e), cameTo(e))
	case run.EventWaiting:
		fmt.Fprintf(p.w, "waiting: %s\n", e.Message)
	case run.EventIndexes:
		fmt.Fprintln(p.w, indexStep(e))
	case run.EventRepeat:
		fmt.Fprintf(p.w, "%s: %s\n", e.Entity, e.Message)
	case run.EventWarning:
		fmt.Fprintf(p.w, "warning: %s\n", e.Message)
	case run.EventSlowed, run.EventPaused:
		if last, told := p.held[e.Kind]; told && e.Time.Sub(last) < p.every {
			return
		}
		if p.held == nil {
			p.held = map[run.EventKind]time.Time{}
		}
		p.held[e.Kind] = e.Time
		if e.Entity == "" { // of all of them
			fmt.Fprintln(p.w, message(e))
			return
		}
		fmt.Fprintf(p.w, "%s: %s\n", e.Entity, message(e))
	case run.EventScanning, run.EventVerified:
		fmt.Fprintf(p.w, "%s: %s\n", e.Entity, e.Message)
	}
}

// Close implements Progress.
func (p *lineProgress) Close() { p.late.stop() }

// goesOn names what is gone on with.
func goesOn(e run.Event) string {
	if e.Mode == run.ModeReconcile {
		return "reconciliation " + e.Run
	}
	return fmt.Sprintf("run %s (%s)", e.Run, e.Mode)
}

// readWord is what was done with the records that an event counts.
func readWord(e run.Event) string {
	if e.Mode == ledger.ModeRollback {
		return "touched"
	}
	return "read"
}

// message is what an event says beside its numbers.
func message(e run.Event) string {
	if e.Kind == run.EventSlowed && e.Message == "" {
		return "at most " + grouped(int64(e.Limit)) + " rows/s"
	}
	return e.Message
}

func progressText(e run.Event, r *rate) string {
	of := ""
	switch {
	case e.Total >= 0:
		of = " of " + grouped(e.Total)
	case e.Percent >= 0:
		of = fmt.Sprintf(" (%.0f %%)", e.Percent)
	}
	text := fmt.Sprintf("%s%s, %s/s", grouped(e.Read), of, grouped(int64(r.perSecond(e))))
	if left := r.left(e); left >= 0 {
		text += ", " + left.Round(time.Second).String() + " left"
	}
	return text + "; " + cameTo(e)
}

// cameTo is what became of an entity's records, or what was found in them.
func cameTo(e run.Event) string {
	if e.Found != "" {
		return e.Found
	}
	return countsText(e.Counts)
}

// countsText names the dispositions that occurred: "19,800 created, 200 failed".
func countsText(counts ledger.Counts) string {
	var parts []string
	for _, disposition := range record.Dispositions {
		if n := counts[disposition]; n > 0 {
			parts = append(parts, grouped(n)+" "+string(disposition))
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}

// indexStep names the entity whose load a step stands around, where there is one.
func indexStep(e run.Event) string {
	if e.Entity == "" {
		return e.Message
	}
	return e.Entity + ": " + e.Message
}
