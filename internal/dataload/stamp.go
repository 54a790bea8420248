package dataload

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// stampLayout is the vendor's: local time, and months in English whatever the
// locale.
const stampLayout = "Jan_02_2006_15_04_05"

// stamp is the part that the names of a run's files have in common. As long as
// it is held nobody else gets the same one, so files may be moved to its names.
type stamp struct {
	dir  string
	text string
	held string // a file of no content
}

// claimStamp finds a stamp that no file of the given kinds has yet.
func claimStamp(dir string, at time.Time, kinds []string) (*stamp, error) {
	text := at.Format(stampLayout)
	for n := 2; ; n++ {
		s := &stamp{dir: dir, text: text, held: filepath.Join(dir, ".dataload_"+text)}
		claimed, err := s.claim(kinds)
		if err != nil || claimed {
			return s, err
		}
		text = fmt.Sprintf("%s_%d", at.Format(stampLayout), n)
	}
}

func (s *stamp) claim(kinds []string) (bool, error) {
	file, err := os.OpenFile(s.held, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := file.Close(); err != nil {
		return false, errors.Join(err, s.release())
	}
	for _, kind := range kinds {
		if _, err := os.Lstat(s.path(kind)); err == nil {
			return false, s.release()
		}
	}
	return true, nil
}

func (s *stamp) release() error { return os.Remove(s.held) }

// path is where the file of a kind is: success_May_22_2019_10_55_07.csv.
func (s *stamp) path(kind string) string {
	return filepath.Join(s.dir, kind+"_"+s.text+".csv")
}
