package cloudemulator

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// control answers what is asked of the emulator and not of the service, so that
// tests can steer one that runs as a process of its own:
//
//	GET    /emulator                     records and calls, by number
//	GET    /emulator/faults              the faults, with how often each was met and played
//	POST   /emulator/faults              adds faults, as ParseFaults reads them
//	DELETE /emulator/faults              forgets them
//	GET    /emulator/log?after=N         calls above number N, a line of JSON each; values=true: with values of records
//	GET    /emulator/records?type=user   all records, a line of JSON each
//	POST   /emulator/records?type=user   stores records from a JSON array or from lines of JSON
//	POST   /emulator/reset               forgets records, faults and calls
func (e *Emulator) control(w http.ResponseWriter, r *http.Request) {
	var err error
	switch r.Method + " " + r.URL.Path {
	case "GET /emulator", "GET /emulator/":
		err = e.showState(w)
	case "GET /emulator/faults":
		err = json.NewEncoder(w).Encode(e.faults.state())
	case "POST /emulator/faults":
		err = e.takeFaults(r)
	case "DELETE /emulator/faults":
		e.faults.clear()
	case "GET /emulator/log":
		err = e.showLog(w, r)
	case "GET /emulator/records":
		err = e.showRecords(w, r)
	case "POST /emulator/records":
		err = e.takeRecords(r)
	case "POST /emulator/reset":
		e.Reset()
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (e *Emulator) showState(w io.Writer) error {
	state := struct {
		Records map[string]int `json:"records"`
		Calls   map[string]int `json:"calls"`
	}{map[string]int{}, e.Tally()}
	for _, name := range e.names {
		state.Records[name] = e.Count(name)
	}
	return json.NewEncoder(w).Encode(state)
}

// mostControl is how many bytes a body of the control endpoint may have.
const mostControl = 1 << 30

func (e *Emulator) takeFaults(r *http.Request) error {
	text, err := io.ReadAll(io.LimitReader(r.Body, mostControl))
	if err != nil {
		return err
	}
	parsed, err := ParseFaults(text)
	if err != nil {
		return err
	}
	for _, fault := range parsed {
		e.faults.add(fault)
	}
	return nil
}

func (e *Emulator) showLog(w io.Writer, r *http.Request) error {
	after := 0
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("after=%q: expected the number of a call", text)
		}
	}
	out := bufio.NewWriter(w)
	for _, call := range e.Calls() {
		if call.Number > after {
			_, _ = out.Write(append(call.Line(r.URL.Query().Get("values") == "true"), '\n'))
		}
	}
	return out.Flush()
}

func (e *Emulator) typeOf(r *http.Request) (*store, error) {
	name := r.URL.Query().Get("type")
	s := e.stores[name]
	if s == nil {
		return nil, fmt.Errorf("type=%q: expected one of %v", name, e.names)
	}
	return s, nil
}

func (e *Emulator) showRecords(w io.Writer, r *http.Request) error {
	s, err := e.typeOf(r)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	const step = 1000
	for at := int64(0); ; {
		found, _ := s.find(search{filter: comparison{subject: idSubject, operator: ">", integer: at, isWhole: true}, max: step})
		for _, c := range found {
			at = int64(c.place) + 1
			_, _ = out.Write(append(s.appendRecord(nil, c.record()), '\n'))
		}
		if len(found) < step {
			return out.Flush()
		}
	}
}

var idSubject = subject{path: "id", attribute: &Attribute{Name: "id", Kind: Integer}, own: true}

func (e *Emulator) takeRecords(r *http.Request) error {
	if _, err := e.typeOf(r); err != nil {
		return err
	}
	return e.ImportJSON(r.URL.Query().Get("type"), r.Body)
}

func (f *faults) state() []any {
	f.mu.Lock()
	defer f.mu.Unlock()
	state := []any{}
	for _, fault := range f.script {
		state = append(state, struct {
			faultText
			Met    int `json:"met"`
			Played int `json:"played"`
		}{fault.text(), fault.seen, fault.played})
	}
	return state
}
