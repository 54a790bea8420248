package sqlite

import (
	"strings"

	"landfall/internal/sqldb"
)

// readChecks finds the CHECK rules in the text of CREATE TABLE: no pragma tells
// them. A rule is known by its name or, like in SQLite's own messages, by its
// text when it has none.
func readChecks(table *sqldb.Table, sql string) {
	tokens := tokenize(sql)
	for i := 0; i+1 < len(tokens); i++ {
		if !tokens[i].is("CHECK") || tokens[i+1].text != "(" {
			continue
		}
		end := closing(tokens, i+1)
		if end < 0 {
			return
		}
		check := sqldb.Check{Expression: strings.TrimSpace(sql[tokens[i+1].end:tokens[end].start])}
		check.Name = check.Expression
		if i >= 2 && tokens[i-2].is("CONSTRAINT") {
			check.Name = tokens[i-1].name()
		}
		check.Columns = columnsIn(table, tokens[i+2:end])
		table.Checks = append(table.Checks, check)
		i = end
	}
}

// columnsIn lists the table's columns that the tokens name, in the table's order.
func columnsIn(table *sqldb.Table, tokens []token) []string {
	named := map[string]bool{}
	for i, t := range tokens {
		if t.identifier && (i+1 == len(tokens) || tokens[i+1].text != "(") { // a function's name is no column
			named[strings.ToLower(t.name())] = true
		}
	}
	var columns []string
	for _, column := range table.Columns {
		if named[strings.ToLower(column.Name)] {
			columns = append(columns, column.Name)
		}
	}
	return columns
}

// closing finds the bracket that closes the one at open.
func closing(tokens []token, open int) int {
	depth := 0
	for i := open; i < len(tokens); i++ {
		switch tokens[i].text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// token is a word, a quoted name or a single other character of SQL. Strings
// and comments are none: nothing in them is a name.
type token struct {
	text       string
	start, end int
	identifier bool
}

func (t token) is(keyword string) bool { return strings.EqualFold(t.text, keyword) }

// name is an identifier without its quotes.
func (t token) name() string {
	if len(t.text) < 2 {
		return t.text
	}
	switch t.text[0] {
	case '"', '`':
		quote := t.text[:1]
		return strings.ReplaceAll(t.text[1:len(t.text)-1], quote+quote, quote)
	case '[':
		return t.text[1 : len(t.text)-1]
	}
	return t.text
}

func tokenize(sql string) []token {
	var tokens []token
	for at := 0; at < len(sql); {
		end := at + 1
		switch c := sql[at]; {
		case strings.HasPrefix(sql[at:], "--"):
			end = at + cut(sql[at:], "\n", 2)
		case strings.HasPrefix(sql[at:], "/*"):
			end = at + cut(sql[at:], "*/", 2)
		case c == '\'':
			end = at + quotedEnd(sql[at:], c)
		case c == '"' || c == '`':
			end = at + quotedEnd(sql[at:], c)
			tokens = append(tokens, token{text: sql[at:end], start: at, end: end, identifier: true})
		case c == '[':
			end = at + cut(sql[at:], "]", 1)
			tokens = append(tokens, token{text: sql[at:end], start: at, end: end, identifier: true})
		case wordByte(c):
			for end < len(sql) && wordByte(sql[end]) {
				end++
			}
			tokens = append(tokens, token{text: sql[at:end], start: at, end: end, identifier: c < '0' || c > '9'})
		case c > ' ':
			tokens = append(tokens, token{text: sql[at:end], start: at, end: end})
		}
		at = end
	}
	return tokens
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// cut is the length up to and with the mark, looked for behind from bytes.
func cut(sql, mark string, from int) int {
	if at := strings.Index(sql[from:], mark); at >= 0 {
		return from + at + len(mark)
	}
	return len(sql)
}

// quotedEnd is the length of a quoted text, in which the quote is doubled.
func quotedEnd(sql string, quote byte) int {
	for i := 1; i < len(sql); i++ {
		if sql[i] != quote {
			continue
		}
		if i+1 < len(sql) && sql[i+1] == quote {
			i++
			continue
		}
		return i + 1
	}
	return len(sql)
}
