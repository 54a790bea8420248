package identitycloud

import (
	"context"
	"errors"
	"time"

	"landfall/internal/connector/caller"
	"landfall/internal/connector/httpapi"
	"landfall/internal/mapping"
	"landfall/internal/target"
)

// settings are a connection's, as they stand in a mapping file.
type settings struct {
	Auth   *mapping.Node `yaml:"auth"`
	Limits caller.Limits `yaml:"limits"`
	// Timeout is how long the service may work on a call, which it is told.
	Timeout time.Duration `yaml:"timeout"`
	Records int           `yaml:"records"` // that one entity.bulkCreate carries, at most
	Bytes   httpapi.Size  `yaml:"bytes"`   // of one, at most
	Find    int           `yaml:"find"`    // values that one entity.find looks for, at most
	Unknown unclear       `yaml:"unknown"`
	// Marker is an attribute in which each record that is created carries a mark, so
	// that it is known for ours whatever becomes of its content; empty: none.
	Marker string        `yaml:"marker"`
	Types  *mapping.Node `yaml:"types"`
}

// unclear are answers that leave it open whether a call was carried out, besides
// those that always do: what it carried is looked up, and sent again where it is
// not there.
type unclear struct {
	Codes    []httpapi.Range `yaml:"codes"`
	Statuses []httpapi.Range `yaml:"statuses"`
}

// The defaults of the service's own loader, but for the size of a call, and the
// bounds that the service documents.
const (
	defaultTimeout = 10 * time.Second
	longestTimeout = 60 * time.Second
	defaultRecords = 100
	defaultBytes   = 1 << 20
	defaultFind    = 50
	mostFound      = 10000
	defaultRate    = 4
	defaultCalls   = 10
	// waitBeyond is how much longer we wait than the service may work: what it says
	// of its own time-out should reach us.
	waitBeyond = 5 * time.Second
)

// Open makes an Identity Cloud of what a mapping file says. It makes no call. What
// is wrong in the file is returned as mapping.Problems, all of it at once.
func Open(_ context.Context, at target.Address) (target.API, error) {
	s := settings{Timeout: defaultTimeout, Records: defaultRecords, Bytes: defaultBytes, Find: defaultFind}
	var found problems
	found.add(at.Settings.Decode(&s))
	found.add(httpapi.LimitsFault(at.Settings.Child("limits"), s.Limits))
	s.bounds(at.Settings, &found)
	auth, err := readAuth(at, s.Auth)
	found.add(err)
	types, err := readTypes(s.Types)
	found.add(err)
	if len(found) > 0 {
		return nil, mapping.Problems(found)
	}
	s.Limits = s.completed(at.Settings.Child("limits"))
	return httpapi.New(describe(at.URL, auth, &s, types))
}

// bounds refuses what the service would.
func (s *settings) bounds(node *mapping.Node, found *problems) {
	if s.Timeout < time.Second || s.Timeout > longestTimeout || s.Timeout%time.Second != 0 {
		found.add(node.Problem("timeout", "expected whole seconds from 1s to 60s"))
	}
	if s.Records < 1 {
		found.add(node.Problem("records", "expected a whole number above 0"))
	}
	if s.Find < 1 || s.Find > mostFound {
		found.add(node.Problem("find", "expected a whole number from 1 to 10000"))
	}
}

// completed are the limits with the defaults of the service's own loader.
func (s *settings) completed(node *mapping.Node) caller.Limits {
	limits := s.Limits
	if node.Child("rate") == nil {
		limits.Rate = defaultRate
	}
	if limits.Calls == 0 {
		limits.Calls = defaultCalls
	}
	if limits.Timeout == 0 {
		limits.Timeout = s.Timeout + waitBeyond
	}
	return limits
}

// problems are those of a mapping file.
type problems mapping.Problems

func (p *problems) add(err error) {
	var several mapping.Problems
	var one *mapping.Problem
	switch {
	case errors.As(err, &several):
		*p = append(*p, several...)
	case errors.As(err, &one):
		*p = append(*p, one)
	case err != nil:
		*p = append(*p, &mapping.Problem{Message: err.Error()})
	}
}
