package cloudemulator

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// FaultKind is how a call goes wrong.
type FaultKind string

// The kinds of faults. Those that lose or spoil an answer have carried out the
// call, unless Apply says otherwise; all others have not.
const (
	APIError     FaultKind = "api-error"     // an error of the API: Code, with HTTP Status or 200
	HTTPStatus   FaultKind = "http-status"   // HTTP Status, with a gateway's page or Body
	BrokenJSON   FaultKind = "broken-json"   // 200, and half of the answer
	NoStat       FaultKind = "no-stat"       // 200, and the answer without its stat
	ShortResults FaultKind = "short-results" // 200, and Short results too few at the end of the arrays
	Delay        FaultKind = "delay"         // the right answer, late
	ResetBefore  FaultKind = "reset-before"  // the connection ends before anything is carried out
	ResetAfter   FaultKind = "reset-after"   // the connection ends instead of the answer
)

var faultKinds = []FaultKind{APIError, HTTPStatus, BrokenJSON, NoStat, ShortResults, Delay, ResetBefore, ResetAfter}

// What Apply may be besides a number of records.
const (
	ApplyAll  = -1
	ApplyNone = -2
)

// Fault makes calls go wrong.
type Fault struct {
	Operation string // such as entity.bulkCreate; empty: all
	// Key is a value that the call carries as a whole: a record's key in its JSON,
	// its filter, or its selector. Empty: whatever the call carries.
	Key string
	// Call is the first call that goes wrong, counted from 1 among those of the
	// operation that carry the key; 0: the next one.
	Call int
	// Times is how many calls go wrong; 0: one when Call is given, else any number.
	Times int
	// Probability is the share of calls that go wrong; 0: all of them.
	Probability float64

	Do     FaultKind
	Code   int // of an API error
	Status int
	Body   string            // instead of a gateway's page
	Header map[string]string // more headers of an answer, such as Retry-After
	Delay  time.Duration     // before whatever is done
	// Apply is how many of the call's records are carried out first; 0: as the kind
	// of the fault says.
	Apply int
	Short int // results that are missing; 0: one
}

// check tells what is wrong with a fault before a call shows it.
func (f Fault) check() error {
	if f.Operation != "" {
		if _, is := operations[f.Operation]; !is {
			return fmt.Errorf("%q is no operation of the API", f.Operation)
		}
	}
	switch {
	case !slices.Contains(faultKinds, f.Do):
		return fmt.Errorf("do is %q, expected one of %v", f.Do, faultKinds)
	case f.Do == APIError && f.Code == 0:
		return fmt.Errorf("%s needs a code", f.Do)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599), f.Do == HTTPStatus && f.Status == 0:
		return fmt.Errorf("%s needs an HTTP status from 200 to 599", f.Do)
	case f.Probability < 0 || f.Probability > 1:
		return fmt.Errorf("probability is %v, expected a share from 0 to 1", f.Probability)
	case f.Call < 0 || f.Times < 0 || f.Delay < 0 || f.Short < 0 || f.Apply < ApplyNone:
		return fmt.Errorf("call, times, delay and short are not negative, and apply is not below %d", ApplyNone)
	}
	return nil
}

// limit is how many records of the call are carried out: everything, or so
// many.
func (f Fault) limit() int {
	switch {
	case f.Apply > 0:
		return f.Apply
	case f.Apply == ApplyNone:
		return 0
	case f.Apply == ApplyAll:
		return everything
	}
	if slices.Contains([]FaultKind{APIError, HTTPStatus, ResetBefore}, f.Do) {
		return 0
	}
	return everything
}

func (f Fault) addresses(operation string, form url.Values) bool {
	return (f.Operation == "" || f.Operation == operation) && (f.Key == "" || carries(form, f.Key))
}

// carries tells whether a call has a value among its parameters.
func carries(form url.Values, key string) bool {
	if form.Get("uuid") == key || form.Get("id") == key || strings.Contains(form.Get("filter"), "'"+key+"'") {
		return true
	}
	for _, name := range []string{"all_attributes", "attributes", "value", "key_value"} {
		if !form.Has(name) {
			continue
		}
		if value, err := decodeJSON[any]([]byte(form.Get(name))); err == nil && holds(value, key) {
			return true
		}
	}
	return false
}

func holds(value any, key string) bool {
	switch value := value.(type) {
	case string:
		return value == key
	case []any:
		return slices.ContainsFunc(value, func(part any) bool { return holds(part, key) })
	case values:
		for _, part := range value {
			if holds(part, key) {
				return true
			}
		}
	}
	return numberText(value) == key
}

// faults are the faults that an emulator is given.
type faults struct {
	seed string

	mu     sync.Mutex
	script []*scripted
	added  int
}

type scripted struct {
	Fault
	number int // in the order in which faults were added
	seen   int // calls that it addresses
	played int
}

// AddFault makes further calls go wrong. Of several faults that a call meets,
// the first one counts. It panics when the fault contradicts itself.
func (e *Emulator) AddFault(fault Fault) {
	if err := fault.check(); err != nil {
		panic(err)
	}
	e.faults.add(fault)
}

func (f *faults) add(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.added++
	f.script = append(f.script, &scripted{Fault: fault, number: f.added})
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.script = nil
}

// pick finds the fault of a call.
func (f *faults) pick(operation string, form url.Values) (picked Fault, found bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.script {
		if !fault.addresses(operation, form) {
			continue
		}
		fault.seen++
		if !found && fault.fires(f.seed) {
			fault.played++
			picked, found = fault.Fault, true
		}
	}
	return picked, found
}

func (s *scripted) fires(seed string) bool {
	times := s.Times
	if times == 0 && s.Call > 0 {
		times = 1
	}
	if s.seen < s.Call || times > 0 && s.played == times {
		return false
	}
	if s.Probability == 0 {
		return true
	}
	return float64(draw(seed, fmt.Sprint("fault", s.number), s.seen))/math.MaxUint64 < s.Probability
}

// draw is a number by chance that is the same for the same words.
func draw(seed, what string, number int) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", seed, what, number))
	return binary.BigEndian.Uint64(sum[:])
}
