package demo

import "math/bits"

// landing is the order in which the entities land, parents first.
var landing = []string{"branch", "customer", "site", "technician", "job", "invoice"}

// fewest is the smallest demo in which every entity has records to refer to.
const fewest = 50

// world knows everything about every record without holding any: what a record
// looks like follows from the seed, its entity and its place.
type world struct {
	seed uint64

	branches, customers, sites, technicians, jobs, invoices int

	linked []int // customers whose row is in the CRM already
}

func newWorld(seed int64, records int) *world {
	w := &world{seed: uint64(seed)}
	w.branches = min(max(records/2500, 2), len(cities))
	w.technicians = max(records/100, 4)
	w.customers = customersPerGroup * (records / 20)
	w.sites = sitesPerGroup * (records / 20)
	w.jobs = records * 3 / 10
	w.invoices = records - w.branches - w.technicians - w.customers - w.sites - w.jobs
	w.linked = w.chooseLinked()
	return w
}

// Purposes keep the dice of one use apart from those of every other.
const (
	ofBranch uint64 = iota + 1
	ofCustomer
	ofSite
	ofTechnician
	ofJob
	ofInvoice
	ofEmail
	ofParent
)

// dice are deterministic random numbers: splitmix64, written out here so that
// the data stays the same whatever the standard library does.
type dice struct{ state uint64 }

func (w *world) dice(purpose uint64, i int) dice {
	d := dice{w.seed ^ purpose*0x9e3779b97f4a7c15}
	d.state = d.next() ^ uint64(i)
	d.next()
	return d
}

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below yields a number from 0 to n-1.
func (d *dice) below(n int) int {
	high, _ := bits.Mul64(d.next(), uint64(n))
	return int(high)
}

// percent is true in p of a hundred throws.
func (d *dice) percent(p int) bool { return d.below(100) < p }

func (d *dice) pick(words []string) string { return words[d.below(len(words))] }
