package cloudemulator

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The bounds of entity.find.
const (
	defaultResults = 100
	mostResults    = 10000
)

// search is what entity.find is asked.
type search struct {
	filter     condition
	sort       []sortKey // empty: by id
	first, max int
	total      bool // count all matches, also those behind the last result
}

type sortKey struct {
	subject    subject
	descending bool
}

// find returns matching records and, when it is asked for, the number of all
// matches.
func (s *store) find(q search) (found []*candidate, total int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	byID := len(q.sort) == 0 || q.sort[0].subject.path == "id"
	if !byID {
		for c := range s.matching(q.filter, false) {
			found = append(found, c)
		}
		slices.SortStableFunc(found, q.compare)
		total = len(found)
		found = found[min(q.first, total):]
		return found[:min(q.max, len(found))], total
	}
	for c := range s.matching(q.filter, len(q.sort) > 0 && q.sort[0].descending) {
		if total++; total > q.first && len(found) < q.max {
			found = append(found, c)
		}
		if len(found) == q.max && !q.total {
			break
		}
	}
	return found, total
}

// count counts matching records.
func (s *store) count(filter condition) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if filter == nil {
		return s.live
	}
	total := 0
	for range s.matching(filter, false) {
		total++
	}
	return total
}

// matching goes through matching records by their ids.
func (s *store) matching(filter condition, descending bool) iter.Seq[*candidate] {
	return func(yield func(*candidate) bool) {
		for place, sure := range s.candidates(filter, descending) {
			c := &candidate{place: place, slot: s.slots[place]}
			if c.slot.attributes == nil || !sure && !filter.matches(c) {
				continue
			}
			if !yield(c) {
				return
			}
		}
	}
}

// candidates goes through places of records that may match, and tells whether
// they surely do.
func (s *store) candidates(filter condition, descending bool) iter.Seq2[uint32, bool] {
	var indexed lookUp
	from, to, sure := int64(1), int64(len(s.slots)), filter == nil
	if filter != nil {
		var ok bool
		if indexed, ok = s.lookUp(filter); ok {
			from, to, sure = 1, int64(len(indexed.places)), indexed.exact
		} else {
			lowest, highest := idRange(filter)
			from, to = lowest, min(highest, to)
		}
	}
	return func(yield func(uint32, bool) bool) {
		for step := range max(to-from+1, 0) {
			at := from + step - 1
			if descending {
				at = to - step - 1
			}
			place := uint32(at)
			if indexed.places != nil {
				place = indexed.places[at]
			}
			if !yield(place, sure) {
				return
			}
		}
	}
}

func (q search) compare(a, b *candidate) int {
	for _, key := range q.sort {
		order := key.compare(a, b)
		if key.descending {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Compare(a.place, b.place)
}

// compare orders two records by an attribute; null comes last.
func (k sortKey) compare(a, b *candidate) int {
	left, right := firstOf(k.subject.values(a)), firstOf(k.subject.values(b))
	switch {
	case left == nil && right == nil:
		return 0
	case left == nil:
		return 1
	case right == nil:
		return -1
	}
	switch k.subject.attribute.Kind {
	case Integer, Decimal:
		return cmp.Compare(floatOf(left), floatOf(right))
	case Date, DateTime:
		if at, is := left.(time.Time); is {
			return at.Compare(right.(time.Time))
		}
	}
	return strings.Compare(foldValue(k.subject.attribute, left), foldValue(k.subject.attribute, right))
}

func floatOf(value any) float64 {
	number, _ := strconv.ParseFloat(numberText(value), 64) // stored numbers are well-formed
	return number
}

func firstOf(values []any) any {
	if len(values) == 0 {
		return nil
	}
	return values[0]
}
