package run

import "landfall/internal/record"

// held are the traces of a rehearsal's circle, kept back until all is settled.
type held struct {
	trace  func(Trace) error
	traces []Trace
	at     map[record.Ref]int
}

// add keeps a trace.
func (h *held) add(t Trace) {
	h.at[t.Ref] = len(h.traces)
	h.traces = append(h.traces, t)
}

// retell lets a rehearsal tell otherwise what it told of a record.
func (s *settling) retell(ref record.Ref, otherwise func(*Trace)) {
	if s.held == nil {
		return
	}
	s.retold = append(s.retold, func() {
		if at, told := s.held.at[ref]; told {
			otherwise(&s.held.traces[at])
		}
	})
}

// tellHeld hands on the traces of a circle that is settled.
func (r *runner) tellHeld() error {
	if r.held == nil {
		return nil
	}
	traces := r.held.traces
	r.held.traces, r.held.at = nil, map[record.Ref]int{}
	for _, t := range traces {
		if err := r.held.trace(t); err != nil {
			return err
		}
	}
	return nil
}
