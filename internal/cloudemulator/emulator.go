// Package cloudemulator is a stand-in for the service that Akamai Identity
// Cloud offers to migrations: its operations over records in memory, its ways
// to authenticate, its limits, and, on request, all the ways in which calls to
// it go wrong. It knows nothing of the programs that speak to it, so what they
// do can be tested against it.
package cloudemulator

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Options say what an emulator holds and how it behaves. The zero value is a
// usable one.
type Options struct {
	Types   []Type   // nil: Schema()
	Clients []Client // nil: one owner, DefaultClient
	// Seed makes uuids, request ids and chances: equal seeds and equal calls give
	// equal ones.
	Seed string
	// CallsPerMinute and ConcurrentCalls are what is admitted; 0: any number.
	CallsPerMinute, ConcurrentCalls int
	// LimitStatus is the HTTP status of calls above the limits, with a gateway's
	// page; 0: the API's own error 510 with HTTP status 200.
	LimitStatus int
	// MaxBody is how many bytes a request may have; 0: 10 MiB. OversizeStatus is
	// the HTTP status of longer ones; 0: 413.
	MaxBody        int64
	OversizeStatus int
	Clock          func() time.Time // nil: time.Now
	Faults         []Fault
	// KeepCalls is how many calls the request log remembers; 0: 200,000.
	KeepCalls int
	// Log is told of each call when it has ended, of one after the other. It must
	// not ask the emulator anything.
	Log func(Call)
}

// DefaultClient is the client of an emulator that is given none.
var DefaultClient = Client{ID: "emulated", Secret: "emulated-secret", Features: []string{"owner"}, Token: "emulated-token"}

// Emulator is the service, as a handler of HTTP requests.
type Emulator struct {
	options Options
	clients []Client
	stores  map[string]*store
	names   []string // of the types, in the order of the schema
	faults  faults
	limits  limits
	journal journal
	running atomic.Int64
}

// New makes an emulator without records. It panics when the types contradict
// themselves; those of ParseSchema do not.
func New(options Options) *Emulator {
	if options.Types == nil {
		options.Types = Schema()
	}
	if err := check(options.Types); err != nil {
		panic(err)
	}
	if options.Clients == nil {
		options.Clients = []Client{DefaultClient}
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	options.MaxBody = cmp.Or(options.MaxBody, 10<<20)
	options.OversizeStatus = cmp.Or(options.OversizeStatus, http.StatusRequestEntityTooLarge)
	e := &Emulator{
		options: options, clients: options.Clients, stores: map[string]*store{},
		faults:  faults{seed: options.Seed},
		limits:  limits{perMinute: options.CallsPerMinute, concurrent: options.ConcurrentCalls},
		journal: journal{keep: cmp.Or(options.KeepCalls, 200_000), tell: options.Log},
	}
	for _, t := range options.Types {
		e.stores[t.Name] = newStore(t, options.Seed, options.Clock)
		e.names = append(e.names, t.Name)
	}
	for _, fault := range options.Faults {
		e.AddFault(fault)
	}
	return e
}

// ServeHTTP answers a call of the API, or of the emulator's own controls below
// /emulator.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/emulator" || strings.HasPrefix(r.URL.Path, "/emulator/") {
		e.control(w, r)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	op, known := operations[name]
	a := &answer{w: w, r: r}
	switch {
	case !known:
		a.page(http.StatusNotFound, "")
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		a.page(http.StatusMethodNotAllowed, "")
		return
	}
	call := Call{Operation: name, Started: e.options.Clock(), Concurrent: int(e.running.Add(1))}
	defer e.running.Add(-1)
	call.Number, call.OperationNumber = e.journal.number(name)
	a.requestID = requestID(e.options.Seed, call.Number)
	e.answer(a, op, &call)
	call.Status, call.Code, call.Reset = a.status, a.code, a.reset
	call.Ended = e.options.Clock()
	e.journal.add(call)
}

func (e *Emulator) answer(a *answer, op operation, call *Call) {
	form, bytes, ok := a.form(e.options.MaxBody)
	call.Bytes = bytes
	if !ok {
		a.page(e.options.OversizeStatus, "")
		return
	}
	call.describe(form)
	client, way, failed := e.identify(a.r, form)
	call.Auth = way
	if failed != nil {
		a.fail(failed)
		return
	}
	call.Client = client.ID
	if over := e.limits.admit(call.Started, call.Concurrent); over != "" {
		call.Limited = true
		if e.options.LimitStatus != 0 {
			a.page(e.options.LimitStatus, "")
			return
		}
		a.fail(&failure{code: codeCallLimit, description: over})
		return
	}
	if !client.may(op.writes) {
		a.fail(&failure{code: codeAccessDenied, description: "the client's features do not allow this operation"})
		return
	}
	if fault, found := e.faults.pick(call.Operation, form); found {
		call.Fault = fault.Do
		e.play(a, op, call, fault)
		return
	}
	text, failed := op.run(e, call, everything)
	a.result(text, failed)
}

// everything is the limit of an operation that is carried out as a whole.
const everything = -1

func requestID(seed string, number int) string {
	made := draw(seed, "request", number)
	return fmt.Sprintf("%016x", made)
}
