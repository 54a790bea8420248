package dataload

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// The kinds of files of a rollback.
const (
	kindRollbackSuccess = "rollback_success"
	kindRollbackFail    = "rollback_fail"
	kindRollbackAbsent  = "rollback_absent" // what was gone already
)

var rollbackKinds = []string{kindRollbackSuccess, kindRollbackFail, kindRollbackAbsent}

// undoneRow is what became of one record.
type undoneRow struct {
	landedRow
	updated bool   // the run had changed it; else it had created it
	absent  bool   // it was gone already
	failed  bool   // it is as the run left it, or as somebody left it since
	changed bool   // likewise, because somebody changed it since
	reason  string // why it failed
}

// undoneFiles are the files of a rollback while they are written.
type undoneFiles struct {
	dir                   string
	success, fail, absent *table
}

// openFiles starts the files. That of failures has the vendor's columns first,
// and behind them those by which it can be given to the command once more.
func (u *undoing) openFiles() (*undoneFiles, error) {
	key := u.file.keyName
	if key == "" {
		key = DefaultKey
	}
	f := &undoneFiles{dir: u.o.OutputDir}
	var err error
	for _, kind := range []struct {
		into   **table
		name   string
		header []string
	}{
		{&f.success, kindRollbackSuccess, []string{"batch", "line", "uuid", key}},
		{&f.fail, kindRollbackFail, []string{"batch", "line", "error", "uuid", key}},
		{&f.absent, kindRollbackAbsent, []string{"batch", "line", "uuid", key}},
	} {
		if *kind.into, err = createTable(f.dir, kind.name, kind.header...); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// write writes a record's row, and counts it.
func (u *undoing) write(row *undoneRow) error {
	if _, _, err := u.seen.Claim([]byte(row.uuid), "", 0); err != nil {
		return err
	}
	switch {
	case row.failed:
		if row.changed {
			u.sum.Changed++
		}
		if row.updated {
			u.sum.Kept++
		} else {
			u.sum.Failed++
		}
		u.log.Errorf("line %s: %s", row.line, row.reason)
		return u.files.fail.write(row.batch, row.line, row.reason, row.uuid, row.key)
	case row.absent:
		u.sum.Absent++
		return u.files.absent.write(row.batch, row.line, row.uuid, row.key)
	case row.updated:
		u.sum.Restored++
	default:
		u.sum.Deleted++
	}
	return u.files.success.write(row.batch, row.line, row.uuid, row.key)
}

// finish names the files, and notes of which run they are: what stays is judged
// by the same books when the file of failures is given to the command.
func (u *undoing) finish() error {
	f := u.files
	s, err := claimStamp(f.dir, time.Now(), rollbackKinds)
	if err != nil {
		return err
	}
	n := &fileNote{Stamp: s.text, Rollback: true, Dir: u.o.outputFolder()}
	if u.run != nil {
		n.Run, n.Mapping = u.run.note.Run, u.run.note.Mapping
	}
	err = n.add(u.home)
	for _, t := range []*table{f.success, f.fail, f.absent} {
		if t.rows == 0 && t.kind == kindRollbackAbsent {
			err = errors.Join(err, t.discard())
			continue
		}
		path := s.path(t.kind)
		err = errors.Join(err, t.finish(path))
		u.sum.Files = append(u.sum.Files, path)
	}
	return errors.Join(err, syncDir(f.dir), s.release())
}

// Write prints the summary in the vendor's words, with a line for each end that
// the vendor's rollback does not know.
func (u *Undone) Write(w io.Writer) {
	line := func(n int64, text string) { fmt.Fprintf(w, "\t[%d] %s\n", n, text) }
	if u.DryRun {
		fmt.Fprintln(w, "DATALOAD ROLLBACK DRY RUN")
		line(u.Deleted, "would delete")
		if u.NoBooks {
			fmt.Fprintln(w, "\nNothing was sent: a dry run makes no call. No books of the run are there: what somebody has changed since would be deleted as well, and updates would stay.")
			return
		}
		line(u.Restored, "would restore: updated users")
		for _, told := range []struct {
			n    int64
			text string
		}{
			{u.Absent, "are undone already"},
			{u.Later, "would stay: a later run has written them since, and is to be undone first"},
			{u.Strange, "would stay: the run has not written them"},
		} {
			if told.n > 0 {
				line(told.n, told.text)
			}
		}
		fmt.Fprintln(w, "\nNothing was sent: a dry run makes no call. What somebody has changed since would stay.")
		return
	}
	fmt.Fprintln(w, "DATALOAD ROLLBACK RESULTS")
	line(u.Deleted, "Delete success. Number of records deleted in database")
	line(u.Failed, "Delete failures")
	if u.Absent > 0 {
		line(u.Absent, "already absent")
	}
	if u.Restored+u.Kept > 0 {
		line(u.Restored, "Restore success. Updated users that are as they were before")
		line(u.Kept, "Restore failures")
	}
	if u.Changed > 0 {
		line(u.Changed, "of the failures were changed since, and stay as they are")
	}
	s := &Summary{Type: u.Type, Total: u.Total, TotalError: u.Problem, Files: u.Files}
	s.writeTotal(w)
	s.writeFiles(w)
}
