package report

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"landfall/internal/run"
)

// bars draws a bar per entity on a terminal.
type bars struct {
	progress *mpb.Progress
	rate     rate
	now      *bar   // the entity in hand; nil between entities
	slowed   string // by what, when the entity in hand waited for it
	total    int64  // its length
	late     late
}

// bar is one entity's bar. Its text is written by whoever observes and read by
// whoever draws.
type bar struct {
	*mpb.Bar
	mu   sync.Mutex
	text string
}

func (b *bar) say(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = text
}

func (b *bar) said(decor.Statistics) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text
}

func newBars(file *os.File) *bars {
	return &bars{progress: mpb.New(mpb.WithOutput(file), mpb.WithWidth(28), mpb.WithRefreshRate(150*time.Millisecond))}
}

// perMille is the length of a bar whose source cannot count.
const perMille = 1000

// Observe implements Progress.
func (b *bars) Observe(e run.Event) {
	b.rate.note(e)
	b.late.stop()
	switch e.Kind {
	case run.EventLooking:
		b.late.start(func() { fmt.Fprintf(b.progress, "%s\n", e.Message) })
		return
	case run.EventRunStarted:
		fmt.Fprintf(b.progress, "run %s (%s)\n", e.Run, e.Mode)
		return
	case run.EventPlanning:
		fmt.Fprintf(b.progress, "planning run %s (%s)\n", e.Run, e.Mode)
		return
	case run.EventReconciling:
		fmt.Fprintf(b.progress, "reconciliation %s\n", e.Run)
		return
	case run.EventRunResumed:
		fmt.Fprintf(b.progress, "%s goes on where it stopped\n", goesOn(e))
		return
	case run.EventIndexes:
		fmt.Fprintln(b.progress, indexStep(e))
		return
	case run.EventRepeat:
		fmt.Fprintf(b.progress, "%s: %s\n", e.Entity, e.Message)
		return
	case run.EventWarning:
		fmt.Fprintf(b.progress, "warning: %s\n", e.Message)
		return
	case run.EventEntityStarted:
		b.slowed = ""
		b.begin(e)
	}
	if b.now == nil {
		return
	}
	switch e.Kind {
	case run.EventBatch:
		b.now.say(progressText(e, &b.rate) + b.slowed)
		b.now.SetCurrent(along(e))
	case run.EventSlowed:
		if b.slowed = "; " + message(e); e.Entity == "" { // it counts no records
			return
		}
		b.now.say(progressText(e, &b.rate) + b.slowed)
	case run.EventPaused:
		b.now.say(message(e))
	case run.EventWaiting:
		b.now.say("waiting: " + e.Message)
	case run.EventScanning, run.EventVerified:
		b.now.say(e.Message)
	case run.EventEntityEnded:
		b.now.say(grouped(e.Read) + " " + readWord(e) + ": " + cameTo(e))
		b.now.SetCurrent(b.total) // which completes it
		b.now = nil
	}
}

// along is how far the bar is; it stays short of its end until the entity ends.
func along(e run.Event) int64 {
	if e.Total >= 0 {
		return e.Read
	}
	return min(max(0, int64(e.Percent*perMille/100)), perMille-1)
}

func (b *bars) begin(e run.Event) {
	b.total = e.Total + 1 // so that only the entity's end completes the bar
	if e.Total < 0 {
		b.total = perMille
	}
	b.now = &bar{}
	b.now.Bar = b.progress.AddBar(b.total,
		mpb.PrependDecorators(decor.Name(e.Entity, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Any(b.now.said)))
	b.now.SetCurrent(along(e))
}

// Close implements Progress.
func (b *bars) Close() {
	b.late.stop()
	if b.now != nil {
		b.now.Abort(false)
	}
	b.progress.Wait()
}
