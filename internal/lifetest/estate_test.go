package lifetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The estate is a small messy migration: regions (identity keys, from SQLite),
// customers (uuid keys, CSV), orders (natural keys, from SQLite, keys not
// proven) and their lines (identity keys, a source key of two columns, CSV).
// Its three editions are the source when it is first loaded, after people
// worked on it, and after they mended what was rejected.

const (
	regionCount   = 60
	customerCount = 150
	orderCount    = 110
	lineCount     = 130
	batchSize     = "25"
)

// An edition of the source.
type edition int

const (
	firstEdition edition = iota
	workedOn
	mended
	editions
)

// more says whether there are records that the first edition did not have.
func (e edition) more() int { return min(int(e), 1) }

// tables are the target's tables, parents first.
var tables = []string{"regions", "customers", "orders", "lines"}

const mappingText = `version: 1
name: life
connections:
  legacy: {url: "sqlite:legacy.db"}
  crm: {url: "%s", password: "${` + targetSecret + `}"}
source: legacy
target: crm
fingerprint: true
entities:
  region:
    from: {table: Region, key: RegionID}
    to: {table: regions, key: {column: id, new: identity}, match: [code]}
    on_match: update
    fields: {code: Code, name: Name, legacy_id: RegionID}
  customer:
    from: {file: customers.csv, key: CustomerID}
    to: {table: customers, key: {column: id, new: uuid}, match: [email]}
    on_match: link
    fields:
      region_id: {ref: region, from: Region}
      name: Name
      email: {from: Email, do: [trim, lower]}
      balance: Balance
      legacy_id: CustomerID
    totals: ["sum(balance)", "count()"]
  order:
    from: {table: Orders, key: Number}
    to: {table: orders, key: {column: number, new: natural}}
    fields:
      number: Number
      customer_id: {ref: customer, from: Customer}
      placed_on: {from: Placed, date: ["2006-01-02"]}
      total: Total
  line:
    from: {file: lines.csv, delimiter: ";", key: [Order, Line]}
    to: {table: lines, key: {column: id, new: identity}}
    fields:
      order_no: {ref: order, from: Order}
      place: Line
      article: Article
      amount: Amount
    totals: ["sum(amount) by article"]
`

// withNote adds a field to the mapping: its meaning changes.
func withNote(text string) string {
	return strings.Replace(text, "      article: Article\n", "      article: Article\n      note: {const: imported}\n", 1)
}

// schema is the target; identity and the type of uuids are spelled by each
// database. Two rows are there already.
const schema = `
CREATE TABLE regions (id {{identity}}, code varchar(8) NOT NULL UNIQUE, name varchar(20) NOT NULL, legacy_id varchar(20));
CREATE TABLE customers (id {{uuid}} PRIMARY KEY, region_id bigint REFERENCES regions (id), name varchar(40) NOT NULL,
  email varchar(60) UNIQUE, balance numeric(12,2) CHECK (balance >= 0), legacy_id varchar(20));
CREATE TABLE orders (number varchar(20) PRIMARY KEY, customer_id {{uuid}} NOT NULL REFERENCES customers (id), placed_on date, total numeric(12,2));
CREATE TABLE lines (id {{identity}}, order_no varchar(20) NOT NULL REFERENCES orders (number), place integer NOT NULL,
  article varchar(20), amount integer CHECK (amount > 0), note varchar(20), UNIQUE (order_no, place));
INSERT INTO regions (code, name) VALUES ('R03', 'was there before');
INSERT INTO customers (id, name, email) VALUES ('00000000-0000-4000-8000-000000000001', 'was there before', 'c20@example.com')`

// meddling is what people do in the target between the first run and the
// second: edits that the source overtakes (region 5, customer 6), one that it
// does not touch (customer 7), and a row that goes.
const meddling = `
UPDATE regions SET name = 'edited' WHERE legacy_id = '5';
UPDATE customers SET name = 'edited' WHERE legacy_id IN ('6', '7');
DELETE FROM lines WHERE order_no = 'O-0040'`

// legacy is the SQL of the SQLite source.
func legacy(e edition) string {
	var b strings.Builder
	b.WriteString("CREATE TABLE Region (RegionID INTEGER PRIMARY KEY, Code TEXT, Name TEXT);\nCREATE TABLE Orders (Number TEXT, Customer TEXT, Placed TEXT, Total TEXT)")
	for i := 1; i <= regionCount+e.more()*3; i++ {
		code, name := fmt.Sprintf("R%02d", i), fmt.Sprintf("Region %d", i)
		switch {
		case i == 7 && e < mended:
			name = "a name that is too long for its column"
		case i == 11 && e < mended:
			code = "R10"
		case i%5 == 0 && e >= workedOn:
			name += " (new)"
		}
		fmt.Fprintf(&b, ";\nINSERT INTO Region VALUES (%d, '%s', '%s')", i, code, name)
	}
	for i := 1; i <= orderCount+e.more()*4; i++ {
		number, customer, placed, total := fmt.Sprintf("'O-%04d'", i), itoa(i), fmt.Sprintf("2024-03-%02d", 1+i%28), fmt.Sprintf("%d.%02d", i*7, i)
		switch {
		case i == 17 || i == 91:
			number = "NULL"
		case i == 33:
			number = "'O-0032'"
		case i == 50 && e < mended:
			placed = "2024-02-31"
		case i == 71 && e < mended:
			customer = "9999"
		case i%4 == 0 && e >= workedOn:
			total = fmt.Sprintf("%d.50", i*7)
		}
		fmt.Fprintf(&b, ";\nINSERT INTO Orders VALUES (%s, '%s', '%s', '%s')", number, customer, placed, total)
	}
	return b.String()
}

func customers(e edition) string {
	var b strings.Builder
	b.WriteString("CustomerID,Name,Email,Region,Balance\n")
	for i := 1; i <= customerCount+e.more()*5; i++ {
		id, name, email, region, balance := itoa(i), fmt.Sprintf("Customer %d", i), fmt.Sprintf("C%d@example.com ", i), itoa(1+i%30), fmt.Sprintf("%d.%02d", i, i%100)
		switch {
		case i == 9 || i == 83:
			balance = "plenty"
		case i == 30 && e < mended:
			balance = "-1.00" // only the target's own rule knows
		case i == 44:
			id = "43"
		case i == 61 && e < mended:
			email = "c60@example.com"
		case i == 95 && e < mended:
			region = "999"
		case i == 120:
			fmt.Fprintf(&b, "%d,torn\n", i)
			continue
		case i%3 == 0 && e >= workedOn:
			name += ", renamed"
		}
		fmt.Fprintf(&b, "%s,\"%s\",%s,%s,%s\n", id, name, email, region, balance)
	}
	return b.String()
}

func lines(e edition) string {
	var b strings.Builder
	b.WriteString("Order;Line;Article;Amount\n")
	for i := 1; i <= lineCount+e.more()*6; i++ {
		order, amount := fmt.Sprintf("O-%04d", 1+(i-1)/2), itoa(i)
		switch {
		case i == 40 && e < mended:
			amount = "0"
		case i == 77:
			order = "O-7777"
		case i == 101:
			order = "O-0050"
		case i%7 == 0 && e >= workedOn:
			amount = itoa(i + 1000)
		}
		fmt.Fprintf(&b, "%s;%d;\"Article\n%d\";%s\n", order, 1+i%2, i%9, amount)
	}
	return b.String()
}

// lay puts an edition of the source into a folder.
func lay(t testing.TB, e edition, dir string) {
	t.Helper()
	write(t, filepath.Join(dir, "customers.csv"), customers(e))
	write(t, filepath.Join(dir, "lines.csv"), lines(e))
	copyFile(t, legacyFile(t, e), filepath.Join(dir, "legacy.db"))
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	write(t, to, read(t, from))
}
