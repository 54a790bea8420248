package lifetest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landfall/internal/run"
)

// drift is a change of the mapping or of the source between a kill and its
// resume.
type drift struct {
	name   string
	killed string // where the run is killed
	change func(t *testing.T, l *life)
	says   []string
	// Once the change is there to stay: what a row of the unbroken run becomes,
	// and rows that only the change brings.
	becomes func(row string) string
	brings  []string
}

var drifts = []drift{
	{
		name: "a field more", killed: "batch-committed:17",
		change: func(t *testing.T, l *life) {
			file := filepath.Join(l.dir, "landfall.yaml")
			write(t, file, withNote(read(t, file)))
		},
		says: []string{"note", "imported"},
		becomes: func(row string) string {
			if strings.HasPrefix(row, "lines") {
				row = strings.TrimSuffix(row, "∅") + "imported"
			}
			return row
		},
	},
	{
		name: "a byte of what has landed", killed: "batch-committed:6",
		change: func(t *testing.T, l *life) {
			file := filepath.Join(l.dir, "customers.csv")
			write(t, file, strings.Replace(read(t, file), `"Customer 1"`, `"Customer l"`, 1))
		},
		says:    []string{"customer", "customers.csv", "sha256"},
		becomes: func(row string) string { return strings.Replace(row, "| Customer 1 |", "| Customer l |", 1) },
	},
	{
		name: "rows more in a file", killed: "batch-committed:6",
		change: func(t *testing.T, l *life) {
			file := filepath.Join(l.dir, "customers.csv")
			write(t, file, read(t, file)+"9001,Late,late@example.com,1,1.25\n")
		},
		says:   []string{"customer", "customers.csv", "size"},
		brings: []string{"customers late@example.com | Late | 1.25 | 9001 | <R01>"},
	},
	{
		name: "rows more in a table", killed: "batch-committed:2",
		change: func(t *testing.T, l *life) {
			source := &ground{kind: onSQLite, url: "sqlite:legacy.db", dir: l.dir}
			source.exec(t, "INSERT INTO Region VALUES (900, 'R900', 'Late')")
		},
		says:   []string{"region", "Region", "rows: was 60, is 61"},
		brings: []string{"regions R900 | Late | 900"},
	},
}

// A run does not go on with a mapping or a source that is not what it was. It
// says what changed; put back, the run goes on; given up, a new one lands what
// is missing and nothing twice.
func TestDrift(t *testing.T) {
	for at, d := range drifts {
		k := kinds[at%2]
		t.Run(d.name, func(t *testing.T) {
			s := stageOf(t, k, "load")
			t.Parallel()
			l := newLife(t, k, s.before, s.edition)
			l.killedAt(d.killed, append(s.args, "--lanes", "1")...)
			mapping := read(t, filepath.Join(l.dir, "landfall.yaml"))
			rows := l.digest(s.run).Rows
			d.change(t, l)
			for _, args := range [][]string{{"resume"}, s.args} {
				mentions(t, l.run(exitUsage, args...), append(d.says, "landfall abandon "+s.run)...)
			}
			if diff := cmp.Diff(rows, l.digest(s.run).Rows); diff != "" {
				t.Errorf("what was refused wrote:\n%s", diff)
			}

			lay(t, s.edition, l.dir)
			write(t, filepath.Join(l.dir, "landfall.yaml"), mapping)
			l.killedAt(string(run.PointRead)+":1", "resume") // it goes on; break it again
			d.change(t, l)
			l.run(exitUsage, "resume")
			l.run(exitLanded, "abandon", s.run)
			l.run(exitUsage, "resume")
			l.run(exitUsage, "abandon", s.run)
			l.run(exitOpen, s.args...)
			want := slices.Clone(s.after.Rows)
			if d.becomes != nil {
				for i := range want {
					want[i] = d.becomes(want[i])
				}
			}
			want = append(want, d.brings...)
			slices.Sort(want)
			if diff := cmp.Diff(want, l.digest("life-0002").Rows); diff != "" {
				t.Errorf("after a new run:\n%.3000s", diff)
			}
			l.writesNothing()
		})
	}
}

// A source that breaks while it is read breaks the run; mended, it goes on.
func TestBrokenSource(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			s := stageOf(t, k, "load")
			t.Parallel()
			l := newLife(t, k, s.before, s.edition)
			p := l.start(string(run.PointCommitted)+":5:"+deedHold, s.args...)
			p.reached()
			file := filepath.Join(l.dir, "customers.csv")
			whole := read(t, file)
			if err := os.Truncate(file, int64(len(whole)/2)); err != nil {
				t.Fatal(err)
			}
			p.goOn()
			p.wait(exitBroken)
			mentions(t, p.output.String(), "customers.csv", "changed while it was being read", "landfall resume")
			l.run(exitUsage, "resume") // half a file is another file
			write(t, file, whole)
			l.run(exitOpen, "resume")
			l.same(s.after, s.run)
			l.filesTell(s.after, s.run)
		})
	}
}

// A disk that is full breaks the run; when there is room again it goes on.
func TestFullDisk(t *testing.T) {
	s := stageOf(t, onSQLite, "load")
	t.Parallel()
	info, err := os.Stat(s.before.file())
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int64{20 << 10, 60 << 10, 150 << 10} {
		l := newLife(t, onSQLite, s.before, s.edition)
		l.env = []string{largestFile + "=" + itoa(int(info.Size()+room))}
		p := l.start("", s.args...)
		p.wait(exitBroken)
		l.env = nil
		if p := l.start("", "resume"); p.wait(exitOpen, exitUsage) == exitUsage {
			mentions(t, p.output.String(), "nothing has been run yet") // not even the books had room
			l.run(exitOpen, s.args...)
		}
		l.same(s.after, s.run)
	}
}

// limitFiles is a full disk for one process.
func limitFiles(size uint64) error {
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: size})
}
