package identitycloud

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"landfall/internal/connector/caller"
	"landfall/internal/connector/httpapi"
	"landfall/internal/record"
)

// describe says how the service is spoken to.
func describe(url string, auth caller.Auth, s *settings, types []*httpapi.Type) httpapi.Description {
	seconds := strconv.Itoa(int(s.Timeout / time.Second))
	form := func(pairs ...string) map[string]string {
		parameters := map[string]string{"type_name": "{type}", "timeout": seconds}
		for i := 0; i+1 < len(pairs); i += 2 {
			parameters[pairs[i]] = pairs[i+1]
		}
		return parameters
	}
	for _, t := range types {
		mark(t, s.Marker)
		t.Create = &httpapi.Request{
			Path: "/entity.bulkCreate", Form: form("all_attributes", "{records}"), Records: s.Records, Bytes: s.Bytes,
			Results: &httpapi.Results{At: "body.uuid_results", Answers: ofRecord(s.Unknown)}, Key: httpapi.Keys{"": "result"},
		}
		t.Update = &httpapi.Request{Path: "/entity.update", Form: form("uuid", "{key}", "value", "{record}", "lastUpdated", "{version}")}
		t.Replace = &httpapi.Request{Path: "/entity.replace", Form: form("uuid", "{key}", "attribute_name", "{field}", "value", "{value|json}", "lastUpdated", "{version}")}
		t.Delete = &httpapi.Request{Path: "/entity.delete", Form: form("uuid", "{key}", "lastUpdated", "{version}")}
		t.Count = &httpapi.Request{Path: "/entity.count", Form: form(), Total: "body.total_count"}
		t.Newest = &httpapi.Request{
			Path: "/entity.find", Form: form("attributes", "{fields|json}", "sort_on", `["-id"]`, "max_results", "1"), Found: "body.results",
		}
		t.Find = &httpapi.Request{
			Path: "/entity.find", Form: form("filter", "{filter}", "attributes", "{fields|json}", "max_results", "{limit}"),
			Records: s.Find, Limit: min(max(s.Find*4, 100), mostFound), Found: "body.results", Any: true,
			Filter: &httpapi.Filter{
				Text: "{field} = '{value}'", Other: "{field} = {value}", Escape: map[string]string{`\`: `\\`, `'`: `\'`},
			},
		}
	}
	return httpapi.Description{
		URL: strings.TrimSuffix(url, "/"), Auth: auth, Limits: s.Limits, Types: types,
		Headers: map[string]string{"Accept": "application/json"},
		Answers: ofCall(s.Unknown),
	}
}

// mark has the type's records carry a mark in an attribute.
func mark(t *httpapi.Type, attribute string) {
	if attribute == "" {
		return
	}
	t.Marker = &httpapi.Marker{Field: attribute}
	if !slices.ContainsFunc(t.Fields, func(f httpapi.Field) bool { return f.Name == attribute }) {
		t.Fields = append(t.Fields, httpapi.Field{Name: attribute, KeepsNull: true})
	}
}

// newType is a type of which nothing is declared but what every type has.
func newType(name string) *httpapi.Type {
	return &httpapi.Type{
		Name: name, Key: []string{"uuid"}, Open: true, Version: "record.lastUpdated", Age: "record.id", Spell: plainTime, KeepsNull: true, Made: "created", Changed: "lastUpdated",
		Fields: []httpapi.Field{
			{Name: "uuid", Type: "uuid", Given: true},
			{Name: "id", Type: "integer", ReadOnly: true},
			// It may be given to a new record, and never changes afterwards.
			{Name: "created", Type: "timestamp", Layout: "2006-01-02 15:04:05.999999", Fraction: 6, KeepsNull: true, Default: true},
			{Name: "lastUpdated", Type: "timestamp", ReadOnly: true, Fraction: 6},
		},
	}
}

// The service's own codes come with status 200. Those that can be divided by ten
// stand for their neighbours, too, so ranges are compared.
var (
	throttledCodes = []httpapi.Range{httpapi.Only(510)}
	deniedCodes    = []httpapi.Range{{From: 402, To: 403}, {From: 413, To: 417}, httpapi.Only(431)}
	unknownCodes   = []httpapi.Range{{From: 500, To: 509}, {From: 511, To: 599}}
	rejectedCodes  = []httpapi.Range{{From: 100, To: 499}}
)

// names are what the codes mean for a record.
var names = httpapi.Names{
	{Codes: httpapi.Only(361), As: record.CodeUnique},
	{Codes: httpapi.Only(362), As: record.CodeNotNull},
	{Codes: httpapi.Only(363), As: record.CodeTooLong},
	{Codes: httpapi.Range{From: 340, To: 359}, As: record.CodeWrongType},
	{Codes: httpapi.Range{From: 360, To: 379}, As: record.CodeCheck},
}

// answers judge by the service's codes; where tells from where an answer's parts
// are read.
func answers(where string, also unclear) httpapi.Answers {
	codes := func(ranges []httpapi.Range) []httpapi.Condition { return []httpapi.Condition{{Codes: ranges}} }
	a := httpapi.Answers{
		Code: where + ".code", Message: where + ".error_description",
		Columns:   where + `.attribute_name == nil ? nil : split(` + where + `.attribute_name, ",")`,
		Throttled: codes(throttledCodes), Denied: codes(deniedCodes), Unknown: codes(unknownCodes),
		Duplicate: codes([]httpapi.Range{httpapi.Only(361)}), Conflict: codes([]httpapi.Range{httpapi.Only(330)}), Gone: codes([]httpapi.Range{httpapi.Only(310)}),
		Rejected: codes(rejectedCodes), Codes: names,
	}
	if len(also.Codes) > 0 {
		a.Unknown = append(a.Unknown, httpapi.Condition{Codes: also.Codes})
		a.Denied = codes(without(deniedCodes, also.Codes))
	}
	return a
}

// without are the single codes of the ranges that none of the others holds.
func without(ranges, others []httpapi.Range) []httpapi.Range {
	var left []httpapi.Range
	for _, r := range ranges {
		for code := r.From; code <= r.To; code++ {
			if !slices.ContainsFunc(others, func(o httpapi.Range) bool { return code >= o.From && code <= o.To }) {
				left = append(left, httpapi.Only(code))
			}
		}
	}
	return left
}

// ofCall judges the answer to a whole call.
func ofCall(also unclear) httpapi.Answers {
	a := answers("body", also)
	a.Message = `body.stat == "error" ? "API Error " + string(body.code) + ": " + (body.error_description ?? body.error ?? "") : nil`
	a.Success = []httpapi.Condition{{When: `status < 400 && body.stat == "ok"`}}
	if len(also.Statuses) > 0 {
		a.Unknown = append(a.Unknown, httpapi.Condition{Status: also.Statuses, When: "code == nil"})
	}
	return a
}

// ofRecord judges a record's part of the answer to entity.bulkCreate: its uuid, or
// an error.
func ofRecord(also unclear) httpapi.Answers {
	a := answers("result", also)
	a.Success = []httpapi.Condition{{When: `type(result) == "string"`}}
	return a
}

// renderings of times are what the service makes of any that it is given.
const rendering = "2006-01-02 15:04:05.000000 +0000"

// plainTime is a time as files for the service have it, where the text is one as
// the service writes it: attributes that are not declared are text, and times in
// them would differ from what was written.
func plainTime(text string) string {
	if len(text) != len(rendering) || !strings.HasSuffix(text, " +0000") {
		return text
	}
	at, err := time.Parse(rendering, text)
	if err != nil {
		return text
	}
	return at.Format("2006-01-02 15:04:05.999999")
}
