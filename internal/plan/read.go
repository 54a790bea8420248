package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"landfall/internal/record"
	"landfall/internal/run"
)

// verifyRecords makes sure that the records' file is the one that the plan names.
func (p *Plan) verifyRecords(path string) error {
	file, err := os.Open(RecordsFile(path))
	if err != nil {
		return fmt.Errorf("%w: the records of %s: %w", ErrNoPlan, path, err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrNoPlan, RecordsFile(path), err)
	}
	if is := hex.EncodeToString(sum.Sum(nil)); is != p.Records {
		return changed("%s is not the file of %s: it has the hash %s, and the plan says %s", RecordsFile(path), path, short(is), short(p.Records))
	}
	return nil
}

// held hands a run what was foreseen of its records.
type held struct{ path string }

// Open implements run.Planned.
func (h held) Open(entity string) (run.PlannedRecords, error) {
	records, err := OpenRecords(h.path)
	if err != nil {
		return nil, err
	}
	return &ofEntity{Records: records, wanted: entity}, nil
}

// ofEntity are the records of one entity.
type ofEntity struct {
	*Records
	wanted string
}

var entityLine = []byte(`{"entity":`)

// Next implements run.PlannedRecords. Records of other entities are not looked
// at.
func (o *ofEntity) Next() (*run.Forecast, error) {
	for o.entity != o.wanted {
		text, err := o.in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil && len(text) == o.in.Size():
			continue // a long line of another entity
		case err != nil:
			return nil, fmt.Errorf("%w: %s: %w", ErrNoPlan, o.file.Name(), err)
		case !bytes.HasPrefix(text, entityLine):
			continue
		}
		if err := o.Records.enter(text); err != nil {
			return nil, err
		}
	}
	f, err := o.Records.Next()
	if err == nil && f.Ref.Entity != o.wanted {
		return nil, io.EOF
	}
	return f, err
}

// Find tells what is planned for a record: all of its key, since several may
// have it.
func Find(path string, ref record.Ref) ([]*run.Forecast, error) {
	records, err := held{path}.Open(ref.Entity)
	if err != nil {
		return nil, err
	}
	defer records.Close()
	var found []*run.Forecast
	for {
		f, err := records.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if f.Ref == ref {
			found = append(found, f)
		}
	}
}
