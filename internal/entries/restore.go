package entries

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"landfall/internal/books"
	"landfall/internal/crosswalk"
	"landfall/internal/guard"
	"landfall/internal/ledger"
	"landfall/internal/migration"
	"landfall/internal/sqldb"
)

// Restored is what a restore came to.
type Restored struct {
	Compared
	Added   int64  `json:"added"`
	Run     string `json:"run,omitempty"` // that tells of it; empty when there was nothing to add
	Foreign int64  `json:"foreign"`       // of those added, by runs that the books do not know
}

// Restore adds the entries of a backup that the books do not have. It changes no
// entry and takes none away: an entry that conflicts refuses the file as a whole,
// with a ConflictError. All is there together with the run that tells of it, or
// nothing; where nothing is to be added, nothing is written.
func Restore(ctx context.Context, end *migration.TargetEnd, file *crosswalk.BackupFile, o Options) (*Restored, error) {
	t, err := newTaking(end, o, "crosswalk restore")
	if err != nil {
		return nil, err
	}
	if err := mayRestore(ctx, end, file, o.MovedFrom); err != nil {
		var refusal *guard.Refusal
		if errors.As(err, &refusal) {
			err = t.Gate.Refuse(ctx, end.Looker(), refusal.Code, refusal.Text)
		}
		return nil, err
	}
	var result *Restored
	err = t.carry(ctx, func(ctx context.Context) (err error) {
		r := &restoring{taking: t, file: file}
		err = r.restore(ctx)
		result = &r.Restored
		return err
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	if err == nil && t.run != nil && result.Added > 0 {
		result.Run = t.run.Name
	}
	return result, err
}

// mayRestore refuses a backup of another migration, and one of another database:
// its entries name rows of that one, and here others may have their keys. moved
// is the identity of the database that is here now, as it was typed.
func mayRestore(ctx context.Context, end *migration.TargetEnd, file *crosswalk.BackupFile, moved string) error {
	if file.Header.Migration != end.File.Name {
		return refusedf("%s is of migration %s, and the mapping is of %s: name its mapping with -f", file.Path, file.Header.Migration, end.File.Name)
	}
	here, id, err := guard.Where(ctx, end.Looker())
	if err != nil {
		return err
	}
	origin := &file.Header.BackupOrigin
	// An id that only one of them has does not tell them apart: a backup may be
	// older than the first arming, and books may be gone.
	if there := guard.Place(origin.Place); there.Is(here) && (id == "" || origin.Identity == "" || id == origin.Identity) || moved == originOf(file) {
		return nil
	}
	return &guard.Refusal{Code: guard.CodeOtherDatabase, Text: fmt.Sprintf(
		"%s is of the %[4]s %[2]s, and this is %[3]s: its entries name rows of that one, and here others may have their keys. Where that %[4]s was moved or restored to this place, say so with --moved-from '%[2]s'",
		file.Path, originOf(file), here.Identity(id), guard.Place(origin.Place).Kind())}
}

// originOf is the identity of the database that a backup is of.
func originOf(file *crosswalk.BackupFile) string {
	return guard.Place(file.Header.Place).Identity(file.Header.Identity)
}

// Rehearse says what a restore would do; it writes nothing.
func Rehearse(ctx context.Context, end *migration.TargetEnd, file *crosswalk.BackupFile, o Options) (*Compared, error) {
	if err := mayRestore(ctx, end, file, o.MovedFrom); err != nil {
		return nil, err
	}
	present, err := books.Present(ctx, end.Looker())
	if err != nil {
		return nil, err
	}
	if present > books.Version {
		return nil, books.NewerError(present)
	}
	claims := newClaims(o.TempDir)
	if present == 0 { // nothing can conflict but the file with itself
		compared, err := claims.compare(file)
		return compared, errors.Join(err, claims.Close())
	}
	b, err := books.New(end.Looker().Dialect())
	if err != nil {
		return nil, err
	}
	tx, err := end.Looker().Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	compared, err := compareWith(ctx, tx, b, end, file, claims, o.Told)
	return compared, errors.Join(err, claims.Close())
}

// restoring is one attempt.
type restoring struct {
	*taking
	file     *crosswalk.BackupFile
	entities []ledger.Entity
	put      *crosswalk.Taking
	Restored
}

func (r *restoring) restore(ctx context.Context) error {
	names, err := namesOf(ctx, r.tx, r.books, r.end, r.file)
	if err != nil {
		return err
	}
	h := &r.file.Header
	c := compare(ctx, r.tx, r.books, r.file, names, r.o.Told)
	tables := map[int]bool{}
	c.open = func(entity, table string) (*crosswalk.Store, error) {
		store, err := crosswalk.Open(ctx, r.tx, r.books, h.Migration, entity, table)
		if err != nil {
			return nil, err
		}
		// Two records that claim one row are to be found by look-up, and to be
		// impossible from then on.
		_, err = store.EnsureReverse(ctx, r.tx)
		return store, err
	}
	if err := r.begin(ctx, names); err != nil {
		return err
	}
	c.missing = func(store *crosswalk.Store, saved []crosswalk.Saved) error {
		if table := saved[0].Table; !tables[table] {
			tables[table] = true
			if err := r.put.Table(ctx, r.tx, store, table); err != nil {
				return err
			}
		}
		return r.add(ctx, store, saved)
	}
	if err := c.walk(); err != nil {
		return err
	}
	r.Compared = c.Compared
	if c.Conflicts.Count > 0 {
		return &ConflictError{File: r.file.Path, Conflicts: c.Conflicts}
	}
	if r.Added == 0 {
		return errNothing
	}
	return r.complete(ctx, r.entities)
}

// begin writes the run. Each entity has a slice for every run that had made
// entries of it, so that the books tell of runs that they do not know.
func (r *restoring) begin(ctx context.Context, names []string) error {
	h := &r.file.Header
	r.entities = make([]ledger.Entity, len(names))
	for i, name := range names {
		id, err := crosswalk.EntityID(ctx, r.tx, r.books, h.Migration, name, true)
		if err != nil {
			return err
		}
		r.entities[i] = ledger.Entity{ID: id, Name: name, Origin: filepath.Base(r.file.Path)}
		for n, place := range h.Entities[i].Runs {
			made := "unknown"
			if place > 0 {
				made = h.Runs[place-1].Name
			}
			r.entities[i].Slices = append(r.entities[i].Slices, ledger.Slice{Number: n, Name: made, Count: -1})
		}
	}
	taken := ledger.Taken{File: filepath.Base(r.file.Path), SHA256: r.file.SHA256, MadeAt: h.MadeAt}
	if r.o.MovedFrom != "" {
		taken.Moved = originOf(r.file)
	}
	if err := r.start(ctx, ledger.ModeRestore, taken, r.entities); err != nil {
		return err
	}
	var err error
	r.put, err = crosswalk.Take(ctx, r.tx, r.books, h, r.run.ID)
	return err
}

// add writes entries that the books do not have, of one entity, table and run.
func (r *restoring) add(ctx context.Context, store *crosswalk.Store, saved []crosswalk.Saved) error {
	if err := r.put.Put(ctx, r.tx, store, saved); err != nil {
		return err
	}
	lines := make([]ledger.Line, len(saved))
	for i := range saved {
		lines[i] = lineOf(saved[i].SourceKey, saved[i].TargetKey, saved[i].RecordNo, 0, saved[i].OnTarget())
	}
	r.Added += int64(len(saved))
	if !r.put.Knows(saved[0].First) {
		r.Foreign += int64(len(saved))
	}
	slice := 0
	for n, place := range r.file.Header.Entities[saved[0].Entity].Runs {
		if place == saved[0].First {
			slice = n
		}
	}
	return r.tell(ctx, store.EntityID, slice, lines)
}

// namesOf are the names that the books have for the entities of a backup: one
// that was renamed since has its new name.
func namesOf(ctx context.Context, tx sqldb.Tx, b *books.Books, end *migration.TargetEnd, file *crosswalk.BackupFile) ([]string, error) {
	names := make([]string, len(file.Header.Entities))
	for i := range names {
		name := file.Header.Entities[i].Name
		id, err := crosswalk.EntityID(ctx, tx, b, file.Header.Migration, name, false)
		if err != nil {
			return nil, err
		}
		if names[i] = name; id != 0 {
			continue
		}
		for _, e := range end.File.Entities {
			if e.RenamedFrom == name {
				names[i] = e.Name
			}
		}
	}
	return names, nil
}
