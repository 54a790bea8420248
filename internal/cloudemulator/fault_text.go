package cloudemulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// faultText is a fault as files and the control endpoint have it.
type faultText struct {
	Operation   string            `json:"operation,omitempty"`
	Key         string            `json:"key,omitempty"`
	Call        int               `json:"call,omitempty"`
	Times       int               `json:"times,omitempty"`
	Probability float64           `json:"probability,omitempty"`
	Do          FaultKind         `json:"do"`
	Code        int               `json:"code,omitempty"`
	Status      int               `json:"status,omitempty"`
	Body        string            `json:"body,omitempty"`
	Header      map[string]string `json:"header,omitempty"`
	Delay       string            `json:"delay,omitempty"` // such as 1.5s
	Apply       int               `json:"apply,omitempty"`
	Short       int               `json:"short,omitempty"`
}

// ParseFaults reads faults from JSON: one, or a list of them. Unknown keys are
// errors: a fault that does nothing makes a test that shows nothing.
func ParseFaults(text []byte) ([]Fault, error) {
	var texts []faultText
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '{' {
		text = append(append([]byte("["), trimmed...), ']')
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&texts); err != nil {
		return nil, fmt.Errorf("faults: %w", err)
	}
	parsed := make([]Fault, len(texts))
	for i, f := range texts {
		parsed[i] = Fault{
			Operation: f.Operation, Key: f.Key, Call: f.Call, Times: f.Times, Probability: f.Probability,
			Do: f.Do, Code: f.Code, Status: f.Status, Body: f.Body, Header: f.Header, Apply: f.Apply, Short: f.Short,
		}
		if f.Delay != "" {
			delay, err := time.ParseDuration(f.Delay)
			if err != nil {
				return nil, fmt.Errorf("fault %d: delay is %q, expected a duration such as 500ms", i+1, f.Delay)
			}
			parsed[i].Delay = delay
		}
		if err := parsed[i].check(); err != nil {
			return nil, fmt.Errorf("fault %d: %w", i+1, err)
		}
	}
	return parsed, nil
}

func (f Fault) text() faultText {
	text := faultText{
		Operation: f.Operation, Key: f.Key, Call: f.Call, Times: f.Times, Probability: f.Probability,
		Do: f.Do, Code: f.Code, Status: f.Status, Body: f.Body, Header: f.Header, Apply: f.Apply, Short: f.Short,
	}
	if f.Delay > 0 {
		text.Delay = f.Delay.String()
	}
	return text
}
