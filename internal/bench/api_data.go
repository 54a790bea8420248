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

// apiMapping describes the API as it is, with no limit but that of calls at a
// time.
const apiMapping = `version: 1
name: members
connections:
  cloud:
    kind: httpapi
    url: "${CLOUD_URL}"
    auth: {basic: {user: emulated, password: "${CLOUD_SECRET}"}}
    limits: {rate: none, calls: 4}
    answers:
      code: body.code
      message: body.error_description
      throttled: {codes: 510}
      denied: {codes: [402, 403]}
      unknown: {codes: [500, 504]}
      gone: {codes: 310}
      duplicate: {codes: 361}
      rejected: {codes: [100-309, 311-360, 362-379]}
      success: body.stat == "ok"
    types:
      user:
        key: uuid
        fields:
          uuid: {type: uuid, given: true}
          email: {type: text, length: 256, required: true, unique: true, fold_case: true}
          birthday: date
          loyalty.id: {type: text, length: 64, unique: true}
          optIn.status: boolean
          givenName: text
          familyName: text
          gender: text
          externalId: text
          primaryAddress.address1: text
          primaryAddress.city: text
          primaryAddress.zip: text
          primaryAddress.country: text
        create:
          path: /entity.bulkCreate
          form: {type_name: "{type}", all_attributes: "{records}"}
          records: 100
          results:
            at: body.uuid_results
            answers: {code: result.code, message: result.error_description, success: type(result) == "string", duplicate: {codes: 361}, rejected: {codes: 100-399}}
          key: result
        update:
          path: /entity.update
          form: {type_name: "{type}", uuid: "{key}", value: "{record}"}
        find:
          path: /entity.find
          form: {type_name: "{type}", filter: "{filter}", attributes: "{fields}", max_results: "1000"}
          records: 100
          limit: 1000
          fields: [uuid, email]
          found: body.results
          filter: {text: "{field} = '{value}'", escape: {"\\": "\\\\", "'": "\\'"}}
        count: {path: /entity.count, form: {type_name: "{type}"}, method: POST, total: body.total_count}
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
