package cloudemulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// callText is a line of the request log, as files and the control endpoint
// have it.
type callText struct {
	Number     int               `json:"number"`
	Started    time.Time         `json:"started"`
	Ended      time.Time         `json:"ended"`
	Operation  string            `json:"operation"`
	OfKind     int               `json:"operation_number"`
	Concurrent int               `json:"concurrent"`
	Client     string            `json:"client,omitempty"`
	Auth       string            `json:"auth,omitempty"`
	Bytes      int64             `json:"bytes"`
	Records    int               `json:"records,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
	Status     int               `json:"status,omitempty"`
	Code       int               `json:"code,omitempty"`
	Limited    bool              `json:"limited,omitempty"`
	Fault      FaultKind         `json:"fault,omitempty"`
	Reset      bool              `json:"reset,omitempty"`
}

// Line is the call as one line of JSON, without a line end. Parameters that
// carry values of records are told by their length, unless withValues says
// otherwise.
func (c Call) Line(withValues bool) []byte {
	text := callText{
		Number: c.Number, Started: c.Started.UTC(), Ended: c.Ended.UTC(), Operation: c.Operation, OfKind: c.OperationNumber,
		Concurrent: c.Concurrent, Client: c.Client, Auth: c.Auth, Bytes: c.Bytes, Records: c.Records,
		Status: c.Status, Code: c.Code, Limited: c.Limited, Fault: c.Fault, Reset: c.Reset,
		Parameters: map[string]string{},
	}
	for name, all := range c.Parameters {
		value := strings.Join(all, "\n")
		if !withValues && carriesValues(c.Operation, name) {
			value = fmt.Sprintf("(%d bytes)", len(value))
		}
		text.Parameters[name] = value
	}
	line, err := json.Marshal(text)
	if err != nil {
		panic(err) // a struct of texts and numbers
	}
	return line
}

// carriesValues tells parameters that hold values of records. attributes are
// names where records are read.
func carriesValues(operation, name string) bool {
	switch name {
	case "attributes":
		return operation != "entity.find" && operation != "entity"
	case "type_name", "timeout", "commit_each", "include_record", "uuid", "id", "key_attribute", "attribute_name",
		"created", "lastUpdated", "sort_on", "max_results", "first_result", "show_total_count", "client_id":
		return false
	}
	return true
}
