package lawtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"landfall/internal/connector"
	"landfall/internal/record"
	"landfall/internal/sqldb"
	"landfall/internal/target"
)

// shelf is an API that keeps persons: it gives each a number, and two of one
// email it does not take, whatever their case. What becomes of its calls can be
// disturbed.
type shelf struct {
	mu      sync.Mutex
	last    int64
	persons map[int64]map[string]record.Value
	version map[int64]int
	byEmail map[string]int64

	sent    []string // what was asked to be written, call by call: "create 3", "update 1"
	fetches int
	settled int
	created int // records, ever

	lost func(call int) (before, after bool) // what becomes of writing calls; nil: nothing
	deny atomic.Bool
	// arrives is given what a writing call is to do; where it returns true, the
	// answer is lost, and it does it whenever it likes. May be nil.
	arrives func(call int, carryOut func()) bool
	// twins: two persons may have one email.
	twins bool
	// busy takes no writing calls for now.
	busy bool
	// unsettled: it cannot be asked what became of a call.
	unsettled bool
	// keeps are fields that updates do not reach.
	keeps  map[string]string
	calls  int
	number atomic.Int64
	once   sync.Once
	under  atomic.Int64 // calls that are under way
	most   int64
	second chan struct{} // until it is closed a call that is alone waits for another one; nil: none waits
	mute   func() bool   // while it says yes, no question is answered
}

func newShelf() *shelf {
	return &shelf{persons: map[int64]map[string]record.Value{}, version: map[int64]int{}, byEmail: map[string]int64{}, calls: 1, keeps: map[string]string{}}
}

var shelfTable = &sqldb.Table{
	Name: sqldb.Name{Table: "person"},
	Columns: []sqldb.Column{
		{Name: "id", Type: record.Type{Kind: record.KindInt, Bits: 64, Native: "integer"}, Identity: true},
		{Name: "email", Type: record.Type{Kind: record.KindText, Native: "string", FoldCase: true}, Nullable: true},
		{Name: "name", Type: record.Type{Kind: record.KindText, Native: "string", Length: 20}, Nullable: true},
		{Name: "friend", Type: record.Type{Kind: record.KindInt, Bits: 64, Native: "integer"}, Nullable: true},
	},
	PrimaryKey: []string{"id"},
	Uniques: []sqldb.Unique{
		{Name: "id", Columns: []string{"id"}, Primary: true, Plain: true},
		{Name: "email", Columns: []string{"email"}, Plain: true},
	},
}

func (s *shelf) Identity() string { return "http://shelf.test" }
func (s *shelf) Calls() int       { return s.calls }
func (s *shelf) Close()           {}

func (s *shelf) Observe(func(target.Notice)) {}

func (s *shelf) Ask(context.Context) error {
	if s.deny.Load() {
		return target.ErrDenied
	}
	return nil
}

func (s *shelf) Table(_ context.Context, name string, _ []string) (*sqldb.Table, error) {
	if name != "person" {
		return nil, fmt.Errorf("%w: %s", sqldb.ErrNoTable, name)
	}
	return shelfTable, nil
}

func (s *shelf) Remote(*sqldb.Table, []sqldb.Column) (target.Remote, error) { return persons{s}, nil }

// persons is the shelf's one type of record.
type persons struct{ *shelf }

func (p persons) Abilities() target.Abilities {
	return target.Abilities{Create: true, Update: true, Delete: true, Fetch: true, Match: true, Count: true, Settles: !p.unsettled}
}

func (p persons) Records() int { return 10 }

func (p persons) Count(context.Context) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(len(p.persons)), nil
}

func (p persons) Fetch(_ context.Context, keys [][]record.Value, columns []sqldb.Column) ([]target.Fetched, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fetches += len(keys)
	fetched := make([]target.Fetched, len(keys))
	for i, key := range keys {
		person, there := p.persons[key[0].Int()]
		if !there {
			continue
		}
		values := make([]record.Value, len(columns))
		for n := range columns {
			values[n] = person[columns[n].Name]
		}
		fetched[i] = target.Fetched{Values: values, Version: fmt.Sprint(p.version[key[0].Int()])}
	}
	return fetched, nil
}

func (p persons) Match(_ context.Context, columns []sqldb.Column, tuples [][]record.Value) ([]target.Matched, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	matched := make([]target.Matched, len(tuples))
	for i, tuple := range tuples {
		if strings.HasPrefix(tuple[0].String(), "%") {
			matched[i].Refused = "no such search"
		}
		if id, there := p.byEmail[strings.ToLower(tuple[0].String())]; there && columns[0].Name == "email" {
			matched[i] = target.Matched{Count: 1, Key: []record.Value{record.Int(id)}}
		}
	}
	return matched, nil
}

var errCut = errors.New("the connection was cut")

func (p persons) Send(ctx context.Context, orders []target.Order) ([]target.Outcome, error) {
	outcomes := make([]target.Outcome, len(orders))
	for from := 0; from < len(orders); from += p.Records() {
		if p.deny.Load() {
			return outcomes, target.ErrDenied
		}
		if err := ctx.Err(); err != nil {
			return outcomes, err
		}
		part := orders[from:min(from+p.Records(), len(orders))]
		call := p.number.Add(1)
		if p.busy {
			for n := range part {
				outcomes[from+n] = target.Outcome{Call: call, Message: "come back later"}
			}
			continue
		}
		if p.arrives != nil && p.arrives(int(call), func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			for n := range part {
				p.carryOut(&part[n])
			}
		}) {
			for n := range part {
				outcomes[from+n] = target.Outcome{State: target.Unknown, Code: record.CodeNoAnswer, Message: errCut.Error(), Call: call}
			}
			continue
		}
		before, after := false, false
		if p.lost != nil {
			before, after = p.lost(int(call))
		}
		under := p.under.Add(1)
		p.meet(ctx, under)
		p.mu.Lock()
		p.most = max(p.most, under)
		p.sent = append(p.sent, fmt.Sprintf("%s %d", part[0].Deed, len(part)))
		for n := range part {
			if !before {
				outcomes[from+n] = p.carryOut(&part[n])
			}
			if before || after {
				outcomes[from+n] = target.Outcome{State: target.Unknown, Code: record.CodeNoAnswer, Message: errCut.Error(), Unwritten: nil}
			}
			outcomes[from+n].Call = call
		}
		p.mu.Unlock()
		p.under.Add(-1)
	}
	return outcomes, nil
}

// meet holds the first call until a second one is under way with it, which lanes
// make whatever time they take to come here.
func (p persons) meet(ctx context.Context, under int64) {
	if p.second == nil {
		return
	}
	if under > 1 {
		p.once.Do(func() { close(p.second) })
	}
	select {
	case <-p.second:
	case <-ctx.Done():
	case <-time.After(time.Minute): // nobody came
	}
}

func (p persons) carryOut(order *target.Order) target.Outcome {
	values := map[string]record.Value{}
	for i := range order.Columns {
		values[order.Columns[i].Name] = order.Values[i]
	}
	if values["name"].String() == "refused" {
		return target.Outcome{State: target.Refused, Code: record.CodeCheck, Columns: []string{"name"}, Message: "the name is not allowed"}
	}
	id := p.last + 1
	if order.Deed == target.DeedUpdate {
		id = order.Key[0].Int()
	}
	email, given := values["email"]
	if holder, held := p.byEmail[strings.ToLower(email.String())]; given && !email.IsNull() && held && holder != id && !p.twins {
		return target.Outcome{State: target.Refused, Code: record.CodeUnique, Columns: []string{"email"}, Message: "another person has this email"}
	}
	if order.Deed == target.DeedUpdate {
		person, there := p.persons[id]
		if !there {
			return target.Outcome{State: target.Refused, Code: record.CodeMissing, Message: "no such person"}
		}
		if order.Version != "" && order.Version != fmt.Sprint(p.version[id]) {
			return target.Outcome{State: target.Refused, Code: record.CodeEdited, Message: "it has changed since"}
		}
		delete(p.byEmail, strings.ToLower(person["email"].String()))
		var unwritten []string
		for name, value := range values {
			if why := p.keeps[name]; why != "" && value.String() != person[name].String() {
				unwritten = append(unwritten, name)
				continue
			}
			person[name] = value
		}
		p.byEmail[strings.ToLower(person["email"].String())] = id
		p.version[id]++
		if unwritten != nil {
			return target.Outcome{State: target.Refused, Code: record.CodePartial, Unwritten: unwritten, Message: "these fields are kept"}
		}
		return target.Outcome{State: target.Done}
	}
	p.last, p.created = id, p.created+1
	values["id"] = record.Int(id)
	p.persons[id], p.version[id] = values, 1
	if !email.IsNull() {
		p.byEmail[strings.ToLower(email.String())] = id
	}
	return target.Outcome{State: target.Done, Key: []record.Value{record.Int(id)}}
}

func (p persons) Settle(_ context.Context, orders []target.Order) ([]target.Outcome, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	outcomes := make([]target.Outcome, len(orders))
	for n := range orders {
		order := &orders[n]
		p.settled++
		if p.mute != nil && p.mute() {
			outcomes[n] = target.Outcome{State: target.Unknown, Message: "no answer"}
			continue
		}
		values := map[string]record.Value{}
		for i := range order.Columns {
			values[order.Columns[i].Name] = order.Values[i]
		}
		id, there := int64(0), false
		if order.Deed == target.DeedUpdate {
			id = order.Key[0].Int()
			_, there = p.persons[id]
		} else {
			id, there = p.byEmail[strings.ToLower(values["email"].String())]
		}
		same := there
		for name, value := range values {
			same = same && p.persons[id][name].String() == value.String()
		}
		switch {
		case same:
			outcomes[n] = target.Outcome{State: target.Done, Verified: true, Key: []record.Value{record.Int(id)}}
		case there && order.Deed == target.DeedCreate:
			outcomes[n] = target.Outcome{State: target.Refused, Code: record.CodeUnique, Columns: []string{"email"}, Message: "somebody else has this email"}
		default:
			outcomes[n] = target.Outcome{State: target.Absent, Late: p.twins && order.Deed == target.DeedCreate}
		}
	}
	return outcomes, nil
}

// all are the persons, sorted: "ada@x.org Ada".
func (s *shelf) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, person := range s.persons {
		all = append(all, person["email"].String()+" "+person["name"].String())
	}
	return slices.Sorted(slices.Values(all))
}

// has puts a person there that no run has brought.
func (s *shelf) has(email, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.persons[s.last] = map[string]record.Value{"id": record.Int(s.last), "email": record.Text(email), "name": record.Text(name)}
	s.version[s.last], s.byEmail[strings.ToLower(email)] = 1, s.last
}

// edit is somebody who gives a person another name, and remove one who deletes it.
func (s *shelf) edit(email, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.byEmail[email]
	s.persons[id]["name"] = record.Text(name)
	s.version[id]++
}

func (s *shelf) remove(email string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.persons, s.byEmail[email])
	delete(s.byEmail, email)
}

// takeSent are the calls since it was asked last.
func (s *shelf) takeSent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := s.sent
	s.sent = nil
	return sent
}

// losing loses the answers of some calls, by chance but always the same.
func losing(before, after float64, seed uint64) func(int) (bool, bool) {
	var mu sync.Mutex
	chance := rand.New(rand.NewPCG(seed, 1))
	return func(int) (bool, bool) {
		mu.Lock()
		defer mu.Unlock()
		p := chance.Float64()
		return p < before, p >= before && p < before+after
	}
}

// openAPI opens the world's API in place of one that its mapping names.
func (w *world) openAPI() func(context.Context, string, target.Address) (target.API, error) {
	if w.api == nil {
		return nil
	}
	return func(context.Context, string, target.Address) (target.API, error) { return w.api, nil }
}

// shelfWorld is a world whose target is a shelf.
func shelfWorld(t testing.TB) (*world, *shelf) {
	t.Helper()
	dir, s := t.TempDir(), newShelf()
	file := filepath.Join(dir, "landfall.books.db")
	if err := connector.MakeBooks(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, dir, "sqlite:"+file, "")
	w.api, w.unwatched, w.unplannable = s, true, "no run of an API is foreseen here"
	return w, s
}

// persons writes the mapping of persons; further says more of their entity.
func (w *world) persons(further string) {
	w.t.Helper()
	w.file("landfall.yaml", `version: 1
name: acme
connections:
  goal: {url: "http://shelf.test", kind: shelf}
target: goal
entities:
  person:
    from: {file: person.csv, key: [No]}
    to: {table: person, key: {column: id, new: identity}`+further+`
    fields:
      email: Email
      name: Name
`)
}
