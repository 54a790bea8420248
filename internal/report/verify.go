package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// FileFault is a place of a report's file that is not what it was.
type FileFault struct {
	Part    string `json:"part"`              // page, data or hash
	Section string `json:"section,omitempty"` // of the page, or the path in the data
	Offset  int    `json:"offset"`            // in bytes from the file's start; -1 where it cannot be known
	Line    int    `json:"line,omitempty"`
	Text    string `json:"text"`
}

// String is the fault in a line.
func (f FileFault) String() string {
	text := "report, " + f.Part
	if f.Section != "" {
		text += " " + f.Section
	}
	if f.Offset >= 0 {
		text += fmt.Sprintf(", byte %d (line %d)", f.Offset, f.Line)
	}
	return text + ": " + f.Text
}

// placesTold is how many places of a file are listed; a file that changed in
// more of them is another file.
const placesTold = 20

// fileCheck reads a report's file and finds what changed in it.
type fileCheck struct {
	text    []byte
	program string
	faults  []FileFault
}

func (c *fileCheck) fault(part, section string, offset int, text string) {
	f := FileFault{Part: part, Section: section, Offset: offset, Text: text}
	if offset >= 0 {
		f.Line = 1 + bytes.Count(c.text[:min(offset, len(c.text))], []byte("\n"))
	}
	c.faults = append(c.faults, f)
}

// ReadAccount reads a report, HTML or JSON, recomputes its hashes, draws the
// page again from the data, and lists every place that is not what it was. The
// account is nil when the data cannot be read. program is the name and version of
// the one that reads: a page that another one drew may look otherwise, and is
// held to its own hash alone when it does.
func ReadAccount(text []byte, program string) (*Account, []FileFault) {
	c := &fileCheck{text: text, program: program}
	_, endsAsData := integrityPlace(text)
	if start := bytes.TrimLeft(text[:min(len(text), 16)], " \t\r\n"); endsAsData || bytes.HasPrefix(start, []byte("{")) {
		a := c.data(text, 0)
		if a == nil && len(c.faults) == 0 {
			c.fault("data", "", -1, "this is no report: it has no data with hashes of itself")
		}
		return a, c.faults
	}
	return c.page(), c.faults
}

// page checks an HTML report.
func (c *fileCheck) page() *Account {
	one, found := c.pageHash()
	opens := bytes.Index(c.text, []byte(dataOpens))
	closes := bytes.LastIndex(c.text, []byte(dataCloses))
	if opens < 0 || closes < opens {
		switch {
		case found:
			c.fault(c.partAt(one), c.sectionAt(one), one, "one byte is not what it was")
		default:
			c.fault("page", "", -1, "the report's data is not where it belongs: the file is damaged, or no report of Landfall")
		}
		return nil
	}
	start := opens + len(dataOpens)
	before := len(c.faults)
	a := c.data(append(bytes.Clone(c.text[start:closes]), '\n'), start)
	if len(c.faults) > before || a == nil {
		return a
	}
	drawn, err := a.Page()
	switch {
	case err != nil:
		c.fault("page", "", -1, err.Error())
	case bytes.Equal(drawn, c.text):
		c.faults = nil
	case a.Layout == layout && a.Program == c.program:
		c.faults = c.faults[:0] // what follows is exact
		c.compare(drawn)
	case found:
		c.fault(c.partAt(one), c.sectionAt(one), one, "one byte is not what it was")
	}
	return a
}

// pageHash checks the hash that ends the file, and finds the one byte that
// changed.
func (c *fileCheck) pageHash() (at int, found bool) {
	tail := len(hashOpens) + 64 + len(hashMiddle) + 32 + len(hashCloses)
	if len(c.text) < tail {
		c.fault("hash", "", -1, "the file is too short for a report")
		return 0, false
	}
	end := len(c.text) - tail
	line := string(c.text[end:])
	if !strings.HasPrefix(line, hashOpens) || !strings.HasSuffix(line, hashCloses) || line[len(hashOpens)+64:len(hashOpens)+64+len(hashMiddle)] != hashMiddle {
		c.fault("hash", "", end, "the file does not end with its hash: it was cut short, added to, or changed there")
		return 0, false
	}
	s, sums := sumsOf(c.text[:end]), line[len(hashOpens)+64+len(hashMiddle):len(line)-len(hashCloses)]
	if s.sha256() == line[len(hashOpens):len(hashOpens)+64] && s.sums() == sums {
		return 0, false
	}
	at, found = s.changedAt(sums, end)
	if !found {
		c.fault("hash", "", -1, "the page does not have its hash")
	}
	return at, found
}

// compare lists where the file differs from what its data draws.
func (c *fileCheck) compare(drawn []byte) {
	for at := 0; at < max(len(drawn), len(c.text)); at++ {
		switch {
		case at >= len(drawn):
			c.fault(c.partAt(at), c.sectionAt(at), at, fmt.Sprintf("%d bytes too many", len(c.text)-len(drawn)))
			return
		case at >= len(c.text):
			c.fault(c.partAt(at), c.sectionAt(at), at, fmt.Sprintf("%d bytes are missing", len(drawn)-len(c.text)))
			return
		case c.text[at] == drawn[at]:
			continue
		case len(drawn) != len(c.text):
			c.fault(c.partAt(at), c.sectionAt(at), at, fmt.Sprintf("from here on it is not what the data says, and has %d bytes instead of %d", len(c.text), len(drawn)))
			return
		case len(c.faults) == placesTold:
			c.fault("page", "", -1, "and more places")
			return
		}
		end := at + 1
		for end < len(drawn) && c.text[end] != drawn[end] {
			end++
		}
		what := "is not what the data says"
		if end-at > 1 {
			what = fmt.Sprintf("%d bytes are not what the data says", end-at)
		}
		c.fault(c.partAt(at), c.sectionAt(at), at, what)
		at = end
	}
}

// data checks a JSON report that starts at an offset of the file.
func (c *fileCheck) data(text []byte, offset int) *Account {
	place, whole := integrityPlace(text)
	if !whole {
		c.fault("data", "integrity", offset+len(text), "the data does not end with hashes of itself: it was cut short, added to, or changed there")
		return decodeAccount(text)
	}
	blank := bytes.Clone(text)
	hash, sum := string(text[place.hash:place.hash+64]), string(text[place.sums:place.sums+32])
	zero(blank[place.hash : place.hash+64])
	zero(blank[place.sums : place.sums+32])
	s := sumsOf(blank)
	switch {
	case s.sha256() == hash && s.sums() == sum:
	case s.sha256() == hash:
		c.fault("data", "integrity.sums", offset+place.sums, "is not what the data gives")
	case s.sums() == sum:
		c.fault("data", "integrity.sha256", offset+place.hash, "is not what the data gives")
	default:
		if at, found := s.changedAt(sum, len(text)); found {
			c.fault("data", pathAt(text, at), offset+at, "one byte is not what it was")
		} else {
			c.fault("data", "", -1, "it does not have its hash: more than one byte is not what it was")
		}
	}
	a := decodeAccount(text)
	switch {
	case len(c.faults) > 0:
	case a == nil:
		c.fault("data", "", offset, "this program cannot read it: it is of another version, or no report")
	case a.Layout == layout && a.Program == c.program:
		c.written(a, text, offset)
	}
	return a
}

// written holds the data to the form in which this program writes it: what it
// would not read must not stand there either.
func (c *fileCheck) written(a *Account, text []byte, offset int) {
	again, err := a.JSON()
	if err != nil {
		c.fault("data", "", offset, err.Error())
		return
	}
	if bytes.Equal(again, text) {
		return
	}
	at := 0
	for at < min(len(again), len(text)) && again[at] == text[at] {
		at++
	}
	c.fault("data", pathAt(text, at), offset+at, "is not written as this program writes it")
}

func decodeAccount(text []byte) *Account {
	a := &Account{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if decoder.Decode(a) != nil || a.Format != accountFormat || a.Run.Name == "" {
		return nil
	}
	return a
}

// pathAt names the value of a JSON text that stands at an offset.
func pathAt(text []byte, offset int) string {
	type level struct {
		key   string
		index int
		array bool
	}
	var levels []level
	decoder := json.NewDecoder(bytes.NewReader(text))
	path := func() string {
		var parts []string
		for _, l := range levels {
			switch {
			case l.array && l.index > 0:
				parts = append(parts, fmt.Sprint(l.index))
			case l.key != "":
				parts = append(parts, l.key)
			}
		}
		return strings.Join(parts, ".")
	}
	key := false // the next text is a key
	for {
		token, err := decoder.Token()
		if err != nil {
			return path()
		}
		delimiter, isDelimiter := token.(json.Delim)
		closing := isDelimiter && (delimiter == '}' || delimiter == ']')
		if n := len(levels); n > 0 && !closing {
			top := &levels[n-1]
			switch {
			case top.array:
				top.index++
			case key:
				top.key = fmt.Sprint(token)
			}
		}
		if decoder.InputOffset() > int64(offset) {
			return path()
		}
		switch {
		case isDelimiter && !closing:
			levels = append(levels, level{array: delimiter == '['})
			key = delimiter == '{'
			continue
		case closing:
			levels = levels[:len(levels)-1]
			key = len(levels) > 0 && !levels[len(levels)-1].array
			continue
		}
		key = len(levels) > 0 && !levels[len(levels)-1].array && !key
	}
}

func (c *fileCheck) partAt(at int) string {
	opens := bytes.Index(c.text, []byte(dataOpens))
	closes := bytes.LastIndex(c.text, []byte(dataCloses))
	switch {
	case opens >= 0 && at >= opens+len(dataOpens) && closes > opens && at < closes:
		return "data"
	case at >= len(c.text)-len(hashOpens)-64-len(hashMiddle)-32-len(hashCloses):
		return "hash"
	}
	return "page"
}

// sectionAt names the part of the page that a byte belongs to.
func (c *fileCheck) sectionAt(at int) string {
	before := c.text[:min(at+1, len(c.text))]
	names := []struct{ opens, name string }{{"<head>", "head"}, {"<header id=", "summary"}, {"<footer id=", "foot"}}
	best, name := -1, "head"
	for _, n := range names {
		if i := bytes.LastIndex(before, []byte(n.opens)); i > best {
			best, name = i, n.name
		}
	}
	for _, s := range []string{"balance", "rejections", "totals", "fingerprints", "reconciliation", "followers", "time", "origin", "mapping"} {
		if i := bytes.LastIndex(before, []byte(`<section id="`+s)); i > best {
			best, name = i, s
		}
	}
	return name
}
