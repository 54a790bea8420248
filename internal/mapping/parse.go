package mapping

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

var fileKeys = []string{"version", "name", "connections", "source", "target", "log", "fingerprint", "stop_after", "entities"}

// Parse reads and lints a mapping file. What is wrong in the file is returned
// as Problems, all of them at once; a file that cannot be read is a plain error.
func Parse(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ParseBytes(path, text)
}

// ParseBytes is Parse for text at hand; path serves messages and tells what
// relative paths are relative to.
func ParseBytes(path string, text []byte) (*File, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // Windows editors leave a byte order mark
	doc := newDocument(path, text)
	t := &tree{doc: doc, broken: map[Position]bool{}}
	root := t.read(text)
	if root == nil {
		return nil, t.problems
	}
	r := &reader{doc: doc, dir: filepath.Dir(absolute), problems: t.problems, broken: t.broken}
	doc.secrets = findSecrets(root)
	f := &File{Path: path, Dir: filepath.Dir(absolute), text: doc}
	r.file(f, root)
	sortProblems(r.problems)
	for _, p := range r.problems {
		// Syntax problems were written before the secrets were known.
		if p.File == path {
			p.LineText = ""
			doc.locate(p)
		}
	}
	if err := r.problems.orNil(); err != nil {
		return nil, err
	}
	f.Hash = digest(f.Describe())
	return f, nil
}

func (r *reader) file(f *File, root *Node) {
	if !r.mapping(root, "", fileKeys, laterInFile, false) {
		return
	}
	r.require(root, "", "version", "name", "target", "entities")
	if n := root.get("version"); n != nil {
		text := r.word(n, "version")
		version, err := strconv.Atoi(text)
		if text != "" && (err != nil || version != 1) {
			r.refuse(n.at, "", "version: expected 1, found %q", text)
		}
		f.Version = version
	}
	if n := root.get("name"); n != nil {
		f.Name = r.word(n, "name")
		if f.Name != "" && !migrationName.MatchString(f.Name) {
			r.refuse(n.at, "", "name: expected letters, digits and . _ - only, found %q", f.Name)
		}
	}
	r.connections(f, root.get("connections"))
	f.Source = r.optional(root, "source", "")
	f.Target = r.optional(root, "target", "")
	f.StopAfter = r.stopAfter(root, "")
	r.entities(f, root.get("entities"))
	if r.logFull(root, "") {
		for _, e := range f.Entities {
			e.LogFull = true
		}
	}
	if r.truth(root, "fingerprint", "") {
		for _, e := range f.Entities {
			e.Fingerprint = e.Fingerprint || len(e.at["fingerprint"]) == 0
		}
	}
	lint := &linter{reader: r, file: f, root: root}
	lint.all()
}

func (r *reader) entities(f *File, n *Node) {
	if n == nil {
		return
	}
	if n.kind != nodeMap || len(n.pairs) == 0 {
		r.refuse(n.at, "", "entities: expected a mapping from entity names to entities, found %s", n.what())
		return
	}
	for _, p := range n.pairs {
		f.Entities = append(f.Entities, r.entity(p.key, p.value))
	}
}

// logFull reads `log`, whose only word is full.
func (r *reader) logFull(n *Node, subject string) bool {
	log := n.get("log")
	return log != nil && r.choice(log, prefix(subject)+"log", []string{"full"}, nil) == "full"
}
