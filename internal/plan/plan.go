// Package plan writes down what a run would do before it does it, lets people
// approve that, and holds the run to it: what moved since is not written over.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/record"
)

// Format is the version of plan.json that this program writes.
const Format = 2

// Plan is a plan.json: all of a plan but its records, which have a file of their
// own beside it.
type Plan struct {
	Format      int      `json:"format"`
	Migration   string   `json:"migration"`
	Mode        string   `json:"mode"`
	Author      string   `json:"author"`     // user@host
	CreatedAt   string   `json:"created_at"` // UTC, 2006-01-02T15:04:05Z
	MappingHash string   `json:"mapping_hash"`
	Mapping     []string `json:"mapping"` // what it says, line by line
	Settings    Settings `json:"settings"`
	Target      Target   `json:"target"`
	Run         string   `json:"run"` // the name that the run will get, if none comes before it
	Entities    []Entity `json:"entities"`
	// Circles are entities that refer to each other: each names them in the order
	// of landing, the first one again at its end.
	Circles   [][]string `json:"circles,omitempty"`
	Questions []string   `json:"questions,omitempty"` // what nobody has settled yet
	Rollback  []string   `json:"rollback"`            // how what the run does is undone, step by step
	// Records is the SHA-256 of the records' file.
	Records string `json:"records"`

	// Hash is the SHA-256 of all above. Approvals name it.
	Hash      string           `json:"hash"`
	Approvals []guard.Approval `json:"approvals,omitempty"`
}

// Settings are what is asked of the run beside its mode.
type Settings struct {
	Records int               `json:"batch_records"`
	Bytes   int               `json:"batch_bytes"`
	Inputs  map[string]string `json:"inputs,omitempty"` // entity -> file in place of its own
	// StartRows are first row numbers by entity, where the command gave some.
	StartRows map[string]int64 `json:"start_row_numbers,omitempty"`
}

// Target is the database that the plan is for.
type Target struct {
	Connection  string      `json:"connection"`
	Environment string      `json:"environment,omitempty"`
	Place       guard.Place `json:"place"`
	ID          string      `json:"id,omitempty"` // kept inside, where the books have one
}

// Entity is the plan for an entity; the entities stand in the order of landing.
type Entity struct {
	Name       string                       `json:"name"`
	Table      string                       `json:"table"`
	TableHash  string                       `json:"table_hash"` // of what the catalogue declares of it
	Origin     string                       `json:"origin"`
	Input      []ledger.Fact                `json:"input"` // by what the source is recognised
	Slices     []Slice                      `json:"slices"`
	After      []After                      `json:"after,omitempty"` // what lands before it, and why
	Key        string                       `json:"key"`             // how new rows get theirs
	Records    int64                        `json:"records"`
	Counts     map[record.Disposition]int64 `json:"counts"`
	Rejections []Rejection                  `json:"rejections,omitempty"` // the most common ones first, and of each code at least one
	// MoreRejections is how many reasons there are besides those.
	MoreRejections int      `json:"more_rejections,omitempty"`
	Unforeseen     []string `json:"unforeseen,omitempty"` // rules that only the target can judge
	// Erased are columns in which rows lose the value that they have.
	Erased []Erasure `json:"erased,omitempty"`
}

// Erasure is how often a column's value is replaced by NULL.
type Erasure struct {
	Column string `json:"column"`
	Count  int64  `json:"count"`
	First  string `json:"first"` // the first such record
}

// Slice is a part of an entity's source.
type Slice struct {
	Number  int    `json:"number"`
	Name    string `json:"name"`
	Records int64  `json:"records"`
	Content string `json:"content"` // SHA-256 over the hashes of its records, in order
}

// After says that an entity lands after another one.
type After struct {
	Entity string `json:"entity"`
	Why    string `json:"why"`
}

// Rejection is how often records are rejected for one reason.
type Rejection struct {
	Disposition record.Disposition `json:"disposition"`
	Code        record.Code        `json:"code"`
	Field       string             `json:"field,omitempty"`
	Count       int64              `json:"count"`
	First       string             `json:"first"` // the first such record
}

// ContentHash is the SHA-256 of everything but hash and approvals.
func (p *Plan) ContentHash() (string, error) {
	content := *p
	content.Hash, content.Approvals = "", nil
	text, err := json.Marshal(&content)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// RecordsFile is the file that holds the records of a plan file.
func RecordsFile(path string) string {
	return strings.TrimSuffix(path, ".json") + ".records.zst"
}

// ErrNoPlan says that a file is no plan, or one that nobody can rely on.
var ErrNoPlan = errors.New("not a plan")

// Read reads a plan file. A file whose content is not what its hash says is
// refused with a *guard.Refusal, so nobody approves or runs what somebody changed
// by hand.
func Read(path string) (*Plan, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: there is no file %s: make one with `landfall plan -o %s`", ErrNoPlan, path, path)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNoPlan, err)
	}
	var p Plan
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoPlan, path, err)
	}
	if p.Format != Format {
		return nil, fmt.Errorf("%w: %s has format %d, and this program knows format %d: plan again", ErrNoPlan, path, p.Format, Format)
	}
	hash, err := p.ContentHash()
	if err != nil {
		return nil, err
	}
	if hash != p.Hash {
		return nil, changed("%s was changed after it was made: its content has the hash %s, and it says %s", path, short(hash), short(p.Hash))
	}
	odd, err := p.oddKey(text)
	if err != nil {
		return nil, err
	}
	if odd != "" {
		return nil, changed("%s was changed after it was made: %s", path, odd)
	}
	return &p, nil
}

// changed refuses a plan that nobody can rely on.
func changed(format string, args ...any) error {
	return &guard.Refusal{Code: guard.CodePlan, Text: fmt.Sprintf(format, args...) + "; plan again"}
}

func short(hash string) string { return hash[:min(12, len(hash))] }

// Write writes a plan file whole or not at all.
func (p *Plan) Write(path string) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return atomically(path, func(file *os.File) error {
		_, err := file.Write(append(text, '\n'))
		return err
	})
}

// atomically writes a file beside its place and puts it there when it is whole
// and on disk.
func atomically(path string, write func(*os.File) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := write(file); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := errors.Join(file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
