package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"landfall/internal/ledger"
	"landfall/internal/mapping"
	"landfall/internal/proof"
	"landfall/internal/report"
	"landfall/internal/sqldb"
)

// verify checks a report's file and the books, or the books alone where what is
// named is a run.
func (f *front) verify(ctx context.Context, target, named string, asJSON bool) error {
	text, err := os.ReadFile(named)
	isFile := err == nil
	if err != nil && named != "" && !errors.Is(err, fs.ErrNotExist) {
		return usagef("--verify %s: %w", named, errors.Unwrap(err))
	}
	said := report.Verification{}
	var account *report.Account
	if isFile {
		said.File, said.Bytes = named, len(text)
		account, said.FileFaults = report.ReadAccount(text, program())
	}
	if isFile && account == nil {
		// Not even which run it is of can be told.
		return f.verified(said, asJSON)
	}
	err = f.look(ctx, target, func(file *mapping.File, tx sqldb.Tx, l *ledger.Ledger) error {
		run, fault, digest, words, err := f.toVerify(ctx, tx, l, file.Name, named, account, len(said.FileFaults) > 0)
		if err != nil {
			return err
		}
		said.Run = named
		if account != nil {
			said.Run = account.Run.Name
		}
		if run == nil {
			said.Books = &proof.Verdict{Faults: []proof.Fault{*fault}}
			return nil
		}
		if !isFile {
			said.Run = run.Name
		}
		said.Compared = digest != nil
		said.Books, err = proof.Books(ctx, tx, l, run, digest, words)
		var malformed []report.FileFault
		if errors.Is(err, proof.ErrMalformed) {
			malformed = []report.FileFault{{Part: "data", Section: "books", Offset: -1, Text: err.Error()}}
			said.Compared = false
			said.Books, err = proof.Books(ctx, tx, l, run, nil, words)
		}
		if err != nil {
			return err
		}
		if fault != nil {
			said.Books.Faults = append([]proof.Fault{*fault}, said.Books.Faults...)
			said.Contradictions = malformed
			return nil
		}
		if account == nil || len(said.FileFaults) > 0 {
			return nil
		}
		found, notes, err := report.Contradict(ctx, tx, l, run, account)
		if err != nil && !said.Books.Holds() {
			// Books that are known to be damaged need not be readable.
			notes, err = []string{"the report could not be told again from the books"}, nil
		}
		said.Contradictions = append(malformed, found...)
		said.Books.Notes = append(said.Books.Notes, notes...)
		return err
	})
	if err != nil {
		return err
	}
	return f.verified(said, asJSON)
}

// toVerify finds the run in the books. What a damaged report says of the books
// is not asked.
func (f *front) toVerify(ctx context.Context, tx sqldb.Tx, l *ledger.Ledger, migration, named string, account *report.Account, damaged bool) (*ledger.Run, *proof.Fault, *proof.Digest, *proof.Said, error) {
	if account == nil {
		run, err := findRun(ctx, tx, l, migration, named)
		if err == nil || named == "" {
			return run, nil, nil, nil, err
		}
		found, fault, other := proof.Find(ctx, tx, l, migration, named, 0)
		if other != nil || found == nil && fault == nil {
			return nil, nil, nil, nil, errors.Join(err, other)
		}
		return found, fault, nil, nil, nil
	}
	if account.Run.Migration != migration && !damaged {
		return nil, nil, nil, nil, usagef("the report is of migration %s, and the mapping is of %s: name its mapping with -f", account.Run.Migration, migration)
	}
	id := account.Run.ID
	if damaged {
		id = 0
	}
	run, fault, err := proof.Find(ctx, tx, l, migration, account.Run.Name, id)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	if run == nil && fault == nil {
		fault = &proof.Fault{Table: "run", Row: account.Run.Name, Text: "the books do not hold the run"}
	}
	if damaged {
		return run, fault, nil, nil, nil
	}
	return run, fault, account.Books, &proof.Said{State: account.Run.State, EndedAt: account.Run.EndedAt, Error: account.Run.Error}, nil
}

func (f *front) verified(said report.Verification, asJSON bool) error {
	if asJSON {
		if err := report.JSONLine(f.Out, said); err != nil {
			return err
		}
	} else {
		report.WriteVerification(f.Out, said)
	}
	if !said.Holds() {
		return &ended{exitDiffers}
	}
	return nil
}
