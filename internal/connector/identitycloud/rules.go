package identitycloud

import "strings"

// Rule is how a column of the service's data files goes into the attribute of its
// name where nobody says otherwise, as text of a mapping file.
type Rule struct {
	// Attribute stands in the connection's types.TYPE.attributes: a name of a type,
	// or more. Empty: the attribute need not be declared.
	Attribute string
	// Field is what a field says beside its column, divided by ", ". Empty: nothing.
	Field string
}

// rules are those of the columns that have one. What none of the words means
// rejects its record.
var rules = map[string]Rule{
	"email":        {Attribute: "{unique: true}"},
	"password":     {Attribute: "password", Field: "do: json_or_text"},
	"birthday":     {Attribute: "date", Field: `date: ["1/2/2006"]`},
	"gender":       {Field: "do: [trim, lower], values: {" + genders + "}"},
	"optIn.status": {Attribute: "boolean", Field: "do: [trim, lower], values: {" + truths + "}"},
	"clients":      {Attribute: "plural"},
}

const (
	genders = `"male": "male", "m": "male", "female": "female", "f": "female", "other": "other", "o": "other", ` +
		`"not specified": "not specified", "ns": "not specified", "na": "not specified", "n/a": "not specified", "": null`
	truths = `"true": "true", "t": "true", "1": "true", "false": "false", "f": "false", "0": "false", "": null`
)

// RuleOf is the rule of a column. A password within an object, and whatever else
// is called password, goes the way of password.
func RuleOf(column string) Rule {
	if strings.HasSuffix(column, ".password") {
		return rules["password"]
	}
	return rules[column]
}
