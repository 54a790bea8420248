package demo

import (
	"fmt"
	"strconv"

	"landfall/internal/record"
)

const siteTable = `CREATE TABLE Site (
  CustomerID INTEGER NOT NULL,
  SiteNo     INTEGER NOT NULL,
  Street1    TEXT,
  Street2    TEXT,
  Postcode   TEXT,
  City       TEXT,
  PRIMARY KEY (CustomerID, SiteNo)
)`

var siteFaults = []fault{missingParent, missingValue, tooLong}

// Every fourth customer has a second site.
const (
	customersPerGroup = 4
	sitesPerGroup     = 5
)

// siteOwner is the place of the site's customer and the site's number there.
func siteOwner(i int) (customer, number int) {
	group, place := i/sitesPerGroup, i%sitesPerGroup
	if place == 0 {
		return customersPerGroup * group, 1
	}
	number = 1
	if place == 1 {
		number = 2
	}
	return customersPerGroup*group + place - 1, number
}

func (w *world) siteFault(i int) fault {
	customer, _ := siteOwner(i)
	if w.customerFault(customer) != sound {
		return parentFailed
	}
	return w.scheduled(ofSite, i, siteFaults)
}

func (w *world) siteRow(i int) ([]any, fault, string) {
	d := w.dice(ofSite, i)
	f := w.siteFault(i)
	place, number := siteOwner(i)
	customer := customerID(place)
	street1 := any(fmt.Sprintf("%s %d", d.pick(streets), 1+d.below(240)))
	street2 := d.pickAny(nil, nil, "", " ", "2nd floor", "Gate B", "c/o "+d.pick(lastNames))
	postcode := d.pickAny(fmt.Sprintf("%04d AB", 1000+d.below(9000)), fmt.Sprintf("%05d", d.below(100_000)), nil)
	switch f {
	case missingParent:
		customer = w.strangerID(i)
	case missingValue:
		street1, street2 = d.pickAny(nil, ""), d.pickAny(nil, " ")
	case tooLong:
		postcode = "see letter of 3 May"
	}
	city := cities[d.below(len(cities))].name
	row := []any{customer, number, street1, street2, postcode, city}
	return row, f, record.JoinKey(strconv.Itoa(customer), strconv.Itoa(number))
}
