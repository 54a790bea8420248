package dataload

import (
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

// Progress shows a run in the vendor's line, and keeps the log.
type Progress struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	log      *Log
	started  time.Time
	begun    int64 // records that had their end when this session started
	told     time.Time
	width    int // of the line that stands on the terminal
	waited   string
	held     time.Time // when it was last said what is waited for
}

// lineEvery is how often a line is written where there is no terminal.
const lineEvery = 5 * time.Second

// NewProgress draws on w: one line that is written over on a terminal, and lines
// now and then elsewhere.
func NewProgress(w io.Writer, log *Log) *Progress {
	p := &Progress{w: w, log: log, started: time.Now()}
	if file, is := w.(*os.File); is {
		p.terminal = term.IsTerminal(int(file.Fd()))
	}
	return p
}

// Observe takes an event of the run.
func (p *Progress) Observe(e run.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Kind {
	case run.EventRunStarted, run.EventRunResumed:
		p.started, p.told = e.Time, e.Time
		p.log.Infof("run %s: %s", e.Run, e.Kind)
		if e.Kind == run.EventRunResumed {
			p.say(fmt.Sprintf("run %s goes on where it stopped", e.Run))
		}
	case run.EventEntityStarted:
		p.begun = e.Read
	case run.EventBatch:
		p.log.Debugf("run %s: %d records have their end: %s", e.Run, e.Read, ratesOf(e, p.begun, p.started))
		p.waited = ""
		p.draw(e)
	case run.EventEntityEnded:
		p.told = time.Time{}
		p.draw(e)
	case run.EventSlowed: // to the rate that was asked for
	case run.EventWaiting, run.EventPaused:
		p.waits(e)
	case run.EventRepeat:
		p.log.Errorf("%s", e.Message)
		p.say(e.Message)
	case run.EventVerified:
		p.log.Infof("success (verified): %s", e.Message)
	case run.EventWarning:
		p.log.Warnf("%s", e.Message)
		p.say("warning: " + p.log.masked(e.Message))
	case run.EventScanning, run.EventLooking:
		p.log.Debugf("%s", e.Message)
	case run.EventRunEnded:
		p.log.Infof("run %s: %s", e.Run, e.Message)
	}
}

// waits says what is waited for, at once where it is new and then now and then.
func (p *Progress) waits(e run.Event) {
	text := p.log.masked(e.Message)
	p.log.Infof("waiting: %s", text)
	if text == p.waited && e.Time.Sub(p.held) < lineEvery {
		return
	}
	p.waited, p.held = text, e.Time
	p.say("waiting: " + text)
}

func (p *Progress) draw(e run.Event) {
	line := ratesOf(e, p.begun, p.started)
	if p.terminal {
		fmt.Fprintf(p.w, "\r%-*s", p.width, line)
		p.width = len(line)
		return
	}
	if e.Time.Sub(p.told) < lineEvery {
		return
	}
	p.told = e.Time
	fmt.Fprintln(p.w, line)
}

// say writes a line of its own above the one that is written over.
func (p *Progress) say(text string) {
	if p.terminal && p.width > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.width))
	}
	p.width = 0
	fmt.Fprintln(p.w, text)
}

// Close ends the line.
func (p *Progress) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal && p.width > 0 {
		fmt.Fprintln(p.w)
		p.width = 0
	}
}

// ratesOf is the vendor's line: successes, failures, records to retry, the share
// of successes, and records a minute of this session.
func ratesOf(e run.Event, begun int64, started time.Time) string {
	succeeded, failed, retried := tally(e.Counts)
	share := 100.0
	if all := succeeded + failed + retried; all > 0 {
		share = 100 * float64(succeeded) / float64(all)
	}
	average := 0.0
	if minutes := e.Time.Sub(started).Minutes(); minutes > 0 {
		average = float64(e.Read-begun) / minutes
	}
	return fmt.Sprintf("S:%d F:%d R:%d SR:%.0f%% AVG:%.0frec/m", succeeded, failed, retried, share, average)
}

// tally puts dispositions into the vendor's three classes.
func tally(counts ledger.Counts) (succeeded, failed, retried int64) {
	for disposition, n := range counts {
		switch disposition {
		case record.Failed, record.Blocked, record.Kept:
			failed += n
		case record.Unknown:
			retried += n
		default:
			succeeded += n
		}
	}
	return succeeded, failed, retried
}
