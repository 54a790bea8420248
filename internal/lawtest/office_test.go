package lawtest

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"landfall/internal/connector"
	"landfall/internal/officetest"
)

var _ = os.Setenv("OFFICE_TOKEN", officetest.Token)

// officeWorld is a world whose target is an API over HTTP.
func officeWorld(t *testing.T) (*world, *officetest.Office) {
	t.Helper()
	dir, office := t.TempDir(), officetest.New()
	server := httptest.NewServer(office)
	t.Cleanup(server.Close)
	file := filepath.Join(dir, "landfall.books.db")
	if err := connector.MakeBooks(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, dir, "sqlite:"+file, "")
	w.unwatched, w.office = true, server.URL
	return w, office
}

const officeEntities = `  branch:
    from: {file: branches.csv, key: ID}
    to: {table: branch, key: {column: id, new: identity}, match: [code]}
    on_match: update
    fields: {name: Name, code: Code}
  person:
    from: {file: people.csv, key: ID}
    to: {table: person, key: {column: id, new: identity}, match: [email]}
    on_match: update
    fields:
      branch_id: {ref: branch, from: Branch}
      name: Name
      email: Email
      phone: Phone
`

// officeMapping writes the mapping of the office; production is what it says of
// the connection besides.
func (w *world) officeMapping(entities, besides string) {
	w.t.Helper()
	w.file("landfall.yaml", "version: 1\nname: acme\nconnections:\n  goal:\n    url: \""+w.office+"\"\n"+besides+officetest.Settings+"target: goal\nentities:\n"+strings.TrimRight(entities, "\n"))
}

func (w *world) staff() {
	w.t.Helper()
	w.officeMapping(officeEntities, "")
	w.file("branches.csv", "ID,Name,Code", "1,One,B1", "2,Two,B2", "3,Three,B3")
	w.file("people.csv", "ID,Branch,Name,Email,Phone", "1,1,Ada,a@x.org,11", "2,2,Bob,b@x.org,22", "3,3,Cleo,c@x.org,")
}

// everything is all that the office keeps.
func everything(o *officetest.Office) []string {
	return append(o.All("branch"), o.All("person")...)
}

// withoutIDs are records without their keys, which lanes give out in whatever
// order.
func withoutIDs(all []string) []string {
	bare := make([]string, len(all))
	for i, text := range all {
		_, bare[i], _ = strings.Cut(text, " ")
	}
	return bare
}
