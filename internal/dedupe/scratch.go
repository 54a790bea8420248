package dedupe

import "os"

// scratch is a file that nobody else needs to find.
type scratch struct {
	*os.File
	linger bool // its name is still in the folder
}

// newScratch takes the name away at once where the system allows that, so that
// a killed process leaves nothing behind.
func newScratch(dir string) (*scratch, error) {
	file, err := os.CreateTemp(dir, "landfall-seen-*")
	if err != nil {
		return nil, err
	}
	return &scratch{File: file, linger: os.Remove(file.Name()) != nil}, nil
}

func (s *scratch) close() error {
	err := s.Close()
	if s.linger {
		if e := os.Remove(s.Name()); err == nil {
			err = e
		}
	}
	return err
}
