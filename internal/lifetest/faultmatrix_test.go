package lifetest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"landfall/internal/books"
	"landfall/internal/entries"
	"landfall/internal/run"
	"landfall/internal/servertest"
)

// faultMatrix are the places at which a wave must survive a kill or a failure,
// and what must be so after the restart. That every point of a run at large is
// survived is shown by TestKillAtEveryPoint, and by its neighbours for servers,
// connections and locks; here a wave into a protected target is broken where its
// own steps are.
var faultMatrix = []struct {
	point, after string
	show         func(*testing.T, kind)
}{
	{"during load", "file not half counted; resume or clean restart, same counts", duringLoad},
	{"during key generation", "same mappings for done rows; reservations kept", duringKeyGeneration},
	{"after key reservation, before insert", "keys reused for the same rows, not lost, not doubled", afterReservation},
	{"inside a unit transaction", "unit absent, then inserted once", insideTransaction},
	{"after commit, before log close", "unit recognised as done", afterCommit},
	{"during key-map restore", "completes; no duplicates", duringRestore},
	{"during index rebuild", "reported, rebuilt before mode off", duringRebuild},
	{"target down or throttling", "waits with back-off, mode expiry respected, no failed rows from the outage", targetDown},
	{"disk full on the engine host", "stops cleanly before the next unit; journal intact", diskFull},
	{"two operators start the same wave", "second refused (lease), takeover only after expiry", twoOperators},
}

func TestFaultMatrix(t *testing.T) {
	for _, k := range kinds {
		t.Run("a wave without a fault on "+string(k), func(t *testing.T) { wholeWave(t, k) })
	}
	for n, row := range faultMatrix {
		t.Run(row.point+" - "+row.after, func(t *testing.T) {
			t.Parallel()
			for at, k := range kinds {
				// The race detector makes a wave three times as long: then the targets share the rows between them.
				if underRace && n%2 == at && os.Getenv(soakVariable) == "" {
					continue
				}
				t.Run(string(k), func(t *testing.T) {
					k.needs(t)
					t.Parallel()
					row.show(t, k)
				})
			}
		})
	}
}

// killAndResume kills the wave at a point's pass and goes on.
func killAndResume(t *testing.T, k kind, point run.Point, pass int) *life {
	t.Helper()
	l := waveLife(t, k)
	l.killedAt(fmt.Sprintf("%s:%d", point, pass), waveRun...)
	l.run(exitOpen, "resume")
	l.asWhole()
	l.waveEnded()
	return l
}

func duringLoad(t *testing.T, k kind) {
	u := wholeWave(t, k)
	killAndResume(t, k, run.PointRead, u.middle(t, run.PointRead))
	// A clean restart: the run is given up, and another one reads all again.
	l := waveLife(t, k)
	l.killedAt(fmt.Sprintf("%s:%d", run.PointRead, u.middle(t, run.PointRead)), waveRun...)
	l.run(exitLanded, "abandon", "wave-0001")
	told := l.run(exitOpen, waveRun...)
	rows := func(landed []string) []string { return landed[:slices.Index(landed[1:], "--")+1] }
	if want, got := rows(wholeWave(t, k).landed), rows(l.landed()); len(want) != len(got) {
		t.Errorf("%d owners after a clean restart, %d without a fault\n%s", len(got), len(want), told)
	}
	mentions(t, told, fmt.Sprintf("owner: %d read", ownerCount), fmt.Sprintf("meter: %d read", meterCount))
	if again := l.sorted("SELECT source_key, count(*) FROM " + l.own("crosswalk") + " GROUP BY entity_id, source_key HAVING count(*) > 1"); len(again) > 0 {
		t.Errorf("more than once: %v", again)
	}
	l.waveEnded()
}

// duringKeyGeneration: some batches have their keys in the books, others not.
func duringKeyGeneration(t *testing.T, k kind) {
	u := wholeWave(t, k)
	l := waveLife(t, k)
	l.killedAt(fmt.Sprintf("%s:%d", run.PointKeys, u.middle(t, run.PointKeys)), waveRun...)
	reserved := l.sorted("SELECT entity_id, slice_no, ordinal, payload FROM " + l.own("key_block"))
	done := l.sorted("SELECT entity_id, source_key, target_key FROM " + l.own("crosswalk"))
	if len(reserved) == 0 || len(done) == 0 {
		t.Fatalf("%d batches with keys, %d records done", len(reserved), len(done))
	}
	l.run(exitOpen, "resume")
	l.asWhole()
	for what, rows := range map[string][2][]string{
		"mappings":     {done, l.sorted("SELECT entity_id, source_key, target_key FROM " + l.own("crosswalk"))},
		"reservations": {reserved, l.sorted("SELECT entity_id, slice_no, ordinal, payload FROM " + l.own("key_block"))},
	} {
		for _, row := range rows[0] {
			if !slices.Contains(rows[1], row) {
				t.Errorf("%s of before the kill are not kept", what)
			}
		}
	}
	l.waveEnded()
}

// afterReservation: the first and the last batch's keys are committed, and none
// of their rows is there.
func afterReservation(t *testing.T, k kind) {
	u := wholeWave(t, k)
	for _, pass := range []int{1, u.passes[run.PointKeys]} {
		l := killAndResume(t, k, run.PointKeys, pass)
		if doubled := l.sorted("SELECT target_key, count(*) FROM " + l.own("crosswalk") + " GROUP BY target_key HAVING count(*) > 1"); len(doubled) > 0 {
			t.Errorf("keys that were handed out twice: %v", doubled)
		}
	}
}

func insideTransaction(t *testing.T, k kind) {
	u := wholeWave(t, k)
	for _, point := range []run.Point{run.PointLanded, run.PointLedger} {
		l := waveLife(t, k)
		l.killedAt(fmt.Sprintf("%s:2", point), append(waveRun, "--lanes", "1")...)
		if got := l.sorted("SELECT count(*) FROM owners"); got[0] != "7" { // one batch of six, and the one that was there
			t.Errorf("killed inside the second batch's transaction, %s owners are there", got[0])
		}
		l.run(exitOpen, "resume")
		l.asWhole()
		l.waveEnded()
	}
	killAndResume(t, k, run.PointCrosswalk, u.middle(t, run.PointCrosswalk))
}

func afterCommit(t *testing.T, k kind) {
	u := wholeWave(t, k)
	killAndResume(t, k, run.PointCommitted, u.middle(t, run.PointCommitted))
	killAndResume(t, k, run.PointRunEnd, 1)
}

func duringRestore(t *testing.T, k kind) {
	for _, point := range entries.Points {
		l := waveLife(t, k)
		l.run(exitOpen, waveRun...)
		whole := l.sorted("SELECT entity_id, source_key, target_key, role, state FROM " + l.own("crosswalk"))
		backup := filepath.Join(l.dir, "wave.crosswalk")
		l.run(exitLanded, "crosswalk", "backup", "-o", backup)
		l.ground.exec(t, "DELETE FROM "+l.own("crosswalk")+" WHERE source_key > '2'")
		l.arm("1h")
		l.killedAt(string(point)+":1", "crosswalk", "restore", backup)
		l.armAgain() // where the restore had come to its end
		l.run(exitLanded, "crosswalk", "restore", backup)
		if got := l.sorted("SELECT entity_id, source_key, target_key, role, state FROM " + l.own("crosswalk")); !slices.Equal(whole, got) {
			t.Errorf("killed at %s: %d entries are restored to %d", point, len(whole), len(got))
		}
		l.armAgain()
		mentions(t, l.run(exitLanded, "crosswalk", "restore", backup), ": 0 of ")
	}
}

// duringRebuild: what is away is told, keeps a person from closing the target,
// and is there again before the engine closes it.
func duringRebuild(t *testing.T, k kind) {
	for _, broken := range []string{string(run.PointTaken) + ":1", string(run.PointRebuilding) + ":1", string(run.PointRebuilding) + ":2", string(run.PointRebuilt) + ":1"} {
		l := waveLife(t, k)
		whole := l.indexes()
		l.killedAt(broken, waveRun...)
		if got := l.indexes(); len(got) >= len(whole) {
			t.Errorf("killed at %s, and no index is away", broken)
		}
		mentions(t, l.run(exitLanded, "status"), "Indexes are away", "owners_by_name on ")
		mentions(t, l.run(exitLanded, "guard", "status"), "owners_by_name on ")
		mentions(t, l.run(exitRefused, "guard", "disarm"), "refused (indexes-open)", "owners_by_name on ")
		told := l.run(exitOpen, "resume")
		mentions(t, told, "indexes are away since run wave-0001 took them")
		l.asWhole()
		l.waveEnded()
	}
	// By hand, before the run goes on.
	l := waveLife(t, k)
	whole := l.indexes()
	l.killedAt(string(run.PointRebuilding)+":1", waveRun...)
	l.run(exitLanded, "indexes", "rebuild")
	if got := l.indexes(); !slices.Equal(whole, got) {
		t.Errorf("made again by hand: %v, want %v", got, whole)
	}
	l.run(exitOpen, "resume")
	l.asWhole()
}

// targetDown: an outage and a pause of the target cost time alone, and no more
// of it than the target is armed for.
func targetDown(t *testing.T, k kind) {
	t.Run("down", func(t *testing.T) {
		l := waveLife(t, k)
		if k == onPostgres {
			server := servertest.Private(t)
			l.ground = newDatabase(t, server.URL("postgres"), nil, t.Cleanup)
			l.ground.exec(t, "DROP TABLE lines;\nDROP TABLE orders;\nDROP TABLE customers;\nDROP TABLE regions")
			l.wave()
			p := l.start(fmt.Sprintf("%s:3:%s", run.PointLanded, deedHold), waveRun...)
			p.reached()
			server.Kill9()
			p.goOn()
			p.says("trying again")
			time.Sleep(1500 * time.Millisecond)
			restart(t, server)
			p.wait(exitOpen)
			if waits := strings.Count(p.output.String(), "trying again"); waits < 3 || waits > 60 {
				t.Errorf("it tried %d times: that is no back-off", waits)
			}
		} else {
			p := l.start(fmt.Sprintf("%s:3:%s", run.PointRead, deedHold), waveRun...)
			p.reached()
			stranger := l.ground.open(t)
			defer stranger.Close(t.Context())
			writing, err := stranger.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.goOn()
			p.says("trying again")
			if err := writing.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.wait(exitOpen)
		}
		l.asWhole()
		l.waveEnded()
	})
	t.Run("throttled beyond the time it is armed for", func(t *testing.T) {
		l := waveLife(t, k)
		l.run(exitLanded, "guard", "disarm")
		l.arm("5s")
		armed := time.Now()
		p := l.start(fmt.Sprintf("%s:2:%s", run.PointCommitted, deedHold), append(waveRun, "--lanes", "1")...)
		p.reached()
		l.ground.exec(t, "UPDATE shop SET on_sale = 1")
		time.Sleep(300 * time.Millisecond) // it is asked every 100 ms
		p.goOn()
		p.says("paused: the target suffers")
		time.Sleep(time.Until(armed.Add(5 * time.Second)))
		l.ground.exec(t, "UPDATE shop SET on_sale = 0")
		p.wait(exitRefused)
		mentions(t, p.output.String(), "refused (mode-expired)")
		if got := l.sorted("SELECT count(*) FROM " + l.own("entry") + " WHERE code NOT IN ('too-long')"); got[0] != "0" {
			t.Errorf("%s records failed by the outage", got[0])
		}
		if got := l.indexes(); len(got) < 2 {
			t.Errorf("the indexes are not back: %v", got)
		}
		mentions(t, l.run(exitRefused, "resume"), "refused (mode-")
		l.arm("1h")
		l.run(exitOpen, "resume")
		l.asWhole()
		l.waveEnded()
	})
}

// diskFull: what cannot be written ends the run before the next batch, and the
// books are whole.
func diskFull(t *testing.T, k kind) {
	if k == onPostgres {
		// What the engine writes on its own host are spilled keys and the run's files.
		l := waveLife(t, k)
		nowhere := filepath.Join(l.dir, "nowhere")
		l.env = []string{"TMPDIR=" + nowhere}
		l.run(exitBroken, waveRun...)
		if got := l.sorted("SELECT count(*) FROM owners"); got[0] != "1" {
			t.Errorf("no room to spill to, and %s owners are there", got[0])
		}
		l.arm("1h") // a run that broke closed the target
		l.env = []string{largestFile + "=40"}
		l.run(exitBroken, "resume") // all has landed, and there is no room for the files
		l.env = nil
		l.run(exitOpen, "resume")
		l.asWhole()
		l.waveEnded()
		return
	}
	broken := 0
	for _, room := range []int{40 << 10, 120 << 10, 240 << 10} {
		l := waveLife(t, k)
		l.env = []string{largestFile + "=" + itoa(room)}
		if l.start("", waveRun...).wait(exitBroken, exitOpen) == exitBroken {
			broken++
		}
		l.env = nil
		if sound := l.sorted("PRAGMA integrity_check"); sound[0] != "ok" {
			t.Errorf("the books are not sound: %v", sound)
		}
		l.armAgain()
		if p := l.start("", "resume"); p.wait(exitOpen, exitUsage) == exitUsage {
			l.run(exitOpen, waveRun...) // not even the run had room, or it had come to its end
		}
		l.asWhole()
	}
	if broken == 0 {
		t.Error("no run met the full disk")
	}
}

// twoOperators: the second is refused as long as the first is there, and takes
// over when its lease has run out; then the first writes nothing more.
func twoOperators(t *testing.T, k kind) {
	l := waveLife(t, k)
	first := l.start(fmt.Sprintf("%s:4:%s", run.PointRead, deedHold), append(waveRun, "--lanes", "1")...)
	first.reached()
	for _, args := range [][]string{waveRun, {"resume"}, {"abandon", "wave-0001"}, {"indexes", "rebuild"}} {
		second := l.startBeside("", args...)
		second.wait(exitEnvironment)
		mentions(t, second.output.String(), "is being run by", fmt.Sprintf("pid %d", first.cmd.Process.Pid), "wave-0001")
	}
	// By now it has made the keys of the next batch, so no transaction of it is open: it falls asleep.
	first.signal(syscall.SIGSTOP)
	l.expireLease()
	second := l.startBeside("", "resume")
	second.wait(exitOpen)
	l.asWhole()
	first.goOn()
	first.signal(syscall.SIGCONT)
	first.wait(exitBroken)
	mentions(t, first.output.String(), books.ErrLeaseLost.Error())
	l.asWhole()
	l.waveEnded()
}
