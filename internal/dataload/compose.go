package dataload

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"landfall/internal/connector/identitycloud"
)

// What the service bears: how long it works on a call, and how many values are
// looked for in one. Its own time-out should reach us, so we wait a little longer.
const (
	longestTimeout = time.Minute
	waitBeyond     = 5 * time.Second
	mostSearched   = 100
)

// connectionName is what the composed mapping calls the API.
const connectionName = "identity_cloud"

var notInEntityName = regexp.MustCompile(`[^a-z0-9_]+`)

// entity is what the composed mapping calls the records.
func (o *Options) entity() string {
	name := notInEntityName.ReplaceAllString(strings.ToLower(o.Type), "_")
	if name[0] < 'a' || name[0] > 'z' {
		name = "type_" + strings.TrimLeft(name, "_")
	}
	return name
}

// compose says in a mapping what flags and header come to. It holds no secret:
// id and secret are references, which the command resolves from wherever they
// are, and other commands from the vendor's variables. How gently the API is
// called and how long its silence is put up with is no part of what a mapping
// means, so a run that was broken off may go on with others.
func (o *Options) compose(in *input, uri string) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Written by `landfall dataload` for its last run; the next one writes it anew.")
	line("version: 1")
	line("name: %s", o.migration())
	line("connections:")
	line("  %s:", connectionName)
	line("    kind: identitycloud")
	line("    url: %s", quoted(uri))
	line("    auth: {signature: {client_id: %s, client_secret: %s}}", quoted("${"+variableID+"}"), quoted("${"+variableSecret+"}"))
	line("    books: %s", quoted(o.migration()+".books.db"))
	line("    limits: {%s}", o.limits())
	line("    timeout: %s", min(o.Timeout, longestTimeout))
	line("    records: %d", o.Batch)
	line("    find: %d", min(o.Batch, mostSearched))
	o.composeAnswers(line)
	o.composeTypes(in, line)
	line("target: %s", connectionName)
	line("entities:")
	line("  %s:", o.entity())
	line("    from: {%s}", o.from(in))
	if o.Delta {
		line("    to: {table: %s, key: {column: uuid, new: identity}, match: [%s], verify: true}", quoted(o.Type), quoted(o.PrimaryKey))
		line("    on_match: update")
		if o.Edited != "" {
			line("    edited: %s", o.Edited)
		}
	} else {
		// What exists is refused by the service, at no cost: no look-up goes before.
		line("    to: {table: %s, key: {column: uuid, new: identity}}", quoted(o.Type))
	}
	// A user who is gone from the service is a user to be created.
	line("    missing: recreate")
	if policy := o.duplicates(); policy != "" {
		line("    repeats: %s", policy)
	}
	if o.NullClears {
		line("    \"null\": clear")
	}
	line("    fields:")
	for _, column := range in.columns {
		if column != columnUpdated {
			line("      %s: %s", quoted(column), o.field(column))
		}
	}
	if slices.Contains(in.columns, columnUpdated) {
		line("    ignore: {%s: the service keeps it}", columnUpdated)
	}
	return []byte(b.String())
}

// limits are the vendor's -r, -w and -o.
func (o *Options) limits() string {
	rate := "none"
	if o.Rate > 0 {
		rate = strconv.FormatFloat(o.Rate, 'f', -1, 64)
	}
	return fmt.Sprintf("rate: %s, burst: 1, calls: %d, timeout: %s, patience: %s", rate, o.Workers, o.Timeout+waitBeyond, o.patience())
}

func (o *Options) patience() time.Duration { return cmp.Or(o.Patience, DefaultPatience) }

func (o *Options) from(in *input) string {
	from := []string{"file: " + quoted(in.path), "key: " + quoted(o.PrimaryKey)}
	if o.foldsCase() {
		from = append(from, "fold: [case]")
	}
	if o.StartAt > 1 {
		from = append(from, "skip: "+strconv.FormatInt(o.StartAt-1, 10))
	}
	return strings.Join(from, ", ")
}

// foldsCase: the service takes e-mail addresses that differ in case alone for
// one. Of other attributes only its schema knows, so they are taken as they are.
func (o *Options) foldsCase() bool { return o.PrimaryKey == DefaultKey }

// field says how a column goes into the attribute of its name.
func (o *Options) field(column string) string {
	said := []string{"from: " + quoted(column)}
	if rule := identitycloud.RuleOf(column); rule.Field != "" {
		said = append(said, rule.Field)
	}
	switch {
	case column == columnCreated:
		said = append(said, "on: create")
	case o.OverwritePasswords && isPassword(column):
		said = append(said, "on: always")
	}
	if len(said) == 1 {
		return quoted(column)
	}
	return "{" + strings.Join(said, ", ") + "}"
}

// composeTypes declares the attributes that are more than text.
func (o *Options) composeTypes(in *input, line func(string, ...any)) {
	line("    types:")
	line("      %s:", quoted(o.Type))
	line("        attributes:")
	for _, column := range in.columns {
		declared := identitycloud.RuleOf(column).Attribute
		switch unique := column == o.PrimaryKey || slices.Contains(o.Unique, column); {
		case unique && column != DefaultKey:
			declared = "{unique: true, case_sensitive: true}"
		case !unique && column == DefaultKey:
			declared = "" // whether it is unique in a type with another key, its schema knows
		}
		if declared != "" {
			line("          %s: %s", quoted(column), declared)
		}
	}
}

// isPassword goes by the attribute's own name, as the service's schemas do.
func isPassword(column string) bool {
	return column == "password" || strings.HasSuffix(column, ".password")
}

// quoted is a text in the mapping, whatever is in it.
func quoted(text string) string {
	out, _ := json.Marshal(text) // texts always marshal, and YAML reads them
	return string(out)
}

func (o *Options) composeAnswers(line func(string, ...any)) {
	if o.Marker != "" {
		line("    marker: %s", quoted(o.Marker))
	}
	if len(o.RetryCodes)+len(o.RetryStatuses) == 0 {
		return
	}
	line("    unknown: {codes: %s, statuses: %s}", numbers(o.RetryCodes), numbers(o.RetryStatuses))
}

func numbers(list []int) string {
	list = slices.Clone(list)
	slices.Sort(list)
	out, _ := json.Marshal(slices.Compact(list))
	if list == nil {
		return "[]"
	}
	return string(out)
}
