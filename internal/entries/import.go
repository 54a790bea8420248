package entries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"landfall/internal/crosswalk"
	"landfall/internal/dedupe"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/record"
)

// ImportOptions say what is taken in.
type ImportOptions struct {
	Options
	Path      string
	Delimiter rune // 0 means a comma
	Entity    string
	SourceKey []string // columns of the file, in the order of the source key
	TargetKey []string // likewise
	Role      crosswalk.Role
	DryRun    bool // check all of it, and write nothing
}

// Imported is what an import came to.
type Imported struct {
	Read  int64  `json:"read"`
	Added int64  `json:"added"`
	Known int64  `json:"known"` // of those read: the crosswalk had the same row for the record
	Run   string `json:"run,omitempty"`
}

// LinesError refuses a file as a whole: lines of it are wrong, or conflict with
// the crosswalk or with each other.
type LinesError struct {
	file     string
	problems Findings
}

// Error names the first lines that are wrong.
func (e *LinesError) Error() string {
	noun := "lines are"
	if e.problems.Count == 1 {
		noun = "line is"
	}
	return fmt.Sprintf("%s: %d %s wrong; nothing was written:%s", e.file, e.problems.Count, noun, e.problems.text())
}

// Import takes entries into the crosswalk that another tool made: which row of
// the target each record of an entity is. Every row must be there, and stand for
// one record alone. All is there together with the run that tells of it, or
// nothing.
func Import(ctx context.Context, end *migration.TargetEnd, o ImportOptions) (*Imported, error) {
	found, err := end.Entity(ctx, o.Entity)
	if err != nil {
		return nil, err
	}
	if found == nil || found.Name != o.Entity {
		return nil, refusedf("the mapping has no entity %s", o.Entity)
	}
	if n := len(found.From.Key); len(o.SourceKey) != n {
		return nil, refusedf("the source key of %s has %d columns, and %d are named: expected the columns of the file in its order", o.Entity, n, len(o.SourceKey))
	}
	if len(o.TargetKey) != len(found.Key) {
		return nil, refusedf("the key of %s has %d columns, and %d are named: expected the columns of the file in its order", found.Table.Name, len(found.Key), len(o.TargetKey))
	}
	sum, err := sumOf(o.Path)
	if err != nil {
		return nil, err
	}
	t, err := newTaking(end, o.Options, "crosswalk import")
	if err != nil {
		return nil, err
	}
	carry := t.carry
	if o.DryRun {
		carry = t.rehearse
	}
	var result *Imported
	err = carry(ctx, func(ctx context.Context) (err error) {
		i := &importing{taking: t, o: o, entity: found, sum: sum}
		defer func() { err = errors.Join(err, i.close()) }()
		err = i.take(ctx)
		result = &i.Imported
		return err
	})
	switch {
	case errors.Is(err, errNothing):
		return result, nil
	case err != nil:
		return nil, err
	case o.DryRun:
		return result, nil
	}
	result.Run = t.run.Name
	return result, nil
}

// sumOf is the SHA-256 of a file.
func sumOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", Unreadable(err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", Unreadable(err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// pair is a line of the file: a record and its row.
type pair struct {
	number, line int64
	source       string
	target       string // canonical text
	key          []record.Value
}

// importing is one attempt.
type importing struct {
	*taking
	o      ImportOptions
	entity *migration.TargetEntity
	sum    string
	store  *crosswalk.Store
	there  standing
	// What the file has shown so far; they spill to disk.
	sources, targets *dedupe.Seen
	wrong            Findings
	batch            []pair
	Imported
}

// seenBytes bounds what each of them holds in memory.
const seenBytes = 16 << 20

func (i *importing) close() error {
	if i.sources == nil {
		return nil
	}
	return errors.Join(i.sources.Close(), i.targets.Close())
}

func (i *importing) take(ctx context.Context) error {
	var err error
	if i.store, err = crosswalk.Open(ctx, i.tx, i.books, i.end.File.Name, i.entity.Name, i.entity.Table.Name.String()); err != nil {
		return err
	}
	for _, ensure := range []func() (bool, error){
		func() (bool, error) { return i.store.EnsureReverse(ctx, i.tx) },
		func() (bool, error) { return i.store.EnsureSharing(ctx, i.tx) },
	} {
		if _, err := ensure(); err != nil {
			return err
		}
	}
	i.there = standingOf(i.books, i.entity)
	i.sources, i.targets = dedupe.NewSeen(i.o.TempDir, seenBytes), dedupe.NewSeen(i.o.TempDir, seenBytes)
	file := filepath.Base(i.o.Path)
	entities := []ledger.Entity{{
		ID: i.store.EntityID, Name: i.entity.Name, Origin: file, Slices: []ledger.Slice{{Name: file, Count: -1}},
		Input: []ledger.Fact{{Name: "sha256", Value: i.sum}},
	}}
	if err := i.start(ctx, ledger.ModeImport, ledger.Taken{File: file, SHA256: i.sum, Role: i.o.Role.String()}, entities); err != nil {
		return err
	}
	err = readColumns(i.o.Path, i.o.Delimiter, [][]string{i.o.SourceKey, i.o.TargetKey}, func(line int64, keys []string) error {
		i.Read++
		return i.read(ctx, pair{number: i.Read, line: line, source: keys[0], target: keys[1]})
	})
	if err == nil {
		err = i.settle(ctx)
	}
	if err != nil {
		return err
	}
	// The lines were read after the hash was made: the file may be another by now.
	switch sum, err := sumOf(i.o.Path); {
	case err != nil:
		return err
	case sum != i.sum:
		return inputf("%s was changed while it was read: nothing was written", i.o.Path)
	case i.wrong.Count > 0:
		return &LinesError{i.o.Path, i.wrong}
	case i.Added == 0:
		return errNothing
	}
	return i.complete(ctx, entities)
}
