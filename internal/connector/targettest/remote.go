package targettest

import (
	"testing"

	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// RemoteHarness makes APIs of one kind, each without records, and answers what
// that kind can do. It says how the records of the suite look, so that the suite
// asks no API which one it is.
type RemoteHarness struct {
	// Start makes an API without records.
	Start func(t *testing.T) RemoteGround
	// Type is the type of record, Key its key, which the API gives, and Fields what
	// is written.
	Type   string
	Key    []string
	Fields []string
	// Record is the n-th record: texts for Fields, each of which the API must give
	// back; no two records are the same in what must be unique.
	Record func(n int) map[string]string
	// Unique is the field by which a record that is there already is noticed.
	Unique string
	// Update is a field that is changed, and what it is then; it is not unique.
	Update, Updated string
	// Refuse changes a record so that the API itself refuses it for its content, with
	// the code; nil: the API refuses nothing.
	Refuse func(record map[string]string) record.Code
	// Largest is how many bytes the body of a call may have; 0: any number.
	Largest int
	// Wide is a field that takes texts of many bytes, to fill calls with.
	Wide string
	// Versions: a record that was changed since it was read is not changed again.
	Versions bool
}

// RemoteGround is one API.
type RemoteGround struct {
	API target.API
	// Lose has the answers of the next writing calls be lost after they were carried
	// out; LoseCalls the calls before they are.
	Lose, LoseCalls func(calls int)
	// Throttle has the next writing calls be refused for now.
	Throttle func(calls int)
	// Bodies are those of the writing calls that arrived since it was last asked.
	Bodies func() []string
}

// RunRemote runs the suite.
func RunRemote(t *testing.T, h RemoteHarness) {
	for _, test := range []struct {
		name string
		run  func(*remoteGround)
	}{
		{"CreateAndFetch", testRemoteCreate},
		{"Refused", testRemoteRefused},
		{"Duplicate", testRemoteDuplicate},
		{"Match", testRemoteMatch},
		{"Update", testRemoteUpdate},
		{"UpdateOfNothing", testRemoteUpdateOfNothing},
		{"UpdateOfMissing", testRemoteUpdateOfMissing},
		{"UpdateOfChanged", testRemoteUpdateOfChanged},
		{"Delete", testRemoteDelete},
		{"Count", testRemoteCount},
		{"LargeBatches", testRemoteLargeBatches},
		{"TooLarge", testRemoteTooLarge},
		{"Throttled", testRemoteThrottled},
		{"LostAnswer", testRemoteLostAnswer},
		{"LostCall", testRemoteLostCall},
		{"SomebodyElses", testRemoteSomebodyElses},
		{"LostUpdate", testRemoteLostUpdate},
		{"LostDelete", testRemoteLostDelete},
		{"Interrupted", testRemoteInterrupted},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(h.remote(t))
		})
	}
}

// remoteGround is an API with the type of the suite.
type remoteGround struct {
	RemoteGround
	t       *testing.T
	h       RemoteHarness
	remote  target.Remote
	able    target.Abilities
	columns []sqldb.Column
	sent    int
}

func (h RemoteHarness) remote(t *testing.T) *remoteGround {
	t.Helper()
	g := &remoteGround{RemoteGround: h.Start(t), t: t, h: h}
	t.Cleanup(g.API.Close)
	table, err := g.API.Table(t.Context(), h.Type, h.Fields)
	if err != nil {
		t.Fatal(err)
	}
	column := func(name string) sqldb.Column {
		c, ok := table.Column(name)
		if !ok {
			t.Fatalf("%s has no column %s", h.Type, name)
		}
		return *c
	}
	var key []sqldb.Column
	for _, name := range h.Key {
		key = append(key, column(name))
	}
	for _, name := range h.Fields {
		g.columns = append(g.columns, column(name))
	}
	if g.remote, err = g.API.Remote(table, key); err != nil {
		t.Fatal(err)
	}
	g.able = g.remote.Abilities()
	return g
}
