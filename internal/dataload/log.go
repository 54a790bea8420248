package dataload

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// A log is moved aside before it grows beyond logBytes, and the oldest of
// logKept goes.
const (
	logBytes = 10 << 20
	logKept  = 5
)

// Log writes the vendor's two logs: one of everything and one without details.
// What is written names records by their numbers and lines. Nobody hands it
// cells or secrets; keys by which messages name records are taken out.
type Log struct {
	mu          sync.Mutex
	all, info   *rotating
	secrets     []string       // never written, whatever message carries them
	named       *regexp.Regexp // how messages name records: by type and key; nil: none do
	unwriteable error
}

// OpenLog opens NAME.log and NAME_info.log in a folder. secrets are masked
// wherever the outside world's words repeat them.
func OpenLog(dir, name string, secrets ...string) (*Log, error) {
	l := &Log{}
	for _, secret := range secrets {
		if secret != "" {
			l.secrets = append(l.secrets, secret)
		}
	}
	var err error
	if l.all, err = openRotating(filepath.Join(dir, name+".log")); err != nil {
		return nil, err
	}
	if l.info, err = openRotating(filepath.Join(dir, name+"_info.log")); err != nil {
		return nil, errors.Join(err, l.all.close())
	}
	return l, nil
}

// Debugf writes a detail, to the log of everything alone.
func (l *Log) Debugf(format string, args ...any) { l.write("DEBUG", format, args) }

// Infof writes what a person wants to know of a run.
func (l *Log) Infof(format string, args ...any) { l.write("INFO", format, args) }

// Warnf writes what a person should see to.
func (l *Log) Warnf(format string, args ...any) { l.write("WARNING", format, args) }

// Errorf writes why something did not land.
func (l *Log) Errorf(format string, args ...any) { l.write("ERROR", format, args) }

func (l *Log) write(level, format string, args []any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.nameless(strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " "))
	line := fmt.Sprintf("%s %s %s\n", time.Now().Format("2006-01-02 15:04:05,000"), level, text)
	err := l.all.append(line)
	if level != "DEBUG" {
		err = errors.Join(err, l.info.append(line))
	}
	if err != nil && l.unwriteable == nil {
		l.unwriteable = err
	}
}

// Nameless keeps the keys of records out of the log.
func (l *Log) Nameless(entity string) *Log {
	l.named = regexp.MustCompile(`\b` + regexp.QuoteMeta(entity) + `:("(?:[^"\\]|\\.)*"|[^\s),;]+)`)
	return l
}

func (l *Log) nameless(text string) string {
	if l.named != nil {
		text = l.named.ReplaceAllString(text, "***")
	}
	return l.masked(text)
}

func (l *Log) masked(text string) string {
	for _, secret := range l.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

// Close closes both logs, and returns the first error that writing met: a log is
// not worth breaking a run for.
func (l *Log) Close() error {
	return errors.Join(l.unwriteable, l.all.close(), l.info.close())
}

// rotating is a log file that does not grow for ever.
type rotating struct {
	path string
	file *os.File
	size int64
}

func openRotating(path string) (*rotating, error) {
	r := &rotating{path: path}
	return r, r.open()
}

func (r *rotating) open() (err error) {
	if r.file, err = os.OpenFile(r.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	info, err := r.file.Stat()
	if err != nil {
		return errors.Join(err, r.file.Close())
	}
	r.size = info.Size()
	return nil
}

func (r *rotating) append(line string) error {
	if r.file == nil {
		return nil // it could not be opened again, which has been said
	}
	if r.size > 0 && r.size+int64(len(line)) > logBytes {
		if err := r.rotate(); err != nil {
			return err
		}
	}
	n, err := r.file.WriteString(line)
	r.size += int64(n)
	return err
}

// rotate moves NAME to NAME.1, and each NAME.n to the next number.
func (r *rotating) rotate() error {
	err := r.file.Close()
	r.file = nil
	for n := logKept; n > 0 && err == nil; n-- {
		older := fmt.Sprintf("%s.%d", r.path, n)
		newer := r.path
		if n > 1 {
			newer = fmt.Sprintf("%s.%d", r.path, n-1)
		}
		if err = os.Rename(newer, older); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	return r.open()
}

func (r *rotating) close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
