package guard

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// TrailName is the name of the file in which refusals are noted while a target
// has no books to note them in.
const TrailName = "landfall-audit.jsonl"

// TrailBeside is the trail beside the folder for the files of runs; none where
// that has no name.
func TrailBeside(runs string) string {
	if runs == "" {
		return ""
	}
	return filepath.Join(filepath.Dir(filepath.Clean(runs)), TrailName)
}

// trailLine is a line of the trail: an event, and its link of the trail's own
// chain in hexadecimal.
type trailLine struct {
	Event
	Connection string `json:"connection"`
	Linked     string `json:"link"`
}

// refuseUnbooked notes a refusal in the trail and returns it.
func (g *Gate) refuseUnbooked(refusal *Refusal) error {
	if g.who.Trail == "" {
		return refusal
	}
	e := g.event(EventRefused)
	e.Message = refusal.noted()
	if err := noteInTrail(g.who.Trail, g.rules.Connection, e); err != nil {
		return errors.Join(refusal, fmt.Errorf("the refusal could not be noted in %s: %w", g.who.Trail, err))
	}
	return refusal
}

// noteInTrail appends an event to the file.
func noteInTrail(path, connection string, e Event) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	// Two commands that are refused at once write one after the other.
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	chain, err := readTrail(file)
	if err != nil {
		return err
	}
	e.Seq, e.At = chain.Entries, time.Now().UTC().Format(stamp)
	line, err := json.Marshal(trailLine{Event: e, Connection: connection, Linked: hex.EncodeToString(e.link(chain.Head))})
	if err != nil {
		return err
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		return err
	}
	return file.Sync()
}

// VerifyTrail follows the chain of a trail; where there is no file, it has no
// entries.
func VerifyTrail(path string) (*Chain, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Chain{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readTrail(file)
}

func readTrail(file *os.File) (*Chain, error) {
	c := &chainReader{chain: &Chain{}}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line trailLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			c.flaw("entry %d is no JSON any more", c.chain.Entries)
			c.chain.Entries++
			continue
		}
		line.Link, _ = hex.DecodeString(line.Linked) // what is no hexadecimal is no link
		c.next(line.Event)
	}
	return c.chain, lines.Err()
}
