package report

import (
	"landfall/internal/ledger"
	"landfall/internal/proof"
	"landfall/internal/record"
)

// accountFormat is the version of the report's JSON.
const accountFormat = 1

// Account is what a run did, as its report tells it: the page shows what is in
// here and nothing else. All of it comes from the books.
type Account struct {
	Format  int    `json:"format"`
	Program string `json:"program"`
	// Layout names the page's template and style: another program may draw the
	// same account in another way.
	Layout       string          `json:"layout"`
	MadeAt       string          `json:"made_at"`
	ShowsPrivate bool            `json:"shows_private,omitempty"`
	Run          AccountRun      `json:"run"`
	Entities     []AccountEntity `json:"entities"`
	Rejections   []Reason        `json:"rejections"`
	// OtherRejections is how many records did not land for reasons that are too
	// rare to be listed.
	OtherRejections int64                `json:"other_rejections,omitempty"`
	Totals          []AccountTotal       `json:"totals,omitempty"`
	Fingerprints    []AccountFingerprint `json:"fingerprints,omitempty"`
	// Reconciliation is the newest complete comparison of the target with what it
	// must hold after the run: completed, and over all that the run was over.
	Reconciliation *AccountReconciliation `json:"reconciliation,omitempty"`
	// Others are the newer comparisons that were narrower, or did not come to
	// their end; newest first.
	Others []AccountReconciliation `json:"other_reconciliations,omitempty"`
	// OthersMore is how many of those are not told.
	OthersMore int `json:"other_reconciliations_more,omitempty"`

	Followers []AccountFollower `json:"followers,omitempty"`
	Pace      *AccountPace      `json:"pace,omitempty"`
	Mapping   []string          `json:"mapping"`
	// Books are the digests of everything that the run wrote; of a run that has
	// ended.
	Books *proof.Digest `json:"books,omitempty"`
	// Integrity is last, so that its place is known from the end.
	Integrity Integrity `json:"integrity"`

	veils           *Veils
	reconciliations []int64 // the numbers of those told that have ended
}

// AccountRun says what ran, by whom, where and when.
type AccountRun struct {
	ID           int64             `json:"id"`
	Name         string            `json:"name"`
	Migration    string            `json:"migration"`
	Mode         string            `json:"mode"`
	Over         string            `json:"over"`
	State        ledger.State      `json:"state"`
	Parent       string            `json:"parent,omitempty"` // the run that is retried or undone
	Actor        string            `json:"actor"`
	Host         string            `json:"host"`
	Target       string            `json:"target"`
	StartedAt    string            `json:"started_at"`
	EndedAt      string            `json:"ended_at,omitempty"`
	Milliseconds int64             `json:"milliseconds"` // from its start to its end, or to its last batch
	Error        string            `json:"error,omitempty"`
	MappingHash  string            `json:"mapping_hash"`
	Seal         string            `json:"seal,omitempty"`
	Only         []string          `json:"only,omitempty"`
	OnlyMore     int               `json:"only_more,omitempty"` // records named beyond those
	Limit        int64             `json:"limit,omitempty"`
	Inputs       map[string]string `json:"inputs,omitempty"`
	BatchRecords int               `json:"batch_records"`
	BatchBytes   int               `json:"batch_bytes"`
}

// AccountEntity is an entity's part in the run.
type AccountEntity struct {
	Name        string                       `json:"name"`
	Done        bool                         `json:"done"`
	Origin      string                       `json:"origin"`
	Table       string                       `json:"target_table,omitempty"`
	Input       []ledger.Fact                `json:"input,omitempty"` // what the source was recognised by
	Read        int64                        `json:"read"`
	SourceCount int64                        `json:"source_count"` // -1 where the source cannot count
	Counts      map[record.Disposition]int64 `json:"counts"`
	Adopted     int64                        `json:"adopted,omitempty"`
	Linked      int64                        `json:"linked,omitempty"`
	Balance     string                       `json:"balance"` // holds, open, or what does not add up
	Slices      []AccountSlice               `json:"slices"`
}

// AccountSlice is a part of an entity's source.
type AccountSlice struct {
	Name    string `json:"name"`
	Count   int64  `json:"count"`
	Read    int64  `json:"read"`
	Batches int64  `json:"batches"`
	Seal    string `json:"seal,omitempty"`
	LastAt  string `json:"last_batch_at,omitempty"`
}

// AccountTotal is a declared total before and after the run.
type AccountTotal struct {
	Entity string   `json:"entity"`
	Name   string   `json:"name"`
	Group  []string `json:"group,omitempty"`
	Before *string  `json:"before"`
	After  *string  `json:"after"`
	Open   bool     `json:"open,omitempty"` // the entity has not ended: there is no after yet
}

// AccountFingerprint says whether the rows that were none of the run's business
// are what they were.
type AccountFingerprint struct {
	Entity       string `json:"entity"`
	Held         bool   `json:"held"`
	Open         bool   `json:"open,omitempty"` // the entity has not ended
	RowsBefore   int64  `json:"rows_before"`
	RowsExpected int64  `json:"rows_expected,omitempty"`
	RowsAfter    int64  `json:"rows_after,omitempty"`
	RowsOthers   int64  `json:"rows_others,omitempty"` // created by others meanwhile, as far as that could be told
}

// AccountReconciliation is a comparison of the target with what it must hold
// after the run.
type AccountReconciliation struct {
	Name      string                        `json:"name"`
	State     string                        `json:"state"`
	Actor     string                        `json:"actor"`
	Host      string                        `json:"host"`
	StartedAt string                        `json:"started_at"`
	EndedAt   string                        `json:"ended_at,omitempty"`
	Error     string                        `json:"error,omitempty"`
	Bounds    []string                      `json:"bounds,omitempty"` // what it was limited to, in words; empty for one over everything
	Verdicts  []string                      `json:"verdicts"`         // those that were given, in the order of tables
	Entities  []AccountReconciliationEntity `json:"entities"`
	Examples  []AccountDifference           `json:"examples,omitempty"`
	More      int64                         `json:"more,omitempty"` // differences that are not shown
}

// AccountReconciliationEntity counts what was compared of an entity.
type AccountReconciliationEntity struct {
	Name        string           `json:"name"`
	Done        bool             `json:"done"`
	Counts      map[string]int64 `json:"counts"`
	Differences int64            `json:"differences"`
	NotLooked   []string         `json:"not_looked,omitempty"` // where it was not looked, and why
	AsOf        string           `json:"as_of,omitempty"`      // since when it is so, where part was looked at before the comparison was gone on with
}

// AccountDifference is one thing that is not as it must be.
type AccountDifference struct {
	Entity    string  `json:"entity"`
	Ref       string  `json:"ref,omitempty"`
	TargetKey string  `json:"target_key,omitempty"`
	Verdict   string  `json:"verdict"`
	Field     string  `json:"field,omitempty"`
	Expected  *string `json:"expected,omitempty"` // nil is NULL or nothing at all
	Found     *string `json:"found,omitempty"`
	Rule      string  `json:"rule,omitempty"`
	Message   string  `json:"message,omitempty"`
}

// AccountFollower is a later run that goes back to this one: it retried its
// records or undid them.
type AccountFollower struct {
	Name      string                       `json:"name"`
	Mode      string                       `json:"mode"`
	Over      string                       `json:"over"`
	State     ledger.State                 `json:"state"`
	Actor     string                       `json:"actor"`
	StartedAt string                       `json:"started_at"`
	Counts    map[record.Disposition]int64 `json:"counts"`

	id      int64
	endedAt string
}

// AccountPace is how fast records came, in equal steps of time.
type AccountPace struct {
	StepMilliseconds int64        `json:"step_milliseconds"`
	Entities         []EntityPace `json:"entities"`
}

// EntityPace is when an entity was carried: from the end of the one before to
// its own last batch, in milliseconds since the run's start.
type EntityPace struct {
	Name    string  `json:"name"`
	From    int64   `json:"from"`
	To      int64   `json:"to"`
	Batches int64   `json:"batches"`
	Read    int64   `json:"read"`
	Records []int64 `json:"records"` // of those, by step of time: batches are spread from the commit before to their own
}

// Undoes reports whether the run is a rollback.
func (a *Account) Undoes() bool { return a.Run.Over == ledger.KindRollback }

// Landed is how many records came to a good end.
func (a *Account) Landed() int64 { return a.Read() - a.Open() }

// Read is how many records were read.
func (a *Account) Read() int64 {
	n := int64(0)
	for i := range a.Entities {
		n += a.Entities[i].Read
	}
	return n
}

// Open is how many records did not land, or were not reversed.
func (a *Account) Open() int64 {
	n := int64(0)
	for i := range a.Entities {
		n += a.Entities[i].Open()
	}
	return n
}

// Open is how many of the entity's records did not land, or were not reversed.
func (e *AccountEntity) Open() int64 {
	n := int64(0)
	for disposition, count := range e.Counts {
		if disposition.TellsWhy() {
			n += count
		}
	}
	return n
}
