package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
)

func memberMail(n int) string { return fmt.Sprintf("member%d@example.org", n) }

// memberJSON is a member as the API takes it.
func memberJSON(n int, city string) []byte {
	return fmt.Appendf(nil, `{"email":"%s","givenName":"Given %d","familyName":"Family %d","birthday":"%s","gender":"other","externalId":"M-%d","primaryAddress":{"address1":"%d Long Street","city":"%s","zip":"%05d","country":"DE"},"loyalty":{"id":"L%d"},"optIn":{"status":%t}}`,
		memberMail(n), n%977, n%1009, memberBorn(n), n, n%200, city, n%100_000, n, n%3 == 0)
}

func memberBorn(n int) string { return fmt.Sprintf("%d-%02d-%02d", 1940+n%60, 1+n%12, 1+n%28) }

// writeMembers writes the same members as a customer delivers them.
func (g *apiGround) writeMembers(city string) error {
	file, err := os.Create(filepath.Join(g.dir, "members.csv"))
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	fmt.Fprintln(out, "ID,Mail,First,Last,Born,Gender,Street,City,Zip,Country,Card,News")
	for n := 1; n <= g.rows; n++ {
		fmt.Fprintf(out, "M-%d,%s,Given %d,Family %d,%s,other,%d Long Street,%s,%05d,DE,L%d,%t\n",
			n, memberMail(n), n%977, n%1009, memberBorn(n), n%200, city, n%100_000, n, n%3 == 0)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
}

// apiMapping lands members in the API, with no limit but that of calls at a time.
const apiMapping = `version: 1
name: members
connections:
  cloud:
    kind: identitycloud
    url: "${CLOUD_URL}"
    auth: {basic: {client_id: emulated, client_secret: "${CLOUD_SECRET}"}}
    limits: {rate: none, calls: 4}
    find: 100
    types:
      user:
        attributes:
          email: {unique: true, required: true, length: 256}
          loyalty.id: {unique: true, case_sensitive: true, length: 64}
          birthday: date
          optIn.status: boolean
target: cloud
entities:
  member:
    from: {file: members.csv, key: ID}
    to: {table: user, key: {column: uuid, new: identity}, match: [email]}
    on_match: update
    fields:
      email: Mail
      givenName: First
      familyName: Last
      birthday: Born
      gender: Gender
      externalId: ID
      primaryAddress.address1: Street
      primaryAddress.city: City
      primaryAddress.zip: Zip
      primaryAddress.country: Country
      loyalty.id: Card
      optIn.status: News
`
