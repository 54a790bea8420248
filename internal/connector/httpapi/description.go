package httpapi

import (
	"landfall/internal/connector/caller"
	"landfall/internal/record"
)

// Description is an API as it is described: in a mapping file by its `yaml`
// keys, or by a preset in Go.
type Description struct {
	URL     string            `yaml:"-"` // where all paths start
	Auth    caller.Auth       `yaml:"-"`
	Limits  caller.Limits     `yaml:"limits"`
	Headers map[string]string `yaml:"headers"` // of every request
	Answers Answers           `yaml:"answers"` // how answers are judged, unless a request says otherwise
	Ask     *Request          `yaml:"ask"`     // a request that changes nothing and shows that we are let in; nil: a count, where there is one
	Types   []*Type           `yaml:"-"`
	Secrets []string          `yaml:"-"` // beside those of Auth: what no message may repeat
}

// Type is a kind of record of the API.
type Type struct {
	Name   string     `yaml:"-"`
	Key    []string   `yaml:"key"`    // the fields that name a record
	Fields []Field    `yaml:"-"`      // those that are declared
	Open   bool       `yaml:"open"`   // fields that are not declared are taken as text; otherwise they are refused
	Unique [][]string `yaml:"unique"` // sets of fields in which no two records agree, beside fields that are unique by themselves
	// Version is an expression over a record that was read (`record`, `headers`):
	// what tells this state of it from later ones.
	Version string `yaml:"version"`
	// Age is an expression over a record that was read: what grows with each record
	// that is made, such as a number or a time that sorts as text. With Newest, which
	// answers with the record that was made last, a record that was there before is
	// never taken for one of ours.
	Age string `yaml:"age"`
	// Made and Changed are the declared fields that tell when a record was made and
	// when it was last changed; empty: there are none.
	Made    string `yaml:"-"`
	Changed string `yaml:"-"`
	// Marker is a field in which each record carries a mark of its order, so that it
	// is known again whatever becomes of its content.
	Marker *Marker `yaml:"marker"`
	// Results is where each record's answer stands in those of requests with
	// {records} that do not say it themselves.
	Results *Results `yaml:"results"`
	// Spell puts a text that the API gives back into the form in which it was
	// written, such as a time that it writes out in full; nil: it is that already.
	Spell func(string) string `yaml:"-"`
	// KeepsNull is that of fields which are not declared.
	KeepsNull bool `yaml:"-"`

	Create  *Request `yaml:"create"`
	Update  *Request `yaml:"update"`
	Replace *Request `yaml:"replace"` // writes one field that is `alone`: {field}, {value}
	Get     *Request `yaml:"get"`     // reads records by key
	Find    *Request `yaml:"find"`    // finds records by what fields hold
	Delete  *Request `yaml:"delete"`
	Count   *Request `yaml:"count"`
	Newest  *Request `yaml:"newest"` // reads the record that was made last
}

// Marker is a field that carries a mark.
type Marker struct {
	Field string `yaml:"field"`
	Value string `yaml:"value"` // {token} unless told; or {ref}
}

// Field is one field of a type.
type Field struct {
	Name string `yaml:"-"` // a path: address.city is the member city of the object address, phones.0 the first of a list
	// Type is text, integer, decimal, number (floating point), boolean, date, time,
	// timestamp, instant (a timestamp with a zone), uuid or json; empty: text.
	Type      string   `yaml:"type"`
	Length    int      `yaml:"length"`    // of text, in characters; 0: any
	Precision int      `yaml:"precision"` // of decimal: digits in all; 0: any
	Scale     int      `yaml:"scale"`     // of decimal: digits of the fraction
	Bits      int      `yaml:"bits"`      // of integer: 64 unless told
	Fraction  int      `yaml:"fraction"`  // digits of a second's fraction that are kept
	Enum      []string `yaml:"enum"`      // the only texts allowed
	Required  bool     `yaml:"required"`
	Default   bool     `yaml:"default"` // the API fills it by itself where nothing is given
	Unique    bool     `yaml:"unique"`
	FoldCase  bool     `yaml:"fold_case"` // compared without regard to case
	Given     bool     `yaml:"given"`     // the API gives it, as a new record's key: it is never written
	ReadOnly  bool     `yaml:"read_only"`
	Hidden    bool     `yaml:"hidden"`     // written, and never given back
	KeepsNull bool     `yaml:"keeps_null"` // NULL leaves the value of a record that is there as it is, unless the mapping says otherwise
	Alone     bool     `yaml:"alone"`      // updates write it in a call of its own, by `replace`
	// Layout is how dates and times are written, in Go's way; ISO 8601 by default.
	Layout string `yaml:"layout"`
	AsText bool   `yaml:"as_text"` // numbers and truth values are written as JSON strings
	List   bool   `yaml:"list"`    // json: an array and nothing else; what holds nothing is an empty one
	Sparse bool   `yaml:"sparse"`  // json: members that are null are no part of the value
	// Without are members that the API adds to the objects of a JSON field, such as
	// ids: they are left out when it is read.
	Without []string `yaml:"without"`
}

// Request is how one thing is asked of the API. Texts of it may hold
// placeholders such as {key}; a parameter, header or member that is nothing but
// a placeholder for which there is nothing is left out.
type Request struct {
	Method  string            `yaml:"method"` // POST where something is sent, else GET
	Path    string            `yaml:"path"`
	Query   map[string]string `yaml:"query"`
	Headers map[string]string `yaml:"headers"`
	Form    map[string]string `yaml:"form"` // a form body; objects and lists in it are JSON
	Body    any               `yaml:"body"` // a JSON body: a tree of map[string]any, []any and texts with placeholders
	Item    any               `yaml:"item"` // what {records} holds of each record; {record} unless told

	Records int  `yaml:"records"` // that one call carries or asks for, at most; 1 unless told
	Bytes   Size `yaml:"bytes"`   // of the largest body; 0: any
	// Nulls is what becomes of fields that are NULL: send or omit. Creates omit
	// them and updates send them unless told.
	Nulls string `yaml:"nulls"`
	// Idempotent: the request carries {token}, and the API carries it out once
	// however often it is sent.
	Idempotent bool `yaml:"idempotent"`

	Answers Answers  `yaml:"answers"`
	Results *Results `yaml:"results"` // where each record's answer stands; nil: the answer is that of the one record
	Key     Keys     `yaml:"key"`     // of creates: expressions for the new key
	Found   string   `yaml:"found"`   // of get and find: the records found, a list or one; `body` unless told
	Filter  *Filter  `yaml:"filter"`  // of find: how {filter} is written
	Fields  []string `yaml:"fields"`  // of find: the fields that can be searched; all that are unique, the key and the marker unless told
	Any     bool     `yaml:"any"`     // of find: any field can be searched
	Limit   int      `yaml:"limit"`   // of find: how many records one answer holds at most; 0: all
	Total   string   `yaml:"total"`   // of count: an expression for the number
}

// Results are the answers for single records within one answer.
type Results struct {
	At string `yaml:"at"` // expression for a list, or an object by key
	// By is an expression over `result` that says which record it is about; it is
	// held against For. Empty: results stand in the order of the records.
	By      string  `yaml:"by"`
	For     string  `yaml:"for"` // {token} unless told
	Answers Answers `yaml:"answers"`
}

// Filter is how a search for several values is written as one text.
type Filter struct {
	Text   string            `yaml:"text"`  // one comparison with a text: {field} = '{value}'
	Other  string            `yaml:"other"` // with a number or a truth value; as Text unless told
	And    string            `yaml:"and"`   // between the fields of one record; " and " unless told
	Or     string            `yaml:"or"`    // between records; " or " unless told
	Escape map[string]string `yaml:"escape"`
}

// Answers is how an answer is judged: the first condition that holds decides, in
// the order throttled, denied, oversize, unknown, duplicate, conflict, gone,
// rejected, success; then the status does, as docs/http-api.md has it.
type Answers struct {
	Code    string `yaml:"code"`    // expression for the API's own code
	Message string `yaml:"message"` // expression for what it says
	Columns string `yaml:"columns"` // expression for the field, or fields, that it names

	Success   []Condition `yaml:"success"`
	Duplicate []Condition `yaml:"duplicate"` // a record that holds a unique value already
	Rejected  []Condition `yaml:"rejected"`
	Gone      []Condition `yaml:"gone"`      // there is no such record
	Conflict  []Condition `yaml:"conflict"`  // it is not any more what it was
	Throttled []Condition `yaml:"throttled"` // refused for now, not carried out
	Denied    []Condition `yaml:"denied"`
	Oversize  []Condition `yaml:"oversize"`
	Unknown   []Condition `yaml:"unknown"`

	// Codes gives the API's codes our names.
	Codes Names `yaml:"names"`
}

// Condition holds when all holds that it says.
type Condition struct {
	Status []Range `yaml:"status"`
	Codes  []Range `yaml:"codes"`
	When   string  `yaml:"when"` // expression
}

// Coded names a range of the API's codes.
type Coded struct {
	Codes Range
	As    record.Code
}

// Keys are expressions for the columns of a new key, over `result`, `body`,
// `headers` and `index`. The empty name stands for the only column.
type Keys map[string]string
