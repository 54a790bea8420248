package mapping

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDescribedKeepsPrivacy: what a run's stored mapping says is private is what
// the mapping said, whatever its columns are called and however fields read them.
func TestDescribedKeepsPrivacy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "landfall.yaml")
	text := `version: 1
name: acme
connections: {crm: {url: "sqlite:crm.db"}}
target: crm
entities:
  customer:
    renamed_from: client
    from: {file: customers.csv, key: [No, "Sub no"]}
    to: {table: customers, key: {column: id, new: identity}}
    fields:
      name: {from: ["First name", Last], join: " private", private: true, on: create}
      "e-mail, old": {from: Mail, do: [lower], renamed_from: mail, empty: keep}
      age: {expr: '2026 - int(born)'}
      shown: {const: "private"}
      was: {from: Was, renamed_from: private}
      own: {from: Own, private: true, renamed_from: "his own"}
      no: No
    ignore: {Fax: gone, "Far: away": gone}
    private: [Mail, born]
  phone:
    from: {file: phones.csv, key: Customer, each: {slot: [Phone1, Phone2], value: Number}}
    to: {table: phones, key: {column: id, new: identity}}
    fields: {number: {from: Number, private: true}, slot: slot}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range file.Entities {
		said := Described(file.Describe(), e.Name)
		if said == nil {
			t.Fatalf("%s: the description says nothing of it", e.Name)
		}
		if diff := cmp.Diff(e.Privacy(), said.Privacy()); diff != "" {
			t.Errorf("%s (-mapping +its description):\n%s", e.Name, diff)
		}
		for _, column := range []string{"No", "Sub no", "First name", "Last", "Mail", "born", "Fax", "Far: away", "Own", "Phone1", "Phone2", "Number", "other"} {
			if e.KnowsSource(column) != said.KnowsSource(column) {
				t.Errorf("%s.%s: the mapping knows it: %v, its description: %v", e.Name, column, e.KnowsSource(column), said.KnowsSource(column))
			}
		}
		for _, column := range []string{"name", "e-mail, old", "mail", "his own", "private", "other"} {
			if e.KnowsTarget(column) != said.KnowsTarget(column) {
				t.Errorf("%s: the mapping knows %s: %v", e.Name, column, e.KnowsTarget(column))
			}
		}
	}
	if Described(file.Describe(), "custom") != nil {
		t.Error("an entity that is not there is described")
	}
}
