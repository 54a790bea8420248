package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"landfall/internal/servertest"
)

// mostForPgloader bounds the rows that pgloader is given: more of them only take
// longer, at the same speed.
const mostForPgloader = 1_000_000

// choosePrograms finds what is to be measured.
func (g *ground) choosePrograms(s settings) error {
	bin, err := servertest.Binaries()
	if err != nil {
		return err
	}
	g.psql = filepath.Join(bin, "psql")
	if _, err := os.Stat(g.psql); err != nil {
		if g.psql, err = exec.LookPath("psql"); err != nil {
			return err
		}
	}
	if err := g.chooseLandfall(s); err != nil {
		return err
	}
	if s.plain && s.pgloader != "" && s.rows <= mostForPgloader {
		g.pgloader, _ = exec.LookPath(s.pgloader) // tellWhatIsMissing says that it is not there
	}
	return nil
}

// chooseLandfall finds the program to measure, and where its profiles go.
func (g *ground) chooseLandfall(s settings) (err error) {
	if s.landfall != "" {
		if g.landfall, err = filepath.Abs(s.landfall); err != nil {
			return err
		}
	}
	if s.profile != "" {
		if s.landfall == "" {
			return errors.New("-profile without -landfall: there is nothing to profile")
		}
		// This program carries Landfall, too, and can look into itself.
		if g.landfall, err = os.Executable(); err != nil {
			return err
		}
		if g.profiles, err = filepath.Abs(s.profile); err != nil {
			return err
		}
		if err := os.MkdirAll(g.profiles, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// tellWhatIsMissing says why a row of the report is not there.
func (g *ground) tellWhatIsMissing(out io.Writer, s settings) {
	switch {
	case g.pgloader != "" || s.pgloader == "" || !s.plain:
	case s.rows > mostForPgloader:
		fmt.Fprintf(out, "pgloader is left out: it is measured with up to %d rows\n", mostForPgloader)
	default:
		fmt.Fprintln(out, "pgloader is left out: it is not installed (apt-get install pgloader)")
	}
}
