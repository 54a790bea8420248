package lawtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/rollback"
	"landfall/internal/run"
	"landfall/internal/sqldb"
)

// batchesOf lets the clock pass while batches land, and notes what it shows when
// their transactions begin and when they are committed.
type batchesOf struct {
	*clock
	each     time.Duration
	begun    []string
	finished []time.Time
}

func (b *batchesOf) point(p run.Point) {
	switch p {
	case run.PointBegun:
		b.begun = append(b.begun, b.now().Format("Mon 15:04"))
	case run.PointLedger:
		b.pass(b.each)
	case run.PointCommitted:
		b.finished = append(b.finished, b.now())
	}
}

const sydneyNights = `{window: {days: [mon, tue, wed, thu, fri], from: "22:00", to: "05:00", zone: Australia/Sydney}}`

// TestA18ParksBeforeTheEndAndResumesNextNight: no batch begins when less time is
// left than one takes; the run stands still in a state from which it goes on in
// the next window, and a start in between is refused.
func TestA18ParksBeforeTheEndAndResumesNextNight(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(12, sydneyNights)
		clock := clockAt(t, "2026-12-01 04:50", "Australia/Sydney") // Tuesday, in Monday's window
		end := clockAt(t, "2026-12-01 05:00", "Australia/Sydney").now()
		w.arm(guard.Arming{For: 40 * time.Hour}, clock.now)
		night := &batchesOf{clock: clock, each: 3 * time.Minute}
		o := run.Options{Records: 2, Lanes: 1, Clock: clock.now, Points: night.point}
		result, err := w.try(o, run.Run)
		refused := refusal(t, guard.CodeWindow, err)
		same(t, "batches of the first night", []string{"Tue 04:50", "Tue 04:53", "Tue 04:56"}, night.begun)
		if last := night.finished[len(night.finished)-1]; last.After(end) {
			t.Errorf("a batch ended at %s, behind the window's end", last)
		}
		for _, part := range []string{"is written to until 2026-12-01 05:00:00 AEDT, it is 2026-12-01 04:59:00 AEDT", "the next window begins at 2026-12-01 22:00:00 AEDT"} {
			if !strings.Contains(refused.Text, part) {
				t.Errorf("it does not say %q: %s", part, refused.Text)
			}
		}
		if result.Run.State != ledger.Interrupted || !w.mode(clock.now).Open() {
			t.Errorf("parked as %s", result.Run.State)
		}
		same(t, "people", []string{"6"}, w.query("SELECT count(*) FROM people"))

		for _, hours := range []int{1, 8, 17} { // 06:00, 13:00, 21:59
			clock.at = end.Add(time.Duration(hours)*time.Hour - time.Minute)
			w.refuses(guard.CodeWindow, o, run.Resume)
			w.refuses(guard.CodeWindow, o, run.Run)
		}
		same(t, "people", []string{"6"}, w.query("SELECT count(*) FROM people"))

		clock.at = end.Add(17 * time.Hour)
		night.begun = nil
		if result, err = w.try(o, run.Resume); err != nil {
			t.Fatal(err)
		}
		same(t, "batches of the second night", []string{"Tue 22:00", "Tue 22:03", "Tue 22:06"}, night.begun)
		same(t, "people", []string{"12|12"}, w.query("SELECT count(*), count(DISTINCT legacy_id) FROM people"))
		same(t, "runs", []string{"acme-0001|completed"}, w.states())
		audit := w.audited()
		same(t, "audit", []string{
			"guard arm begun", "guard arm armed", "run admitted", "run parked window-closed", "resume refused window-closed", "run refused window-closed",
		}, audit[:6])
		_ = result
	})
}

// TestA18SlowBatchesParkEarlier: what a batch takes is what 99 in 100 took.
func TestA18SlowBatchesParkEarlier(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(12, sydneyNights)
		clock := clockAt(t, "2026-12-01 04:30", "Australia/Sydney")
		w.arm(guard.Arming{For: 40 * time.Hour}, clock.now)
		night := &batchesOf{clock: clock, each: 14 * time.Minute}
		_, err := w.try(run.Options{Records: 2, Lanes: 1, Clock: clock.now, Points: night.point}, run.Run)
		refused := refusal(t, guard.CodeWindow, err)
		same(t, "batches", []string{"Tue 04:30", "Tue 04:44"}, night.begun)
		if !strings.Contains(refused.Text, "a batch may take 14m") {
			t.Error(refused.Text)
		}
	})
}

// TestA18RollbackParks: undoing keeps to the window, too.
func TestA18RollbackParks(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(12, sydneyNights)
		clock := clockAt(t, "2026-12-01 00:00", "Australia/Sydney")
		w.arm(guard.Arming{For: 40 * time.Hour}, clock.now)
		if _, err := w.try(run.Options{Records: 2, Lanes: 1, Clock: clock.now}, run.Run); err != nil {
			t.Fatal(err)
		}
		clock.at = clock.at.Add(4*time.Hour + 55*time.Minute)
		w.arm(guard.Arming{For: 40 * time.Hour}, clock.now)
		night := &batchesOf{clock: clock, each: 2 * time.Minute}
		o := rollback.Options{Run: "acme-0001", Clock: clock.now, Points: night.point}
		refusal(t, guard.CodeWindow, w.undo(o))
		same(t, "batches", []string{"Tue 04:55", "Tue 04:57"}, night.begun)
		same(t, "people", []string{"8"}, w.query("SELECT count(*) FROM people"))
		clock.at = clock.at.Add(18 * time.Hour)
		if err := w.undo(o); err != nil {
			t.Fatal(err)
		}
		same(t, "people", []string{"0"}, w.query("SELECT count(*) FROM people"))
	})
}

// TestA18Blackout: a blackout closes a window that is open.
func TestA18Blackout(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(12, `{window: {from: "22:00", to: "05:00", zone: Europe/Berlin}, blackout: [{from: "2026-12-24 00:00", to: "2027-01-02 00:00", zone: Europe/Berlin}]}`)
		clock := clockAt(t, "2026-12-23 23:50", "Europe/Berlin")
		w.arm(guard.Arming{For: 30 * 24 * time.Hour}, clock.now)
		night := &batchesOf{clock: clock, each: 3 * time.Minute}
		o := run.Options{Records: 2, Lanes: 1, Clock: clock.now, Points: night.point}
		_, err := w.try(o, run.Run)
		refusal(t, guard.CodeWindow, err)
		same(t, "batches", []string{"Wed 23:50", "Wed 23:53", "Wed 23:56"}, night.begun)
		for _, days := range []int{0, 1, 8} { // nights whose windows are dark
			clock.at = clockAt(t, "2026-12-24 02:00", "Europe/Berlin").at.AddDate(0, 0, days)
			refused := w.refuses(guard.CodeBlackout, o, run.Resume)
			if !strings.Contains(refused.Text, "until 2027-01-02 00:00:00 CET") {
				t.Error(refused.Text)
			}
		}
		clock.at = clockAt(t, "2027-01-02 00:00", "Europe/Berlin").at
		if _, err := w.try(o, run.Resume); err != nil {
			t.Fatal(err)
		}
		same(t, "people", []string{"12"}, w.query("SELECT count(*) FROM people"))
	})
}

// TestA01ExpiryWhileWaiting: a run that waits for the target to recover ends
// when the time runs out, and not when the target has recovered.
func TestA01ExpiryWhileWaiting(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(3, "")
		w.unwatched = true
		w.protects += `, throttle: {pause_while: "SELECT 1", check_every: 200ms}`
		w.file("landfall.yaml", strings.Replace(readFile(t, w.dir+"/landfall.yaml"), "environment: production", w.protects, 1))
		w.arm(guard.Arming{For: 2 * time.Second}, nil)
		began := time.Now()
		w.refuses(guard.CodeExpired, run.Options{}, run.Run)
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("it waited for %s", took)
		}
		same(t, "people", []string{"0"}, w.query("SELECT count(*) FROM people"))
		same(t, "runs", []string{"acme-0001|interrupted"}, w.states())
	})
}

// TestA13StepsNeedAWindow: work that stops others is done only in a window that
// says so.
func TestA13StepsNeedAWindow(t *testing.T) {
	eachTarget(t, func(t *testing.T, w *world) {
		w.production(1, `{window: [{days: [sat], from: "20:00", to: "06:00", zone: UTC, allow: [indexes]}, {from: "18:00", to: "23:00", zone: UTC}]}`)
		clock := clockAt(t, "2026-11-28 19:00", "UTC") // Saturday
		w.arm(guard.Arming{}, clock.now)
		allowed := func() error {
			var err error
			w.look(func(tx sqldb.Tx) error {
				err = w.gate(clock.now).Allows(context.Background(), tx, mapping.AllowIndexes)
				return nil
			})
			return err
		}
		refusal(t, guard.CodeStep, allowed())
		clock.pass(time.Hour)
		if err := allowed(); err != nil {
			t.Error(err)
		}
		clock.pass(24 * time.Hour)
		refusal(t, guard.CodeStep, allowed())
	})
}
