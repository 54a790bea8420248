package cloudemulator

import "fmt"

// failure is an error as the API tells it.
type failure struct {
	code        int
	description string
	argument    string // the parameter that is at fault
	attribute   string // the attribute that is at fault
	status      int    // the HTTP status; 0: 200, as for most errors of the API
}

// The codes that callers tell apart.
const (
	codeMissingArgument  = 100
	codeInvalidArgument  = 200
	codeUnknownType      = 222
	codeUnknownAttribute = 223
	codeNotFound         = 310
	codeIDInNewRecord    = 320
	codeChangedSince     = 330
	codeInvalidFormat    = 340
	codeUnique           = 361
	codeRequired         = 362
	codeLength           = 363
	codeBadCredentials   = 402
	codeAccessDenied     = 403
	codeBadToken         = 414
	codeUnexpected       = 500
	codeTimeout          = 504
	codeCallLimit        = 510
)

var errorNames = map[int]string{
	codeMissingArgument:  "missing_argument",
	codeInvalidArgument:  "invalid_argument",
	codeUnknownType:      "unknown_entity_type",
	codeUnknownAttribute: "unknown_attribute",
	codeNotFound:         "record_not_found",
	codeIDInNewRecord:    "id_in_new_record",
	codeChangedSince:     "timestamp_mismatch",
	codeInvalidFormat:    "invalid_data_format",
	codeUnique:           "unique_violation",
	codeRequired:         "missing_required_attribute",
	codeLength:           "length_violation",
	codeBadCredentials:   "invalid_client_credentials",
	codeAccessDenied:     "access_denied",
	codeBadToken:         "access_token_expired",
	codeUnexpected:       "unexpected_error",
	codeTimeout:          "timeout",
	codeCallLimit:        "api_call_limit_reached",
}

// errorName names a code; codes without a name of their own bear that of the
// hundred they belong to.
func errorName(code int) string {
	if name := errorNames[code]; name != "" {
		return name
	}
	if name := errorNames[code/100*100]; name != "" {
		return name
	}
	return "error"
}

func (f *failure) Error() string {
	return fmt.Sprintf("%d %s: %s", f.code, errorName(f.code), f.description)
}

func missing(argument string) *failure {
	return &failure{code: codeMissingArgument, argument: argument, description: "missing argument: " + argument}
}

func invalid(argument, format string, args ...any) *failure {
	return &failure{code: codeInvalidArgument, argument: argument, description: fmt.Sprintf(format, args...)}
}

func badFormat(path, expected string) *failure {
	return &failure{code: codeInvalidFormat, attribute: path, description: path + " is not " + expected}
}

func duplicate(path string) *failure {
	return &failure{code: codeUnique, attribute: path, description: "Attempted to update a duplicate value"}
}

// inRecord is the failure as it stands in the place of a record's result.
func (f *failure) inRecord() map[string]any {
	text := map[string]any{
		"stat": "error", "code": f.code, "error": errorName(f.code), "error_description": f.description,
	}
	if f.argument != "" {
		text["argument_name"] = f.argument
	}
	if f.attribute != "" {
		text["attribute_name"] = f.attribute
	}
	return text
}

// wholeCall is the failure as the answer of a call.
func (f *failure) wholeCall(requestID string) map[string]any {
	text := f.inRecord()
	text["request_id"] = requestID
	return text
}
